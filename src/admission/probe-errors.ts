/** The errors of a probing process that reached no verdict. */
import { TenonError } from '../base/errors.js';
import { BUILD_COMMAND } from '../base/package.js';
import { lackError, lackIn, lackInText } from '../base/resources.js';
import { spawnProblem } from '../base/spawn-problem.js';
import { milliseconds } from '../base/text.js';
import type { Stage } from '../library/refusal.js';
import { quote } from '../library/statements.js';
import { exceptionOf } from '../tiers/process/exceptions.js';

const WHILE: Record<Stage, string> = {
  open: 'in a constructor, while the library was opened',
  version: 'in get_version',
  name: 'in get_name',
  vtable: 'in get_plugin',
};
const ADVICE = 'This host is unharmed, because the plugin ran in a throwaway process. Fix the plugin.';

/** The way in which a process ended; undefined if it did not end. */
export type End = { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;

/** Returns the error for a process that ended without a verdict. */
export function endedEarly(
  shown: string,
  stage: Stage | null,
  program: string,
  end: End,
  stderr?: string,
): TenonError {
  const { code = null, signal = null } = end ?? {};
  const exception = signal === null ? exceptionOf(code) : null;
  const how = signal ?? exception ?? `exit code ${code}`;
  const lack = stage === null && code !== null && code !== 0 ? lackInText(stderr ?? '') : undefined;
  if (lack !== undefined) return lackError(`Cannot probe ${shown}`, lack, { path: shown, gate: 'probe' });
  if (stage === null) return notStarted(shown, program, new Error(`it ended with ${how}${lastLine(stderr)}`));
  if (signal !== null || exception !== null) {
    return new TenonError(
      'ERR_TENON_PROBE_CRASHED',
      `Cannot load ${shown}: it crashed with ${how} ${WHILE[stage]}${lastLine(stderr)}. ${ADVICE}`,
      { path: shown, gate: 'probe', signal: signal ?? undefined },
    );
  }
  return new TenonError(
    'ERR_TENON_PROBE_EXITED',
    `Cannot load ${shown}: it ended the process with ${how} ${WHILE[stage]}${lastLine(stderr)}. A plugin must never exit, even with code 0. ${ADVICE}`,
    { path: shown, gate: 'probe' },
  );
}

/** Returns the error for a process that did not end in time. */
export function timedOut(shown: string, stage: Stage | null, timeout: number): TenonError {
  const where = stage === null ? 'before the library was opened' : WHILE[stage];
  return new TenonError(
    'ERR_TENON_PROBE_TIMEOUT',
    `Cannot load ${shown}: it did not return within ${milliseconds(timeout)} ${where}, so the probe was killed. Fix the plugin, or set a longer timeout for the probe.`,
    { path: shown, gate: 'probe' },
  );
}

/** Returns the error for a plugin that wrote to the probe's channel. No later line can be trusted. */
export function scribbled(shown: string, stage: Stage | null, line: string): TenonError {
  const where = stage === null ? '' : ` ${WHILE[stage]}`;
  return new TenonError(
    'ERR_TENON_PROBE_CRASHED',
    `Cannot load ${shown}: it wrote ${quote(Buffer.from(line, 'latin1'))} to a file descriptor that it did not open${where}, so the probe was killed. ${ADVICE}`,
    { path: shown, gate: 'probe' },
  );
}

/** Returns the error for a probe that failed by itself. The plugin is not at fault. */
export function notStarted(shown: string, program: string, cause: Error, cwd?: string): TenonError {
  const lack = lackIn(cause);
  if (lack !== undefined)
    return lackError(`Cannot probe ${shown}`, lack, { path: shown, gate: 'probe', cause });
  const remedy = `Build it with ${BUILD_COMMAND}, or set TENON_RUNNER to a tenon-runner that works here.`;
  const problem = spawnProblem(cause, { program, cwd }, remedy);
  return new TenonError('ERR_TENON_UNSUPPORTED', `Cannot probe ${shown}: ${problem}`, {
    path: shown,
    gate: 'probe',
    cause,
  });
}

/** Returns the last line that the plugin wrote, as part of a sentence. */
function lastLine(stderr: string | undefined): string {
  const line = stderr?.trimEnd().split('\n').at(-1) ?? '';
  return line === '' ? '' : `, after it wrote ${quote(Buffer.from(line))}`;
}
