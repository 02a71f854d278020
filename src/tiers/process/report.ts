/** The report on a runner that has ended. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { ProcessFacts } from '../../addon/process.js';
import { exceptionOf } from './exceptions.js';
import { messageIn } from './pipe/batch.js';
import { EXIT_CUT, EXIT_MEMORY, Operation, STATE_BROKEN, STATE_CUT, STATE_READY, Stage } from './protocol.js';
import type { RunnerCall, RunnerExit, RunnerFault } from './settings.js';

/** The maximum size of an input whose digest is computed. More would delay the report of a crash too long. */
export const LONGEST_DIGESTED = 4 << 20;

/** The reason for which this side ended a runner. */
export type KillReason = 'timeout' | 'suspended' | 'protocol' | 'killed';

/** The end of a process: an exit code or a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const STAGES: Readonly<Record<number, string>> = {
  [Stage.START]: 'start',
  [Stage.OPEN]: 'open',
  [Stage.VERSION]: 'version',
  [Stage.NAME]: 'name',
  [Stage.VTABLE]: 'vtable',
  [Stage.NEW]: 'new',
  [Stage.CALL]: 'call',
  [Stage.DROP]: 'drop',
  [Stage.EXTENSION]: 'get_extension',
};

/** The functions that run at stages that are not calls. */
const FUNCTIONS: Readonly<Record<number, string>> = {
  [Stage.START]: 'tenon-runner',
  [Stage.OPEN]: 'a constructor of the library',
  [Stage.VERSION]: 'get_version',
  [Stage.NAME]: 'get_name',
  [Stage.VTABLE]: 'get_plugin',
  [Stage.NEW]: 'new',
  [Stage.DROP]: 'drop',
  [Stage.EXTENSION]: 'get_extension',
};

/** The problems that only the runner's state reveals, not the channel. */
const PROBLEMS: Readonly<Record<number, string>> = {
  [STATE_BROKEN]: 'it did not understand a request',
  [STATE_CUT]: 'its plugin has closed the descriptors of the channel',
};

/** Returns the name of a signal on this system. */
export function signalName(number: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found === undefined ? null : (found[0] as NodeJS.Signals);
}

/** Returns the end of the process as native code saw it. */
export function endOf({ end }: ProcessFacts): ProcessEnd | null {
  if (end === null) return null;
  return { code: end.code < 0 ? null : end.code, signal: signalName(end.signal) };
}

/**
 * Returns the end that the process had announced. After a crash record, a SIGKILL is not the cause of the end:
 * the host was impatient, or the system enforced a hard limit. A process that has not ended yet will end as its
 * crash record says.
 */
export function announcedEnd(end: ProcessEnd, { crash }: Pick<ProcessFacts, 'crash'>): ProcessEnd {
  // Windows does not tell a process that this one has ended from others.
  if (crash !== null && process.platform === 'win32') return { code: crash.signal >>> 0, signal: null };
  const isOpen = end.signal === 'SIGKILL' || (end.signal === null && end.code === null);
  if (!isOpen || crash === null) return end;
  return { code: null, signal: signalName(crash.signal) ?? end.signal };
}

/** Resolves the numbers of a breadcrumb. The runner wrote them; they may be anything. */
export interface CallNames {
  /** Returns the name of a bound method. */
  methodName(method: number): string | undefined;
  /** Returns the method as `tenon call --method` takes it. */
  methodTarget(method: number): string | undefined;
  /** Returns the config of an instance, if configs are kept. */
  configOf(instance: number): Uint8Array | undefined;
}

/** Returns the call in flight. `input` is its input if available; for a batch, the whole batch. */
export function callOf(
  { call }: ProcessFacts,
  names: Pick<CallNames, 'methodName'>,
  input: Buffer | null,
): RunnerCall | null {
  const stage = STAGES[call.stage];
  if (stage === undefined) return null;
  const isCall = call.stage === Stage.CALL;
  const hasInput = isCall || call.stage === Stage.NEW;
  const own = hasInput ? ownInput({ call }, input) : null;
  return {
    method: FUNCTIONS[call.stage] ?? names.methodName(call.method) ?? `method ${call.method}`,
    number: isCall ? call.calls : 0,
    stage,
    inputSize: own?.length ?? (hasInput ? call.inputSize : 0),
    inputDigest: own === null || own.length > LONGEST_DIGESTED ? null : digestOf(own),
    message: isBatch({ call }) ? call.message : null,
  };
}

/** Returns the input of the plugin's function: for a batch, the current message. Null if it is unavailable. */
export function ownInput({ call }: Pick<ProcessFacts, 'call'>, input: Buffer | null): Buffer | null {
  return input !== null && isBatch({ call }) ? messageIn(input, call.message) : input;
}

function isBatch({ call }: Pick<ProcessFacts, 'call'>): boolean {
  return call.stage === Stage.CALL && call.operation === Operation.BATCH;
}

export function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Returns the fault that the runner's signal handler recorded, or null if it recorded none. */
export function faultOf({ crash }: ProcessFacts): RunnerFault | null {
  if (crash === null) return null;
  const { address, pc, base, frames, mainThread } = crash;
  return { address, pc, base, frames, mainThread };
}

/** Returns the reason of the end. `stopping`: the runner was asked to end. */
export function reasonOf(
  end: ProcessEnd,
  facts: ProcessFacts,
  killed: KillReason | null,
  stopping: boolean,
): RunnerExit['reason'] {
  if (killed !== null) return killed;
  if (isOverMemory(end, facts)) return 'killed';
  if (stopping && end.code === 0) return 'stopped';
  if (problemOf(end, facts) !== null) return 'protocol';
  return end.signal === null && exceptionOf(end.code) === null ? 'exited' : 'crashed';
}

function isOverMemory({ code }: ProcessEnd, { state }: ProcessFacts): boolean {
  return code === EXIT_MEMORY && state <= STATE_READY;
}

/** Returns how a runner broke the protocol, or null if it did not. */
export function problemOf(end: ProcessEnd, facts: ProcessFacts): string | null {
  if (facts.broken !== null) return facts.broken;
  if (isOverMemory(end, facts)) return 'it held more shared memory than limits.memory allows';
  const isCut = facts.state <= STATE_READY && end.code === EXIT_CUT;
  return PROBLEMS[isCut ? STATE_CUT : facts.state] ?? null;
}

/** Returns the peak memory of a running process in bytes, or null if it is unknown. */
export function peakOf(pid: number): number | null {
  return memoryOf(pid, /^VmHWM:\s+(\d+) kB$/m);
}

/** Returns the resident memory of a process in bytes, or null if the system does not report it. */
export function rssOf(pid: number): number | null {
  return memoryOf(pid, /^VmRSS:\s+(\d+) kB$/m);
}

function memoryOf(pid: number, line: RegExp): number | null {
  if (process.platform !== 'linux') return null;
  try {
    const found = line.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}
