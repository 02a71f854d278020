/**
 * The one interface behind which a plugin runs: on the caller's thread (`inline`), on its own thread (`thread`) or in its
 * own process (`process`). Above it nothing knows which of them it is.
 */
import type { LogLevel } from '../base/abi.js';
import type { Batch, BatchResult } from '../base/batch.js';

export type Isolation = 'inline' | 'thread' | 'process';

/** One method: `something` of the vtable, or a slot of a kind's method table. */
export type MethodRef =
  | { readonly kind: null; readonly slot: 0; readonly name: 'something' }
  | { readonly kind: string; readonly slot: number; readonly name: string };

export const SOMETHING: MethodRef = { kind: null, slot: 0, name: 'something' };

/** The options of one call. */
export interface CallOptions {
  /**
   * Rejects the call when it is aborted, with the signal's reason. A call that has begun to run is not stopped by it. A call that
   * blocks only looks at it before it begins.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds until the call fails with ERR_TENON_TIMEOUT, Infinity for none. Default: the option `timeout` of `load`. Inline
   * nothing can be stopped, so there it is refused.
   */
  readonly timeout?: number | undefined;
}

/** A record call whose memory is pinned: write `input`, call `invoke`, read `output`. */
export interface RecordBinding {
  readonly input: ArrayBuffer;
  readonly output: ArrayBuffer;
  /** `control[0]` is the outcome of the last `invoke`: 0 is success, anything else is for `fail`. */
  readonly control: Int32Array;
  /** Does the call. Never throws; the outcome is in `control[0]`. */
  readonly invoke: () => void;
  /** Throws the TenonError for the outcome in `control`. */
  readonly fail: () => never;
}

/** The size of memory for a record: whole words, so that a view of any type can lie over all of it. */
export function wholeWords(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** A method of an instance, ready to be called. */
export interface Binding {
  /** One message in, one result out; blocks until it is there. The result is the caller's own. @throws TenonError */
  callSync(input: Uint8Array, options?: CallOptions): Buffer;
  /** The same without blocking. Inline the work is done before the promise is returned. */
  call(input: Uint8Array, options?: CallOptions): Promise<Buffer>;
  /** All messages of a batch in one crossing; blocks. A message that fails has its status and error text, the others go on. */
  callManySync(batch: Batch, options?: CallOptions): BatchResult;
  /** The same without blocking. */
  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult>;
}

/** A method as a tier has it. Not public: who writes to the memory of a record at the wrong time corrupts memory. */
export interface TierBinding extends Binding {
  /** Whether calls run on the thread of their caller, so that the work of `call` is done when it returns. */
  readonly blocking: boolean;
  /** Pins memory for records of fixed sizes, in bytes. */
  record(inputSize: number, outputSize: number): RecordBinding;
  /** A call whose result has to be a record of that size. Copies the input before it returns. */
  callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Uint8Array>;
}

/** What the plugin tells its host outside of calls. */
export interface InstanceEvents {
  /** Bytes that it emitted; the listener may keep them. */
  message(data: Buffer): void;
  log(entry: { level: LogLevel; message: string }): void;
}

/** An instance, running in a tier. */
export interface TierInstance {
  /** @throws TenonError ERR_TENON_MISSING_KIND if the plugin has no such kind or slot */
  bind(method: MethodRef): TierBinding;
  /** Number of methods in the plugin's table of the kind (`codec/1`); 0 if it does not know the kind. */
  methodCount(kind: string): number;
  /** Keeps the event loop alive (or stops doing so) while events may come. */
  ref(): void;
  unref(): void;
  /**
   * Ends the instance: `drop` runs exactly once. Further calls throw ERR_TENON_CLOSED. Idempotent. Inline it is done when this
   * returns, elsewhere when the promise is fulfilled.
   */
  close(): void | Promise<void>;
}

/** Bounds on what a plugin may leave unread. */
export interface QueueLimits {
  /** Events and log entries waiting, at most. */
  readonly messages: number;
  /** Bytes of them, at most. */
  readonly bytes: number;
}
export const DEFAULT_QUEUE: QueueLimits = { messages: 1024, bytes: 16 * 1024 * 1024 };
