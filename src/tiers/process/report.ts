/** What is left of a runner when it has ended. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { ProcessFacts } from '../../addon/process.js';
import { messageIn } from './pipe/batch.js';
import { EXIT_CUT, Operation, STATE_BROKEN, STATE_CUT, STATE_READY, Stage } from './protocol.js';
import type { RunnerCall, RunnerExit, RunnerFault } from './settings.js';

/** The digest of a longer input would take longer than a crash may take to be reported. */
export const LONGEST_DIGESTED = 4 << 20;

/** Why this side ended a runner. */
export type KillReason = 'timeout' | 'protocol' | 'killed';

/** How a process ended: an exit code or a signal. */
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

/** The functions that run at stages which are no calls. */
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

/** What a runner says of itself that the channel cannot see. */
const PROBLEMS: Readonly<Record<number, string>> = {
  [STATE_BROKEN]: 'it did not understand a request',
  [STATE_CUT]: 'its plugin has closed the descriptors of the channel',
};

/** The name of a signal of this system. */
export function signalName(number: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found === undefined ? null : (found[0] as NodeJS.Signals);
}

/** How native code saw the process end. */
export function endOf({ end }: ProcessFacts): ProcessEnd | null {
  if (end === null) return null;
  return { code: end.code < 0 ? null : end.code, signal: signalName(end.signal) };
}

/** What is known of the numbers that a breadcrumb has, which the runner wrote and which may be anything. */
export interface CallNames {
  /** The name of a bound method. */
  methodName(method: number): string | undefined;
  /** The method as `tenon call --method` takes it. */
  methodTarget(method: number): string | undefined;
  /** The config of an instance, where configs are kept. */
  configOf(instance: number): Uint8Array | undefined;
}

/** Where the runner was. `input`: that of the call in flight, if it is at hand; of a batch the whole. */
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

/** What the plugin was given: of a batch the message that it was at. Null if it is not at hand. */
export function ownInput({ call }: Pick<ProcessFacts, 'call'>, input: Buffer | null): Buffer | null {
  return input !== null && isBatch({ call }) ? messageIn(input, call.message) : input;
}

function isBatch({ call }: Pick<ProcessFacts, 'call'>): boolean {
  return call.stage === Stage.CALL && call.operation === Operation.BATCH;
}

export function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function faultOf({ crash }: ProcessFacts): RunnerFault | null {
  if (crash === null) return null;
  const { address, pc, base, frames, mainThread } = crash;
  return { address, pc, base, frames, mainThread };
}

/** Why it ended. `stopping`: it was asked to. */
export function reasonOf(
  end: ProcessEnd,
  facts: ProcessFacts,
  killed: KillReason | null,
  stopping: boolean,
): RunnerExit['reason'] {
  if (killed !== null) return killed;
  if (stopping && end.code === 0) return 'stopped';
  if (problemOf(end, facts) !== null) return 'protocol';
  return end.signal === null ? 'exited' : 'crashed';
}

/** What a runner that broke the protocol did. */
export function problemOf(end: ProcessEnd, facts: ProcessFacts): string | null {
  if (facts.broken !== null) return facts.broken;
  const isCut = facts.state <= STATE_READY && end.code === EXIT_CUT;
  return PROBLEMS[isCut ? STATE_CUT : facts.state] ?? null;
}

/** The peak of the memory of a process that still runs, in bytes; null if it cannot be had. */
export function peakOf(pid: number): number | null {
  return memoryOf(pid, /^VmHWM:\s+(\d+) kB$/m);
}

/** The memory that a process holds now, in bytes; null where the system does not tell. */
export function rssOf(pid: number): number | null {
  return memoryOf(pid, /^VmRSS:\s+(\d+) kB$/m);
}

function memoryOf(pid: number, line: RegExp): number | null {
  try {
    const found = line.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}
