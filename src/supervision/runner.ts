/** What a supervisor needs of a plugin's process. `RunnerProcess` of the process tier is one. */
import type { InstanceEvents, TierInstance } from '../tiers/tier.js';

/** How a process of a plugin ended. */
export interface RunnerExit {
  /** Which start of the plugin's process it was, from 1 on. */
  readonly generation: number;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `stopped`: as asked. Otherwise what ended it, or why it was ended. */
  readonly reason: 'stopped' | 'exited' | 'crashed' | 'timeout' | 'protocol' | 'killed';
  /** More on the reason, a clause. */
  readonly problem: string | null;
  /** What the plugin was doing, from the breadcrumb. */
  readonly call: CallInFlight | null;
  readonly fault: Fault | null;
  /** The last of what it wrote. */
  readonly stdout: string;
  readonly stderr: string;
  readonly uptimeMs: number;
  /** The most memory that it held, in bytes; null where the system does not tell. */
  readonly peakRss: number | null;
}

/** The call that a process did not come back from. */
export interface CallInFlight {
  /** `something`, `codec/1#0`, or a stage such as `new`. */
  readonly method: string;
  readonly number: number;
  readonly stage: string;
  readonly inputSize: number;
  /** SHA-256 of the input, hexadecimal; null if the input is not at hand. */
  readonly inputDigest: string | null;
  /** Which message of a batch; null outside of batches. */
  readonly message: number | null;
}

/** Where a signal hit. All addresses as in the process. */
export interface Fault {
  readonly address: bigint;
  readonly pc: bigint;
  /** Where the plugin's library begins. */
  readonly base: bigint;
  readonly frames: readonly bigint[];
  /** Whether it was the thread that makes the calls. */
  readonly mainThread: boolean;
}

/** Who is told what a process does. */
export interface RunnerHandlers {
  stdout(line: string): void;
  stderr(line: string): void;
  /** Once for each process, also after a stop. */
  exit(report: RunnerExit): void;
}

/** A process with the plugin in it. */
export interface Runner {
  readonly pid: number;
  readonly generation: number;
  readonly alive: boolean;
  create(
    config: Uint8Array,
    events: InstanceEvents,
    options?: { signal?: AbortSignal },
  ): Promise<TierInstance>;
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance;
  stop(graceMs: number): Promise<RunnerExit>;
  kill(reason: string): void;
}

/** Starts a process. Rejects if the plugin does not pass its gates in there. */
export type StartRunner = (generation: number, handlers: RunnerHandlers) => Promise<Runner>;
