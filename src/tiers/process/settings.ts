/** The settings with which a runner is started, and the report on its end. */
import type { CallTally } from '../call-tally.js';
import type { QueueLimits } from '../tier.js';

/**
 * The resource limits of a plugin's process. Each process that it forks has the same limits for itself. A
 * missing limit means unlimited. What the system does not support is listed in {@link PluginProcess.missing}.
 */
export interface ProcessLimits {
  /**
   * The maximum memory in bytes: heap and private mappings, and the same again of shared mappings and memfds. The
   * page cache does not count. docs/security.md says how each is counted.
   */
  readonly memory?: number;
  /** The maximum CPU time in seconds. */
  readonly cpu?: number;
  /** The maximum number of open files. */
  readonly files?: number;
  /**
   * The longest result of a call in bytes, from 4096. Of a batch, all results count together. A call whose result
   * is longer fails. Default: 2 GiB - 1, or `memory`, if that is less, but at least 128 MiB.
   */
  readonly result?: number;
}

/** The longest result that any tier can return, in bytes. */
export const LONGEST_RESULT = 2 ** 31 - 1;
/** The smallest `limits.result`: failures must have room for their messages. */
export const LEAST_RESULT = 4096;

/** The size that a message may have whatever `limits.memory` is, in bytes. */
const ALWAYS_ALLOWED = 128 * 2 ** 20;

/** Returns the longest result that a runner with these limits sends, in bytes. */
export function longestResult({ memory, result }: ProcessLimits): number {
  const most = memory === undefined ? LONGEST_RESULT : Math.max(memory, ALWAYS_ALLOWED);
  return result ?? Math.min(most, LONGEST_RESULT);
}

/** Returns the longest input that a runner with these limits accepts, in bytes. */
export function longestInput({ memory }: ProcessLimits): number {
  return Math.min(
    2 ** 32,
    memory === undefined ? Number.POSITIVE_INFINITY : Math.max(memory, ALWAYS_ALLOWED),
  );
}

/** The folder and the bounds of the kept inputs of calls that end their process. */
export interface CrashInputSettings {
  readonly folder: string;
  /** The largest input that is kept, in bytes. */
  readonly bytes: number;
  /** The number of inputs that are kept per plugin. The oldest are removed first. */
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

/** The settings with which a runner is started. */
export interface RunnerSettings {
  /** The private copy to load. */
  readonly file: string;
  /** The path in error messages. */
  readonly shown: string;
  /** The name that the plugin must state. */
  readonly plugin: string;
  /** The ABI version that the plugin must state. */
  readonly abi: string;
  readonly generation: number;
  readonly profile: 'latency' | 'balanced' | 'efficient';
  readonly transport: 'shared-memory' | 'pipe';
  /** Milliseconds for every call without a timeout of its own. */
  readonly timeout: number | undefined;
  /** Milliseconds from the start of the process until it must be ready. */
  readonly startTimeout: number;
  /** Milliseconds for which the end of an instance is awaited, and after which a hanging `drop` ends the process. */
  readonly grace?: number;
  /** The maximum number of asynchronous calls in flight. */
  readonly maxInFlight: number;
  /** The behaviour of a call beyond that. */
  readonly whenFull: 'fail' | 'wait';
  /** The limits on messages and log entries that wait, per instance. */
  readonly queue: QueueLimits;
  /** The counters of the calls. */
  readonly tally: CallTally;
  readonly limits: ProcessLimits;
  readonly sandbox?: boolean | { readonly read?: readonly string[] };
  /** The complete environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** The settings of kept inputs. Default: none are kept. */
  readonly crashInputs?: CrashInputSettings | undefined;
  /** The program to start. Default: the tenon-runner that was built with this package. */
  readonly program?: string | undefined;
}

/** The report on the end of a generation. */
export interface RunnerExit {
  readonly generation: number;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** On Windows: the name of the exception that `code` stands for. */
  readonly exception?: string | null;
  /**
   * The reason of the end. `stopped`: as requested, with success. `exited`: by itself, with any exit code.
   * `crashed`: by a signal, or by an exception of Windows. In the other cases, this side ended the process:
   * `timeout` after a timeout, `suspended` after a timeout for which something had stopped it (SIGSTOP, a debugger),
   * `protocol` because it broke the channel, `killed` on request.
   */
  readonly reason: 'stopped' | 'exited' | 'crashed' | 'timeout' | 'suspended' | 'protocol' | 'killed';
  /** For `protocol`: how the runner broke the protocol. Otherwise, why this side ended the process, if that is known. */
  readonly problem: string | null;
  readonly call: RunnerCall | null;
  /** The input of the call, if it was asked for and at hand. */
  readonly kept?: KeptInput | null;
  readonly fault: RunnerFault | null;
  /** The last 16 KiB of stdout. */
  readonly stdout: string;
  /** The last 16 KiB of stderr. */
  readonly stderr: string;
  readonly uptimeMs: number;
  /** The peak memory in bytes; null if it is unknown. */
  readonly peakRss: number | null;
}

/** The operation of the plugin. */
export interface RunnerCall {
  readonly method: string;
  /**
   * The number of the call in this process, from 1. 0 outside of calls. All calls that the process was sent count, of all
   * instances: calls of `something`, of methods of kinds and of typed methods. A batch counts as one call. `new`,
   * `drop` and binding a method do not count.
   */
  readonly number: number;
  readonly stage: string;
  /** Bytes of the input: of a batch those of the message, for `new` those of the config. */
  readonly inputSize: number;
  /** The SHA-256 digest of the input in hexadecimal; null if the input is unavailable or large. */
  readonly inputDigest: string | null;
  /** The index of the message in a batch; null outside batches. */
  readonly message: number | null;
}

/** The place of a fault. Addresses are those of the process. */
export interface RunnerFault {
  readonly address: bigint;
  readonly pc: bigint;
  /** The base address of the plugin's library. */
  readonly base: bigint;
  readonly frames: readonly bigint[];
  readonly mainThread: boolean;
}

/** Receives the output and the end of a runner. */
export interface RunnerHandlers {
  stdout(line: string): void;
  stderr(line: string): void;
  /** Returns whether a listener waits for the lines of the stream. Default: true. */
  wanted?(stream: 'stdout' | 'stderr'): boolean;
  /** Called once, if the runner had started. */
  exit(report: RunnerExit): void;
}
