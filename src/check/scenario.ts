/** Runs one scenario in its process, from the command line to the outcome. */
import { type CheckerRun, findChecker, runChecker } from './checker.js';
import { checkerArguments, checkerFor } from './command-line.js';
import { conclude } from './conclude.js';
import type { CheckAnswer, CheckDefinition, ScenarioMethod } from './definition.js';
import { runtimeOptions, withReports } from './sanitize/runtime.js';
import { underValgrind } from './sanitize/valgrind.js';
import { withScratch } from './scratch.js';
import type { Sanitizer } from './settings.js';
import type { Subject } from './subject.js';

export interface RunScenarioOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** Arguments in addition to the usual ones. */
  readonly args?: readonly string[];
  /** Variables of the environment, besides the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the first report of a sanitizer ends the process. Otherwise it does only if it must. */
  readonly halts?: boolean;
}

/** Runs the scenario of a check. @throws TenonError ERR_TENON_UNSUPPORTED if the checker program does not exist */
export function runScenario(
  check: CheckDefinition,
  method: ScenarioMethod,
  subject: Subject,
): Promise<CheckAnswer> {
  const timeout = subject.settings.timeout ?? method.timeout;
  return withScratch(async (folder) => {
    const { env = {} } = method;
    const run = await startScenario(check, subject, folder, { timeout, env });
    return withReports(conclude(run, method, subject, timeout), run, folder, subject.path);
  });
}

/** Runs the scenario of a check until the first report of a sanitizer, so that the last input is the cause. */
export function tryScenario(
  check: CheckDefinition,
  subject: Subject,
  options: Omit<RunScenarioOptions, 'halts'>,
): Promise<CheckAnswer> {
  return withScratch(async (folder) => {
    const run = await startScenario(check, subject, folder, { ...options, halts: true });
    return withReports(conclude(run, {}, subject, options.timeout), run, folder, subject.path);
  });
}

/** Runs the process of a scenario. Temporary files of the plugin and reports of the sanitizer are in `folder`. */
export function startScenario(
  check: Pick<CheckDefinition, 'id'>,
  subject: Subject,
  folder: string,
  { timeout, args = [], env = {}, halts = false }: RunScenarioOptions,
): Promise<CheckerRun> {
  const { settings } = subject;
  const command: [string, ...string[]] = [checkerFor(settings), ...checkerArguments(check, subject), ...args];
  const [program, ...rest] = wrapped(command, settings.sanitize, folder, halts);
  const runtime = settings.sanitize === undefined ? {} : runtimeOptions(folder, halts);
  return runChecker({
    program,
    args: rest,
    timeout,
    env: { TMPDIR: folder, ...runtime, ...env },
    signal: settings.signal,
  });
}

/** Returns the command that runs the checker in the way that a sanitizer needs. */
function wrapped(
  command: readonly [string, ...string[]],
  sanitizer: Sanitizer | undefined,
  folder: string,
  halts: boolean,
): readonly [string, ...string[]] {
  if (sanitizer === 'valgrind') return underValgrind(command, folder, halts);
  return sanitizer === 'thread' ? atFixedAddresses(command) : command;
}

/** Disables address randomisation: ThreadSanitizer does not start with the default of newer systems. */
function atFixedAddresses(command: readonly string[]): [string, ...string[]] {
  return [findChecker(), '--fixed-addresses', ...command];
}
