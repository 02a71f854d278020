/** What a runner is started with, and what is left of it when it has ended. */
import type { CallTally } from '../call-tally.js';
import type { QueueLimits } from '../tier.js';

/** What the process, and each that it forks, may take. What is not given is not limited. */
export interface ProcessLimits {
  /** Bytes of memory: heap and private mappings. */
  readonly memory?: number;
  /** Seconds of processor time. */
  readonly cpu?: number;
  /** Open files. */
  readonly files?: number;
}

/** Where the inputs of calls are kept that end their process. */
export interface CrashInputSettings {
  readonly folder: string;
  /** The largest that is kept, in bytes. */
  readonly bytes: number;
  /** How many are kept of a plugin; the oldest make way. */
  readonly files: number;
}

/** An input that was kept. */
export interface KeptInput {
  /** The method as `tenon call --method` takes it; null for `new`. */
  readonly method: string | null;
  /** The file with the input; null for `new`, which has none. */
  readonly file: string | null;
  /** The file with the config of the instance; null if that is empty. */
  readonly config: string | null;
}

export interface RunnerSettings {
  /** The private copy to load. */
  readonly file: string;
  /** The path that errors name. */
  readonly shown: string;
  /** The name that the plugin must state. */
  readonly plugin: string;
  /** The ABI version that it must state. */
  readonly abi: string;
  readonly generation: number;
  readonly profile: 'latency' | 'balanced' | 'efficient';
  readonly transport: 'shared-memory' | 'pipe';
  /** Milliseconds for every call that says nothing itself. */
  readonly timeout: number | undefined;
  /** Milliseconds from the start of the process to its readiness. */
  readonly startTimeout: number;
  /** Asynchronous calls on their way, at most. */
  readonly maxInFlight: number;
  /** What becomes of a call beyond that. */
  readonly whenFull: 'fail' | 'wait';
  /** Events and log entries of one instance that wait. */
  readonly queue: QueueLimits;
  /** Where calls are counted. */
  readonly tally: CallTally;
  readonly limits: ProcessLimits;
  readonly sandbox?: boolean | { readonly read?: readonly string[] };
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Default: none are kept. */
  readonly crashInputs?: CrashInputSettings | undefined;
  /** The program to start; the tenon-runner that was built with this package unless told. */
  readonly program?: string | undefined;
}

/** How a generation ended. */
export interface RunnerExit {
  readonly generation: number;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /**
   * `stopped`: as asked, with success. `exited`: by itself, with whatever code. `crashed`: by a signal. The rest was ended by this
   * side: `timeout` for a timeout, `protocol` because it broke the channel, `killed` because somebody wanted it.
   */
  readonly reason: 'stopped' | 'exited' | 'crashed' | 'timeout' | 'protocol' | 'killed';
  /** For `protocol`: what it did. */
  readonly problem: string | null;
  readonly call: RunnerCall | null;
  /** The input of the call, if it was asked for and at hand. */
  readonly kept?: KeptInput | null;
  readonly fault: RunnerFault | null;
  /** The last 16 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
  readonly uptimeMs: number;
  /** Bytes; null if it is not known. */
  readonly peakRss: number | null;
}

/** What the plugin was doing. */
export interface RunnerCall {
  readonly method: string;
  /**
   * Which call of this process it was, from 1 on; 0 where it was in no call. Counted are all calls of all instances that the process
   * was sent: those of `something`, of methods of kinds, of typed methods, and each batch as one. `new` and `drop` are no calls.
   */
  readonly number: number;
  readonly stage: string;
  /** Bytes of the input: of a batch those of the message, for `new` those of the config. */
  readonly inputSize: number;
  /** SHA-256, hexadecimal; null if the input is not at hand or large. */
  readonly inputDigest: string | null;
  /** Which message of a batch; null outside of batches. */
  readonly message: number | null;
}

/** Where a signal hit. Addresses as in the process. */
export interface RunnerFault {
  readonly address: bigint;
  readonly pc: bigint;
  /** Where the plugin's library begins. */
  readonly base: bigint;
  readonly frames: readonly bigint[];
  readonly mainThread: boolean;
}

/** Who is told what a runner does. */
export interface RunnerHandlers {
  stdout(line: string): void;
  stderr(line: string): void;
  /** Once, for a runner that had started. */
  exit(report: RunnerExit): void;
}
