/** The connection of a host to one runner, over any transport. `shared-memory/` and `pipe/` implement it. */
import type { ProcessFacts } from '../../addon/process.js';
import type { BatchResult } from '../../base/batch.js';
import type { Earlier } from './captured-output.js';
import type { OutputStream } from './file.js';
import type { Stdio } from './spawn.js';

/** A request, except for its bytes. */
export interface RequestHeader {
  readonly operation: number;
  readonly instance: number;
  readonly method: number;
  readonly detail: number;
}

/** The answer to a request. */
export interface Answer {
  readonly operation: number;
  readonly status: number;
  readonly detail: number;
  readonly instance: number;
  readonly method: number;
  readonly bytes: Buffer;
  readonly batch: BatchResult | null;
}

/** The reason why there is no result of a batch: the answer is invalid, or this process has no memory for it. */
export type BatchProblem = 'invalid' | 'no-memory';

/**
 * Returns what `make` returns. Returns null if this process has no memory for it: an allocation throws a
 * RangeError.
 */
export function ifMemory<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Receives the messages of a channel on the event loop. */
export interface ChannelListener {
  /** Receives the answer to the request of `slot`. */
  answer(slot: number, answer: Answer): void;
  /**
   * Returns the slot for the answer to a synchronous request whose timeout passes. The request is then one of the
   * asynchronous ones.
   */
  spareSlot(): number;
  /** Returns the number of messages in the batch of that slot. */
  batchSize(slot: number): number;
  /** Returns whether the caller of the request of that slot may give the memory of the result back. */
  isRecycled(slot: number): boolean;
  /** Receives a message that an instance emitted. */
  event(instance: number, data: Buffer): void;
  /** Receives a log entry of an instance. */
  log(instance: number, level: number, message: string): void;
  /** Called when output was captured while a synchronous call waited. */
  printed(): void;
  /** Called when everything that had arrived is delivered. */
  quiet(): void;
  /** Called when the runner announces its end, or broke the protocol. */
  ending(): void;
  /** Called when the process has ended. */
  ended(): void;
}

/**
 * The channel of one runner. The results of a synchronous request in `control` must be read before the next
 * request.
 */
export interface RunnerChannel {
  /** The numbers that native code and JavaScript share, at the indexes in {@link Word}. */
  readonly control: Int32Array;
  readonly closed: boolean;
  /** The files for the runner, from its fourth descriptor on. */
  readonly files: Stdio;
  /** Whether `request` itself refuses values that are not bytes, and bytes that are too long. */
  readonly checksBytes?: boolean;
  /** Registers the spawned runner and its standard streams. Its first message is the answer to `slot`. */
  started(pid: number, slot: number, listener: ChannelListener, streams: readonly OutputStream[]): void;
  /**
   * Returns what was read from stdout (0) or stderr (1) while a synchronous call waited, or null if nothing
   * was.
   */
  capturedOutput(stream: 0 | 1): Earlier | null;
  /**
   * Sends a request and waits for its answer. Returns the outcome; `result`, `batchResult`, `text` and
   * `control` then return the rest. `checked` is 1 if the bytes were already checked. Otherwise, the outcome
   * of bytes that must be checked or refused is NOT_BYTES, SHARED or INSPECT.
   */
  request(request: RequestHeader, timeout: number, bytes: Uint8Array, checked?: 0 | 1): number;
  /** Sends a request and waits for its answer, which must fill `output` exactly. */
  requestInto(request: RequestHeader, timeout: number, bytes: Uint8Array, output: Uint8Array): number;
  /** Sends a batch and waits for its answer. */
  requestBatch(request: RequestHeader, timeout: number, offsets: Int32Array, data: Uint8Array): number;
  /**
   * Sends a request. Returns 0 if it was sent; the listener then receives its answer. `timeout` only limits
   * the time that this blocks.
   */
  send(request: RequestHeader, slot: number, timeout: number, bytes?: Uint8Array): number;
  /** Sends a batch, as `send` does. */
  sendBatch(
    request: RequestHeader,
    slot: number,
    timeout: number,
    offsets: Int32Array,
    data: Uint8Array,
  ): number;
  /**
   * Withdraws the request of `slot`, which is at `index` of the asynchronous requests without an answer. The runner
   * answers it with NOT_BEGUN, unless it has begun. Returns whether it certainly has not.
   */
  withdraw(index: number, slot: number): boolean;
  /** Returns the bytes of the answer to the last request. Returns null if this process has no memory for them. */
  result(): Buffer | null;
  /** Returns the bytes of the answer to the last request as a string, without the end of a very long one. */
  text(): string;
  /** Returns the answer to the last `requestBatch`. An invalid one breaks the channel. */
  batchResult(count: number): BatchResult | BatchProblem;
  /** Discards the held answer. */
  skip(): void;
  /** Sets whether the channel keeps the event loop alive. */
  reference(on: boolean): void;
  /** Sets whether events remain undelivered. */
  pause(on: boolean): void;
  /** Has `quiet` of the listener called soon. */
  poke(): void;
  /** Marks the channel as broken by the runner. */
  break(): void;
  /** Returns the known facts about the runner. Returns undefined if the channel is closed. */
  facts(): ProcessFacts | undefined;
  /**
   * Copies the input of the call in flight, which `facts` describes. Returns null if it is unavailable or longer
   * than `limit`.
   */
  callInput(limit: number): Buffer | null;
  /** Blocks until the process ends. Returns false if it does not end within that many milliseconds. */
  awaitEnd(milliseconds: number): boolean;
  /** Delivers the remaining messages, and then the end. For runners whose end native code cannot detect. */
  finish(): void;
  /** Closes the channel, which ends the runner. Nothing is delivered afterwards. */
  close(): void;
}

/**
 * Calls a listener of the user. An exception becomes an uncaught exception of the program, so other events
 * are still delivered.
 */
export function guarded(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
