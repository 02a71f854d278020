/** The errors of the process around calls. `status.ts` has the errors of the calls themselves. */
import { TenonError, type TenonErrorCode } from '../../base/errors.js';
import { GATES, type Gate } from '../../base/gates.js';
import { BUILD_COMMAND } from '../../base/package.js';
import { lackError, lackIn, lackInText } from '../../base/resources.js';
import { spawnProblem } from '../../base/spawn-problem.js';
import { milliseconds } from '../../base/text.js';
import { isRefusalCode, refusal, STAGES, type Stage } from '../../library/refusal.js';
import { type CallSite, callFailure } from '../status.js';
import { REQUEST_BYTES } from './protocol.js';
import type { Lateness } from './requests.js';
import type { RunnerCall, RunnerExit, RunnerSettings } from './settings.js';

/** The end of a process that was stopped when its time was up, as the end of a sentence. The plugin is not to blame. */
export const SUSPENDED = 'did not answer in time while something had stopped it (SIGSTOP or a debugger)';

/** Describes the end of a process, as the end of a sentence. */
export function howEnded({ reason, code, signal, exception, problem }: RunnerExit): string {
  switch (reason) {
    case 'stopped':
      return 'was stopped';
    case 'exited':
      return `exited with ${code ?? 'an unknown code'}`;
    case 'crashed':
      return `was ended by ${signal ?? exception ?? 'a signal'}`;
    case 'timeout':
      return `was killed because ${problem ?? 'a call exceeded its timeout'}`;
    case 'suspended':
      return `was killed because it ${SUSPENDED}`;
    case 'protocol':
      return `was ended because it broke the protocol: ${problem ?? 'its output was invalid'}`;
    case 'killed':
      return problem === null ? 'was killed' : `was killed because ${problem}`;
  }
}

/** The errors of calls that waited and were never sent to the process. */
const unsent = new WeakSet<TenonError>();

/** Returns whether the call was never sent, so that it can be repeated without running twice. */
export function wasNeverSent(error: unknown): boolean {
  return error instanceof TenonError && unsent.has(error);
}

/**
 * Returns the error for a call that the process did not answer, or that was made after its end. `sent`: the
 * plugin may have received it.
 */
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

/** Returns the error for a call whose timeout has passed. */
export function lateError(site: CallSite, timeout: number, lateness: Lateness | 'suspended'): TenonError {
  const { method, plugin, path, tally } = site;
  tally.failures += 1;
  const message = `${method} of plugin ${plugin} ${LATE[lateness](milliseconds(timeout))}`;
  return new TenonError('ERR_TENON_TIMEOUT', message, { plugin, path });
}

const LATE: Readonly<Record<Lateness | 'suspended', (time: string) => string>> = {
  unsent: (time) =>
    `waited ${time} for other calls and was not sent. Make fewer concurrent calls, or set a longer timeout.`,
  unbegun: (time) =>
    `did not return within ${time}: it was still waiting for earlier calls of the process and did not begin. Set a longer timeout, or load the plugin a second time for calls that take long.`,
  begun: (time) =>
    `did not return within ${time}: it had to wait for earlier calls of the process before it began. Set a longer timeout, or load the plugin a second time for calls that take long.`,
  running: (time) =>
    `did not return within ${time}. Its process was killed, which ended all instances of this generation. Fix the plugin, or set a longer timeout.`,
  suspended: (time) =>
    `was not answered within ${time} because something had stopped its process (SIGSTOP or a debugger), and the process was killed. Let it run, or set a longer timeout.`,
};

/**
 * Returns the error for a call beyond `maxInFlight`, or beyond the bytes that the channel holds. `size`: the
 * bytes of its input.
 */
export function busy(
  site: CallSite,
  maxInFlight: number,
  load: { readonly calls: number; readonly bytes: number },
  size: number,
): TenonError {
  const { method, plugin, path, tally } = site;
  tally.failures += 1;
  const limit =
    load.calls >= maxInFlight
      ? `${load.calls} calls are already in flight, and maxInFlight is ${maxInFlight}.`
      : `its input of ${size} bytes does not fit into the channel, which holds ${REQUEST_BYTES} bytes, headers included. The calls in flight (${load.calls}) have ${load.bytes} bytes.`;
  return new TenonError(
    'ERR_TENON_CALL_FAILED',
    `${method} of plugin ${plugin} failed with TENON_BUSY: ${limit} Await some of them first, or load the plugin with whenFull: 'wait'.`,
    { plugin, path, status: 'TENON_BUSY' },
  );
}

/** Returns the error for a call of a closed instance. */
export function closed(site: CallSite): TenonError {
  return callFailure({ outcome: -1, detail: 0, text: '' }, site);
}

/**
 * Returns the error for a missing kind or method. `methods` is the number of methods that the plugin has of
 * the kind.
 */
export function missingKind(kind: string, slot: number, methods: number, site: CallSite): TenonError {
  const { plugin, path } = site;
  const missing =
    methods === 0
      ? `does not offer the kind '${kind}'`
      : `has ${methods} methods of the kind '${kind}', and none in slot ${slot}`;
  const message = `Plugin ${plugin} ${missing}. Use a kind that its manifest lists, or a newer build of the plugin.`;
  return new TenonError('ERR_TENON_MISSING_KIND', message, { plugin, path });
}

/**
 * Returns the error for an invalid method table. `text` comes from the runner: a code, then on the next line
 * the problem, which names the kind but not the plugin.
 */
export function badTable(text: string, site: CallSite): TenonError {
  const { plugin, path } = site;
  const end = text.indexOf('\n');
  const code =
    text.slice(0, end) === 'ERR_TENON_BAD_POINTER' ? 'ERR_TENON_BAD_POINTER' : 'ERR_TENON_BAD_VTABLE';
  const message = `${text.slice(end + 1).replace("' ", `' of plugin ${plugin} `)}. Fix the plugin.`;
  return new TenonError(code, message, { plugin, path });
}

/**
 * Returns the error of a runner that refused its plugin. `text` is a code, then on the next line the reason.
 * Returns null if `text` is invalid.
 */
export function refused(settings: RunnerSettings, gate: string, text: string): TenonError | null {
  const { shown, plugin, file } = settings;
  const end = text.indexOf('\n');
  const code = text.slice(0, end);
  const problem = text.slice(end + 1).replaceAll(file, shown);
  const found = STAGES.find((name): name is Stage => name === gate) ?? 'open';
  if (code === 'ERR_TENON_LOAD_FAILED' && lacksMemory(settings, problem)) {
    const message = `Cannot load ${shown}: ${tooSmall(settings)}, because ${problem}. ${RAISE}`;
    return new TenonError(code, message, { path: shown, plugin, gate: found });
  }
  if (isRefusalCode(code)) return refusal(code, found, shown, problem).with({ plugin });
  const other: TenonErrorCode = 'ERR_TENON_VERSION_MISMATCH';
  if (code !== other) return null;
  return new TenonError(other, `Cannot load ${shown}: ${problem}. Load it again.`, {
    path: shown,
    plugin,
    gate: found,
  });
}

/** The reasons that the loader and the runner give when memory is exhausted. Static TLS has a limit of its own. */
const NO_MEMORY =
  /failed to map segment|cannot map zero-fill pages|cannot allocate(?! memory in static TLS)|out of memory|cannot (create|start) (a process|the thread)|bad_alloc/i;

/** Returns whether the start failed because `limits.memory` is too small. `problem` is the reason that was given. */
function lacksMemory({ limits }: RunnerSettings, problem: string): boolean {
  return limits.memory !== undefined && NO_MEMORY.test(problem);
}

const RAISE = "Set a higher 'limits.memory'.";

function tooSmall({ limits }: RunnerSettings): string {
  return `'limits.memory' of ${limits.memory} bytes is too small to start the plugin in a process of its own`;
}

/** Returns the error for a process that ended before it was ready. */
export function endedEarly(settings: RunnerSettings, exit: RunnerExit): TenonError {
  const { shown, plugin, limits } = settings;
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
    const lack = lackInText(exit.stderr);
    if (lack !== undefined && limits.memory === undefined)
      return lackError(`Cannot run ${shown} in a process of its own`, lack, details);
    const ended = `the runner exited with ${exit.code}${said(lines[0])}`;
    const message = lacksMemory(settings, exit.stderr)
      ? `Cannot load ${shown}: ${tooSmall(settings)}, because ${ended}. ${RAISE}`
      : `Cannot run ${shown} in a process of its own: ${ended}. Rebuild it with ${BUILD_COMMAND}.`;
    return new TenonError('ERR_TENON_UNSUPPORTED', message, details);
  }
  const where = exit.call === null ? '' : ` in ${exit.call.method}`;
  return new TenonError(
    'ERR_TENON_CRASHED',
    `Cannot start plugin ${plugin} (${shown}): its process ${howEnded(exit)}${where}${said(lines.at(-1))}. The host is unharmed. Fix the plugin.`,
    { ...details, gate: gateOf(exit.call?.stage) },
  );
}

/** The errors of starts that failed because something had stopped the process. */
const suspendedStarts = new WeakSet<TenonError>();

/** Returns whether a start failed because something had stopped the process, which says nothing about the plugin. */
export function wasSuspended(error: TenonError): boolean {
  return suspendedStarts.has(error);
}

/** Returns the error for a process that was not ready in time. `suspended`: something had stopped it. */
export function startedTooSlowly(
  settings: RunnerSettings,
  stage: string | null,
  suspended: boolean,
): TenonError {
  const { shown, plugin, startTimeout } = settings;
  const where = stage === null ? '' : ` (gate ${stage})`;
  const [because, cure] = suspended
    ? [' while something had stopped it (SIGSTOP or a debugger)', 'Let it run']
    : ['', 'Fix the plugin'];
  const message = `Cannot start plugin ${plugin} (${shown}): its process was not ready within ${milliseconds(startTimeout)}${where}${because} and was killed. ${cure}, or set a longer startTimeout.`;
  const details = { path: shown, plugin, gate: gateOf(stage) };
  const error = new TenonError('ERR_TENON_TIMEOUT', message, details);
  if (suspended) suspendedStarts.add(error);
  return error;
}

/** Returns the error for a runner that could not be started. */
export function notStarted(settings: RunnerSettings, program: string, cause: unknown): TenonError {
  const { shown: path, plugin, cwd } = settings;
  if (cause instanceof TenonError) return cause;
  const what = `Cannot run ${path} in a process of its own`;
  const lack = lackIn(cause);
  if (lack !== undefined) return lackError(what, lack, { path, plugin, cause });
  const problem = spawnProblem(cause, { program, cwd }, `Build it with ${BUILD_COMMAND}.`);
  return new TenonError('ERR_TENON_UNSUPPORTED', `${what}: ${problem}`, { path, plugin, cause });
}

/** Returns the gate of a stage. Returns undefined for stages that are calls. */
function gateOf(stage: string | null | undefined): Gate | undefined {
  return GATES.find((gate) => gate === stage);
}
