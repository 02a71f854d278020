/**
 * The interface of a tier. A plugin runs on the caller's thread (`inline`), on a thread of its own (`thread`)
 * or in a process of its own (`process`). Code above this interface does not depend on which.
 */
import type { LogLevel } from '../base/abi.js';
import type { Batch, BatchResult } from '../base/batch.js';
import type { TenonError } from '../base/errors.js';

/**
 * The tier in which a plugin runs.
 *
 * - `inline`: on the thread of the caller. Fastest, but a crash ends the host, and a hang blocks it.
 * - `thread`: on one native thread per instance. Calls do not block the event loop, but a crash ends the
 *   host.
 * - `process`: in one process per plugin. A crash ends only that process, which is restarted by default.
 */
export type Isolation = 'inline' | 'thread' | 'process';

/** A method: `something` of the vtable, or a slot of a kind's method table. */
export type MethodRef =
  | { readonly kind: null; readonly slot: 0; readonly name: 'something' }
  | { readonly kind: string; readonly slot: number; readonly name: string };

/** The method that every plugin has. */
export const SOMETHING: MethodRef = { kind: null, slot: 0, name: 'something' };

/** The options of one call. */
export interface CallOptions {
  /**
   * A signal that aborts the call: its promise is rejected with the signal's reason. A call that has begun to
   * run is not stopped. A blocking call checks the signal only before it begins.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds until the call fails with ERR_TENON_TIMEOUT; Infinity for no timeout. They include the wait for
   * earlier calls, but no time in which the host was blocked or stopped. A call that has not begun by then fails
   * alone. Only a call that itself runs for that long ends its process, or wedges its instance. Default: the option
   * `timeout` of {@link PluginHost.load}. The inline tier refuses it, because nothing can stop a call there.
   */
  readonly timeout?: number | undefined;
}

/** A record call with pinned memory: write `input`, call `invoke`, read `output`. */
export interface RecordBinding {
  readonly input: ArrayBuffer;
  readonly output: ArrayBuffer;
  /**
   * The control array. `control[0]` is the outcome of the last `invoke`: 0 for success, any other value for
   * `fail`.
   */
  readonly control: Int32Array;
  /** Calls the method. Never throws. The outcome is in `control[0]`. */
  readonly invoke: () => void;
  /** Throws the TenonError for the outcome in `control`. */
  readonly fail: () => never;
}

/**
 * A blocking call with records of any size: write `input`, call `invoke` with the length of the input, read `output`
 * or what `take` returns. Only one call uses a frame at a time.
 */
export interface FrameBinding {
  /** The memory for an input. */
  readonly input: ArrayBuffer;
  /** The memory that has a small result until the next call. */
  readonly output: ArrayBuffer;
  /**
   * The control array. `control[0]` is the outcome of the last call: 0 for success, any other value for `fail`.
   * `control[1]` is the length of the result in `output`. If `control[2]` is not 0, `take` returns the result.
   */
  readonly control: Int32Array;
  /** Calls the method with the first `length` bytes of `input`. Never throws. */
  readonly invoke: (length: number) => void;
  /** Calls the method with an input that does not fit into `input`. Never throws. */
  readonly invokeLarge: (input: Uint8Array) => void;
  /** Returns a result that is not in `output`. */
  readonly take: () => Buffer;
  /** Throws the TenonError for the outcome. */
  readonly fail: () => never;
}

/**
 * Returns the size of the memory for a record: whole words, so that a view of any type can cover all of it.
 */
export function wholeWords(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/**
 * A method of an instance with plain bytes as input and output. {@link Instance.method} makes it. It keeps
 * the instance alive.
 */
export interface Binding {
  /**
   * Calls the method and blocks this thread until it returns. The memory of the result belongs to the caller.
   * @throws TenonError the errors of {@link Instance.callSync}
   */
  callSync(input: Uint8Array, options?: CallOptions): Buffer;
  /**
   * Calls the method without blocking. In the inline tier, the call runs on this thread before the promise is
   * returned.
   */
  call(input: Uint8Array, options?: CallOptions): Promise<Buffer>;
  /**
   * Calls the method with all messages of a batch while crossing into native code only once. Blocks this
   * thread. A message that fails has its status and error message in the result; the other messages are still
   * processed.
   */
  callManySync(batch: Batch, options?: CallOptions): BatchResult;
  /** Calls the method with all messages of a batch without blocking. See {@link callManySync}. */
  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult>;
}

/**
 * A method of an instance in its tier. It is not public, because writing to the memory of a record at the
 * wrong time corrupts memory.
 */
export interface TierBinding extends Binding {
  /** Whether calls run on the caller's thread, so that the work of `call` is done when it returns. */
  readonly blocking: boolean;
  /** Whether the last call without blocking has not read its input yet: it waits, or it failed. Undefined for never. */
  readonly hasUnreadInput?: boolean;
  /** Pins memory for records of fixed sizes in bytes. */
  record(inputSize: number, outputSize: number): RecordBinding;
  /** Makes memory for records of any size. */
  frame(): FrameBinding;
  /**
   * Calls the method and checks that its result is a record of that size. Copies the input before it returns.
   */
  callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Uint8Array>;
  /**
   * Returns the error for a result that does not have the encoding of its kind, and counts the call as failed.
   * `problem` is a clause that names the place of the fault.
   */
  badResult(problem: string): TenonError;
}

/** The events of an instance. */
export interface InstanceEvents {
  /** Receives a message that the plugin emitted. The listener may keep the bytes. */
  message(data: Buffer): void;
  /** Receives a log entry. */
  log(entry: { level: LogLevel; message: string }): void;
}

/** An instance in its tier. */
export interface TierInstance {
  /**
   * Binds a method.
   * @throws TenonError ERR_TENON_MISSING_KIND if the plugin does not have the kind or slot
   */
  bind(method: MethodRef): TierBinding;
  /**
   * Returns the number of methods in the plugin's table of the kind, for example `codec/1`; 0 if the plugin
   * does not offer it.
   */
  methodCount(kind: string): number;
  /**
   * Returns this instance as it is in the process that has it now, or in the next process if calls wait for it.
   * Its calls fail once that process has ended, and do not reach the next one.
   * @throws TenonError the errors of a call
   */
  present(options?: CallOptions): Promise<TierInstance>;
  /** Returns this instance as {@link present} does, without waiting. */
  presentSync(): TierInstance;
  /** Keeps the event loop alive while events may arrive. */
  ref(): void;
  /** Lets the event loop end even if events may arrive. */
  unref(): void;
  /**
   * Closes the instance: `drop` runs exactly once. Later calls fail with ERR_TENON_CLOSED. Idempotent. In the
   * inline tier, `drop` has run when this returns; in the other tiers, when the promise is fulfilled.
   */
  close(): void | Promise<void>;
}

/**
 * The limits on messages and log entries that wait for delivery, per instance. While they are reached, `emit`
 * returns TENON_BUSY to the plugin, and log entries are dropped.
 */
export interface QueueLimits {
  /** The maximum number of messages and log entries. */
  readonly messages: number;
  /** The maximum total size of messages and log entries, in bytes. */
  readonly bytes: number;
}
/** The default limits. */
export const DEFAULT_QUEUE: QueueLimits = { messages: 1024, bytes: 16 * 1024 * 1024 };
