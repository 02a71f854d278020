/** What goes wrong around calls of a process, as errors. What goes wrong within them is `status.ts`'s. */
import { TenonError, type TenonErrorCode } from '../../base/errors.js';
import { GATES, type Gate } from '../../base/gates.js';
import { BUILD_COMMAND } from '../../base/package.js';
import { isRefusalCode, refusal, STAGES, type Stage } from '../../library/refusal.js';
import { type CallSite, callFailure } from '../status.js';
import type { RunnerCall, RunnerExit, RunnerSettings } from './settings.js';

/** How a process ended, as the end of a sentence. */
export function howEnded({ reason, code, signal, problem }: RunnerExit): string {
  switch (reason) {
    case 'stopped':
      return 'was stopped';
    case 'exited':
      return `exited with ${code ?? 'an unknown code'}`;
    case 'crashed':
      return `was ended by ${signal ?? 'a signal'}`;
    case 'timeout':
      return 'was killed, because a call passed its timeout';
    case 'protocol':
      return `was ended, because it broke the protocol: ${problem ?? 'what it wrote made no sense'}`;
    case 'killed':
      return 'was killed';
  }
}

/** Errors of calls that had to wait, and of which the process has never heard. */
const unsent = new WeakSet<TenonError>();

/** Whether a call can be made once more without having been made twice. */
export function wasNeverSent(error: unknown): boolean {
  return error instanceof TenonError && unsent.has(error);
}

/** For a call that the process did not answer, or that came after its end. `sent`: it may have come to the plugin. */
export function crashed(site: CallSite, exit: RunnerExit, sent = true): TenonError {
  const culprit =
    exit.call === null || exit.reason === 'protocol' ? '' : ` in ${exit.call.method}${inputOf(exit.call)}`;
  const message =
    `Cannot finish ${site.method} of plugin ${site.plugin}: its process (generation ${exit.generation}) ${howEnded(exit)}${culprit}. ` +
    'The host is unharmed. Call an instance of a newer generation.';
  const error = new TenonError('ERR_TENON_CRASHED', message, {
    path: site.path,
    plugin: site.plugin,
    signal: exit.signal ?? undefined,
    stderr: exit.stderr === '' ? undefined : exit.stderr,
    cause: exit,
  });
  if (!sent) unsent.add(error);
  else site.tally.failures += 1;
  return error;
}

function inputOf({ number, inputSize, message }: RunnerCall): string {
  if (number === 0) return '';
  const which = message === null ? '' : `, message ${message} of a batch`;
  return ` (call ${number}, ${inputSize} bytes${which})`;
}

export function timedOut(site: CallSite, timeout: number): TenonError {
  const { method, plugin, path, tally } = site;
  tally.failures += 1;
  return new TenonError(
    'ERR_TENON_TIMEOUT',
    `${method} of plugin ${plugin} did not come back within ${timeout} ms. Its process was killed, and with it all instances of this generation. Repair the plugin, or give it a longer timeout.`,
    { plugin, path },
  );
}

/** A call that had to wait for others, and never was sent. */
export function waitedTooLong(site: CallSite, timeout: number): TenonError {
  const { method, plugin, path, tally } = site;
  tally.failures += 1;
  return new TenonError(
    'ERR_TENON_TIMEOUT',
    `${method} of plugin ${plugin} waited ${timeout} ms for other calls and was not sent. Send fewer at a time, or give it a longer timeout.`,
    { plugin, path },
  );
}

export function busy(site: CallSite, maxInFlight: number): TenonError {
  const { method, plugin, path, tally } = site;
  tally.failures += 1;
  return new TenonError(
    'ERR_TENON_CALL_FAILED',
    `${method} of plugin ${plugin} failed with TENON_BUSY: ${maxInFlight} calls are on their way already. Await some of them first, or load the plugin with whenFull: 'wait'.`,
    { plugin, path, status: 'TENON_BUSY' },
  );
}

export function closed(site: CallSite): TenonError {
  return callFailure({ outcome: -1, detail: 0, text: '' }, site);
}

/** `methods`: how many of the kind there are. */
export function missingKind(kind: string, slot: number, methods: number, site: CallSite): TenonError {
  const { plugin, path } = site;
  const missing =
    methods === 0
      ? `does not offer the kind '${kind}'`
      : `has ${methods} methods of the kind '${kind}', and none in slot ${slot}`;
  const message = `Plugin ${plugin} ${missing}. Ask for a kind that its manifest names, or use a newer build of it.`;
  return new TenonError('ERR_TENON_MISSING_KIND', message, { plugin, path });
}

/** `text` is the runner's: a code, then on the next line what is wrong, which names the kind but not the plugin. */
export function badTable(text: string, site: CallSite): TenonError {
  const { plugin, path } = site;
  const end = text.indexOf('\n');
  const code =
    text.slice(0, end) === 'ERR_TENON_BAD_POINTER' ? 'ERR_TENON_BAD_POINTER' : 'ERR_TENON_BAD_VTABLE';
  const message = `${text.slice(end + 1).replace("' ", `' of plugin ${plugin} `)}. Fix the plugin.`;
  return new TenonError(code, message, { plugin, path });
}

/** What a runner says that did not let its plugin in: a code, then on the next line why. Null if it is nothing of the kind. */
export function refused(settings: RunnerSettings, gate: string, text: string): TenonError | null {
  const { shown, plugin, file } = settings;
  const end = text.indexOf('\n');
  const code = text.slice(0, end);
  const problem = text.slice(end + 1).replaceAll(file, shown);
  const found = STAGES.find((name): name is Stage => name === gate) ?? 'open';
  if (isRefusalCode(code)) return refusal(code, found, shown, problem).with({ plugin });
  const other: TenonErrorCode = 'ERR_TENON_VERSION_MISMATCH';
  if (code !== other) return null;
  return new TenonError(other, `Cannot load ${shown}: ${problem}. Load it again.`, {
    path: shown,
    plugin,
    gate: found,
  });
}

/** The process ended before it was ready. */
export function endedEarly(settings: RunnerSettings, exit: RunnerExit): TenonError {
  const { shown, plugin } = settings;
  const lines = exit.stderr.trimEnd().split('\n');
  const said = (line = '') => (line === '' ? '' : ` after it wrote ${JSON.stringify(line)}`);
  const details = {
    path: shown,
    plugin,
    signal: exit.signal ?? undefined,
    stdout: exit.stdout || undefined,
    stderr: exit.stderr || undefined,
    cause: exit,
  };
  if (exit.call === null && exit.reason === 'exited') {
    const message = `Cannot run ${shown} in a process of its own: the runner exited with ${exit.code}${said(lines[0])}. Build it again with ${BUILD_COMMAND}.`;
    return new TenonError('ERR_TENON_UNSUPPORTED', message, details);
  }
  const where = exit.call === null ? '' : ` in ${exit.call.method}`;
  return new TenonError(
    'ERR_TENON_CRASHED',
    `Cannot start plugin ${plugin} (${shown}): its process ${howEnded(exit)}${where}${said(lines.at(-1))}. The host is unharmed. Repair the plugin.`,
    { ...details, gate: gateOf(exit.call?.stage) },
  );
}

export function startedTooSlowly(settings: RunnerSettings, stage: string | null): TenonError {
  const { shown, plugin, startTimeout } = settings;
  const where = stage === null ? '' : ` (gate ${stage})`;
  return new TenonError(
    'ERR_TENON_TIMEOUT',
    `Cannot start plugin ${plugin} (${shown}): its process was not ready within ${startTimeout} ms${where} and was killed. Repair the plugin, or give it a longer startTimeout.`,
    { path: shown, plugin, gate: gateOf(stage) },
  );
}

export function notStarted(settings: RunnerSettings, program: string, cause: Error): TenonError {
  return new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot run ${settings.shown} in a process of its own: ${program} could not be started: ${cause.message}.`,
    { path: settings.shown, plugin: settings.plugin, cause },
  );
}

/** The gate of a stage that is one; the others are calls. */
function gateOf(stage: string | null | undefined): Gate | undefined {
  return GATES.find((gate) => gate === stage);
}
