/** The connection of a host to one runner, over any transport. `shared-memory/` and `pipe/` implement it. */
import type { Socket } from 'node:net';
import type { ProcessFacts } from '../../addon/process.js';
import type { BatchResult } from '../../base/batch.js';
import type { Earlier } from './captured-output.js';

/** What a request is, beside its bytes. */
export interface RequestHeader {
  readonly operation: number;
  readonly instance: number;
  readonly method: number;
  readonly detail: number;
}

/** What came back. */
export interface Answer {
  readonly operation: number;
  readonly status: number;
  readonly detail: number;
  readonly instance: number;
  readonly method: number;
  readonly bytes: Buffer;
  readonly batch: BatchResult | null;
}

/** Who hears from a channel, on the event loop. */
export interface ChannelListener {
  answer(slot: number, answer: Answer): void;
  /** How many messages the batch of that slot has. */
  batchSize(slot: number): number;
  event(instance: number, data: Buffer): void;
  log(instance: number, level: number, message: string): void;
  /** It printed while a synchronous call waited for it. */
  printed(): void;
  /** Everything that was there is delivered. */
  quiet(): void;
  /** The runner says that it will end, or broke the protocol. */
  ending(): void;
  ended(): void;
}

/** One runner's channel. What a synchronous request leaves in `control` has to be looked at before the next one. */
export interface RunnerChannel {
  /** Numbers that native code and JavaScript share, as in `Word` of protocol.ts. */
  readonly control: Int32Array;
  readonly closed: boolean;
  /** For the runner, from its fourth descriptor on. */
  readonly files: readonly (number | 'pipe')[];
  /** Whether `request` itself refuses what is not bytes. */
  readonly checksBytes?: boolean;
  /** The runner was spawned, with these standard streams. Its first message will be the answer for `slot`. */
  started(pid: number, slot: number, listener: ChannelListener, streams: readonly Socket[]): void;
  /** What was read from stdout (0) or stderr (1) while a synchronous call waited. */
  capturedOutput(stream: 0 | 1): Earlier | null;
  /**
   * Does a request and waits. Returns the outcome; of what there is more, `result`, `batchResult`, `text` and `control` tell.
   * `checked`: 1 if the bytes were looked at already; otherwise what cannot be taken as it is comes back as NOT_BYTES, SHARED or
   * INSPECT.
   */
  request(request: RequestHeader, timeout: number, bytes: Uint8Array, checked?: 0 | 1): number;
  /** A request whose result has a known size and place. */
  requestInto(request: RequestHeader, timeout: number, bytes: Uint8Array, output: Uint8Array): number;
  requestBatch(request: RequestHeader, timeout: number, offsets: Int32Array, data: Uint8Array): number;
  /** Sends a request. 0 if it is on its way; its answer comes to the listener. `timeout` only bounds what it blocks at most. */
  send(request: RequestHeader, slot: number, timeout: number, bytes?: Uint8Array): number;
  sendBatch(
    request: RequestHeader,
    slot: number,
    timeout: number,
    offsets: Int32Array,
    data: Uint8Array,
  ): number;
  /** The bytes of the answer to the last request. */
  result(): Buffer;
  text(): string;
  /** The answer to the last `requestBatch`; null if the runner answered nonsense, which breaks the channel. */
  batchResult(count: number): BatchResult | null;
  /** The held answer is not wanted. */
  skip(): void;
  /** Whether the channel keeps the event loop alive. */
  reference(on: boolean): void;
  /** Whether events stay where they are. */
  pause(on: boolean): void;
  /** Has the listener told that it is quiet, soon. */
  poke(): void;
  /** Declares that the runner broke the protocol. */
  break(): void;
  facts(): ProcessFacts | undefined;
  /** A copy of the input of the call in flight, as `facts` tells of it; null if it is not at hand, or longer than `limit`. */
  callInput(limit: number): Buffer | null;
  /** Waits, blocking, for the end of the process. False if it does not end within so many milliseconds. */
  awaitEnd(milliseconds: number): boolean;
  /** Tells the listener what is left to tell, then the end: for runners whose end native code cannot see. */
  finish(): void;
  close(): void;
}

/** What a user's listener throws is the program's uncaught exception, and no reason to lose the other events. */
export function guarded(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
