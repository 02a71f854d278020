/** One scenario in its process, from the command line to what it came to. */
import { type CheckerRun, runChecker } from './checker.js';
import { checkerArguments, checkerFor } from './command-line.js';
import { conclude } from './conclude.js';
import type { Answer, CheckDefinition, ScenarioMethod } from './definition.js';
import { withScratch } from './scratch.js';
import type { Subject } from './subject.js';

export interface RunScenarioOptions {
  /** Milliseconds. */
  readonly deadline: number;
  /** Beside the usual ones. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** @throws TenonError ERR_TENON_UNSUPPORTED if there is no checker program */
export function runScenario(
  check: CheckDefinition,
  method: ScenarioMethod,
  subject: Subject,
): Promise<Answer> {
  const deadline = subject.settings.timeout ?? method.deadline;
  return withScratch(async (folder) => {
    const run = await startScenario(check, subject, folder, { deadline });
    return conclude(run, method, subject, deadline);
  });
}

/** The process for a scenario; what the plugin makes of temporary files is in `folder`. */
export function startScenario(
  check: CheckDefinition,
  subject: Subject,
  folder: string,
  { deadline, args = [], env }: RunScenarioOptions,
): Promise<CheckerRun> {
  const { settings } = subject;
  return runChecker({
    program: checkerFor(settings),
    args: [...checkerArguments(check, subject), ...args],
    deadline,
    env: { TMPDIR: folder, ...env },
    signal: settings.signal,
  });
}
