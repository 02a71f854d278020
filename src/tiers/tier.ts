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

/** What a call may be told. */
export interface CallOptions {
  /** Gives up waiting when it is aborted. What has begun to run is not stopped by it. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the call fails with ERR_TENON_TIMEOUT. Inline nothing can be stopped: it has no effect. */
  readonly deadline?: number;
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

/** A method of an instance, ready to be called. */
export interface Binding {
  /** One message in, one result out. The result is the caller's own. @throws TenonError */
  callSync(input: Uint8Array, options?: CallOptions): Buffer;
  call(input: Uint8Array, options?: CallOptions): Promise<Buffer>;
  callManySync(batch: Batch, options?: CallOptions): BatchResult;
  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult>;
  /** Pins memory for records of fixed sizes, in bytes. */
  record(inputSize: number, outputSize: number): RecordBinding;
}

/** What the plugin tells its host outside of calls. */
export interface InstanceEvents {
  event(data: Buffer): void;
  log(entry: { level: LogLevel; message: string }): void;
}

/** An instance, running in a tier. */
export interface TierInstance {
  /** @throws TenonError ERR_TENON_MISSING_KIND if the plugin has no such kind or slot */
  bind(method: MethodRef): Binding;
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
