/** One scenario in its process, from the command line to what it came to. */
import { type CheckerRun, findChecker, runChecker } from './checker.js';
import { checkerArguments, checkerFor } from './command-line.js';
import { conclude } from './conclude.js';
import type { CheckAnswer, CheckDefinition, ScenarioMethod } from './definition.js';
import { withScratch } from './scratch.js';
import type { Subject } from './subject.js';

export interface RunScenarioOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** Beside the usual ones. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** @throws TenonError ERR_TENON_UNSUPPORTED if there is no checker program */
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

/** The process for a scenario; what the plugin makes of temporary files is in `folder`. */
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

/** ThreadSanitizer does not start where the system chooses addresses as it does by default on newer ones. */
function atFixedAddresses(command: readonly string[]): [string, ...string[]] {
  return [findChecker(), '--fixed-addresses', ...command];
}
