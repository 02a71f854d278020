/** Runs one scenario in its process, from the command line to the outcome. */
import { type CheckerRun, findChecker, runChecker } from './checker.js';
import { checkerArguments, checkerFor } from './command-line.js';
import { conclude } from './conclude.js';
import type { CheckAnswer, CheckDefinition, ScenarioMethod } from './definition.js';
import { withScratch } from './scratch.js';
import type { Subject } from './subject.js';

export interface RunScenarioOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** Arguments in addition to the usual ones. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the scenario of a check. @throws TenonError ERR_TENON_UNSUPPORTED if the checker program does not exist */
export function runScenario(
  check: CheckDefinition,
  method: ScenarioMethod,
  subject: Subject,
): Promise<CheckAnswer> {
  const timeout = subject.settings.timeout ?? method.timeout;
  return withScratch(async (folder) => {
    const run = await startScenario(check, subject, folder, { timeout });
    return conclude(run, method, subject, timeout);
  });
}

/** Runs the process of a scenario. Temporary files of the plugin are in `folder`. */
export function startScenario(
  check: CheckDefinition,
  subject: Subject,
  folder: string,
  { timeout, args = [], env }: RunScenarioOptions,
): Promise<CheckerRun> {
  const { settings } = subject;
  const command: [string, ...string[]] = [checkerFor(settings), ...checkerArguments(check, subject), ...args];
  const [program, ...rest] = settings.sanitize === 'thread' ? atFixedAddresses(command) : command;
  return runChecker({
    program,
    args: rest,
    timeout,
    env: { TMPDIR: folder, ...env },
    signal: settings.signal,
  });
}

/** Disables address randomisation: ThreadSanitizer does not start with the default of newer systems. */
function atFixedAddresses(command: readonly string[]): [string, ...string[]] {
  return [findChecker(), '--fixed-addresses', ...command];
}
