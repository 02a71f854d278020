/** What it means when the probing process does not come to a verdict. */
import { TenonError } from '../base/errors.js';
import { BUILD_COMMAND } from '../base/package.js';
import type { Stage } from '../library/refusal.js';
import { quote } from '../library/statements.js';

const WHILE: Record<Stage, string> = {
  open: 'in a constructor, while the library was opened',
  version: 'in get_version',
  name: 'in get_name',
  vtable: 'in get_plugin',
};
const ADVICE = 'This host is unharmed: it was tried in a throwaway process. Repair the plugin.';
/** Exit codes from here on are exceptions of Windows: 0xC0000005 is an access violation. */
const FIRST_EXCEPTION = 0xc0000000;

/** How a process ended; undefined if it did not. */
export type End = { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;

/** The process ended without a verdict. */
export function endedEarly(
  shown: string,
  stage: Stage | null,
  program: string,
  end: End,
  stderr?: string,
): TenonError {
  const { code = null, signal = null } = end ?? {};
  const exception = signal === null && code !== null && code >= FIRST_EXCEPTION;
  const how = signal ?? (exception ? `exception 0x${code.toString(16)}` : `exit code ${code}`);
  if (stage === null) return notStarted(shown, program, new Error(`it ended with ${how}${lastLine(stderr)}`));
  if (signal !== null || exception) {
    return new TenonError(
      'ERR_TENON_PROBE_CRASHED',
      `Cannot load ${shown}: it crashed with ${how} ${WHILE[stage]}${lastLine(stderr)}. ${ADVICE}`,
      { path: shown, gate: 'probe', signal: signal ?? undefined },
    );
  }
  return new TenonError(
    'ERR_TENON_PROBE_EXITED',
    `Cannot load ${shown}: it ended the process with ${how} ${WHILE[stage]}${lastLine(stderr)}. A plugin must never exit, also not with success. ${ADVICE}`,
    { path: shown, gate: 'probe' },
  );
}

/** The process did not come to an end in time. */
export function timedOut(shown: string, stage: Stage | null, timeout: number): TenonError {
  const where = stage === null ? 'before the library was opened' : WHILE[stage];
  return new TenonError(
    'ERR_TENON_PROBE_TIMEOUT',
    `Cannot load ${shown}: it did not come back within ${timeout} ms ${where}. It was ended. Repair the plugin, or give the probe a longer timeout.`,
    { path: shown, gate: 'probe' },
  );
}

/** Something that the plugin wrote stands where only the probe writes: nothing that follows can be trusted. */
export function scribbled(shown: string, stage: Stage | null, line: string): TenonError {
  const where = stage === null ? '' : ` ${WHILE[stage]}`;
  return new TenonError(
    'ERR_TENON_PROBE_CRASHED',
    `Cannot load ${shown}: it wrote ${quote(Buffer.from(line, 'latin1'))} into a file descriptor that it did not open${where}, so the probe was ended. ${ADVICE}`,
    { path: shown, gate: 'probe' },
  );
}

/** The probe itself did not work; the plugin is not to blame. */
export function notStarted(shown: string, program: string, cause: Error): TenonError {
  return new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot probe ${shown}: ${program} could not be used: ${cause.message}. Build it with ${BUILD_COMMAND}, or let TENON_RUNNER name a tenon-runner that works here.`,
    { path: shown, gate: 'probe', cause },
  );
}

/** The last line that the plugin wrote, as a part of a sentence. */
function lastLine(stderr: string | undefined): string {
  const line = stderr?.trimEnd().split('\n').at(-1) ?? '';
  return line === '' ? '' : `, after it wrote ${quote(Buffer.from(line))}`;
}
