/** The channel to one runner over shared memory. */
import type { ProcessAddon, ProcessFacts } from '../../../addon/process.js';
import type { BatchResult } from '../../../base/batch.js';
import { isRecycling } from '../../../base/recycled-memory.js';
import { LONGEST_LOG, textOf } from '../../../base/text.js';
import { batchResult } from '../../binding.js';
import { Outcome } from '../../control.js';
import type { Earlier } from '../captured-output.js';
import {
  type Answer,
  type BatchProblem,
  type ChannelListener,
  guarded,
  ifMemory,
  type RequestHeader,
  type RunnerChannel,
} from '../channel.js';
import { descriptorOf, type OutputStream } from '../file.js';
import { ENTRY_COUNT, End, Entry, Operation, ProcessOutcome, Word } from '../protocol.js';
import { longestInput, longestResult, type ProcessLimits } from '../settings.js';
import { type NativeMemory, openNative } from './memory.js';

const PROFILES = ['latency', 'balanced', 'efficient'] as const;
/** The size in bytes above which a request needs memory that is freed afterwards. */
const LARGE = 256 * 1024;
const TRIM_MS = 200;
/** The size in bytes from which results use recycled memory, because new memory costs more than the copy. */
const WARM = 128 * 1024;
const NOTHING = new Uint8Array(0);
const NO_BYTES = Buffer.alloc(0);

/** A message that was in the ring, or in memory of the channel. Null if this process has no memory for it. */
interface Held {
  readonly bytes: Buffer | null;
  readonly batch: BatchResult | BatchProblem | null;
}
const NOTHING_HELD: Held = { bytes: NO_BYTES, batch: null };

/** The channel of one runner over shared memory. */
export class SharedMemoryChannel implements RunnerChannel {
  readonly checksBytes: boolean = true;
  /** The files for the runner: shared memory, wake-ups and lifetime. */
  readonly files: readonly [shm: number, wake: number, lifetime: number];
  readonly serial: number;
  readonly control: Int32Array;
  readonly #native: NativeMemory;
  readonly #addon: ProcessAddon;
  readonly #index: number;
  #listener: ChannelListener | undefined;
  #held: Held = NOTHING_HELD;
  #trimming = false;
  #closed = false;

  /**
   * Makes a channel. `limits` are those of the process.
   * @throws TenonError ERR_TENON_UNSUPPORTED
   * @throws Error with `errno` if the system lacks a resource
   */
  constructor(profile: (typeof PROFILES)[number], limits: ProcessLimits) {
    this.#native = openNative();
    this.#addon = this.#native.addon;
    this.control = this.#native.control;
    const place = PROFILES.indexOf(profile);
    this.files = this.#addon.create(place, longestResult(limits), longestInput(limits));
    this.#index = this.control[Word.RUNNER] as number;
    this.serial = this.control[Word.SERIAL] as number;
    this.#native.channels[this.#index] = this;
  }

  get closed(): boolean {
    return this.#closed;
  }

  started(pid: number, slot: number, listener: ChannelListener, streams: readonly OutputStream[]): void {
    this.#listener = listener;
    const [out = -1, err = -1] = streams.map(descriptorOf);
    this.#aim().started(pid, slot, out, err);
  }

  capturedOutput(stream: 0 | 1): Earlier | null {
    return this.#aim().capturedOutput(stream);
  }

  request(request: RequestHeader, timeout: number, bytes: Uint8Array, checked: 0 | 1 = 1): number {
    this.control[Word.CHECKED] = checked;
    this.#address(request, timeout).request(bytes);
    const outcome = this.control[Word.OUTCOME] as number;
    if (outcome !== Outcome.NOT_BYTES && bytes.length > LARGE) this.#trimLater();
    return outcome;
  }

  requestInto(request: RequestHeader, timeout: number, bytes: Uint8Array, output: Uint8Array): number {
    this.#address(request, timeout).requestInto(bytes, output);
    return this.control[Word.OUTCOME] as number;
  }

  requestBatch(request: RequestHeader, timeout: number, offsets: Int32Array, data: Uint8Array): number {
    this.#address(request, timeout).batch(offsets, data);
    if (data.length > LARGE) this.#trimLater();
    return this.control[Word.OUTCOME] as number;
  }

  send(request: RequestHeader, slot: number, timeout: number, bytes: Uint8Array = NOTHING): number {
    this.control[Word.SLOT] = slot;
    this.#address(request, timeout).send(bytes);
    if (bytes.length > LARGE) this.#trimLater();
    return this.control[Word.OUTCOME] as number;
  }

  sendBatch(
    request: RequestHeader,
    slot: number,
    timeout: number,
    offsets: Int32Array,
    data: Uint8Array,
  ): number {
    this.control[Word.SLOT] = slot;
    this.#address(request, timeout).sendBatch(offsets, data);
    if (data.length > LARGE) this.#trimLater();
    return this.control[Word.OUTCOME] as number;
  }

  withdraw(index: number, slot: number): boolean {
    return this.#aim().withdraw(index, slot);
  }

  result(): Buffer | null {
    const length = this.control[Word.LENGTH] as number;
    const place = this.control[Word.PLACE] as number;
    if (place >= 0) return this.#native.piece(place, length);
    if (this.control[Word.HELD] !== 0) return this.#take(length, isRecycling());
    this.#native.checkSlab();
    return this.#native.fromScratch(0, length);
  }

  text(): string {
    return textOf(this.result() ?? NO_BYTES);
  }

  batchResult(count: number): BatchResult | BatchProblem {
    const outcome = this.control[Word.OUTCOME] as number;
    return this.#takeBatch(count, outcome, this.control[Word.DETAIL] as number);
  }

  skip(): void {
    this.#aim().skip();
  }

  reference(on: boolean): void {
    this.#aim().reference(on);
  }

  pause(on: boolean): void {
    this.#aim().pause(on);
  }

  poke(): void {
    this.#aim().poke();
  }

  break(): void {
    this.#aim().break();
  }

  facts(): ProcessFacts | undefined {
    return this.#aim().facts();
  }

  callInput(limit: number): Buffer | null {
    const size = this.facts()?.call.inputSize ?? Number.POSITIVE_INFINITY;
    if (size > limit) return null;
    const bytes = Buffer.allocUnsafeSlow(size);
    return this.#aim().callInput(bytes) === size ? bytes : null;
  }

  awaitEnd(milliseconds: number): boolean {
    return this.#aim().awaitEnd(milliseconds);
  }

  finish(): void {
    this.#aim().finish();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#aim().close();
    this.#native.channels[this.#index] = undefined;
  }

  /**
   * Delivers what native code has collected. All of it is taken over first, because a listener may use the
   * channel.
   */
  wake(): void {
    const listener = this.#listener;
    const { control } = this;
    const end = control[Word.ENDED] as number;
    const count = control[Word.COUNT] as number;
    if (listener === undefined) return;
    const news: (() => void)[] = [];
    const last = Word.ENTRIES + (count - 1) * Entry.SIZE;
    const held = count > 0 && control[last + Entry.HELD] !== 0;
    // It is taken first, because the answers before it make room for requests, and a request releases it.
    this.#held = held ? this.#takeHeld(listener, last) : NOTHING_HELD;
    let start = 0;
    for (let at = Word.ENTRIES; at <= last; at += Entry.SIZE) {
      this.#enter(listener, at, start, news);
      start += control[at + Entry.LENGTH] as number;
    }
    this.#held = NOTHING_HELD;
    if (control[Word.CAPTURED_OUTPUT] !== 0) listener.printed();
    for (const tell of news) guarded(tell);
    if (end === End.ENDED) listener.ended();
    else if (end === End.ENDING) listener.ending();
    else if (count < ENTRY_COUNT && !held) listener.quiet();
  }

  /**
   * Takes over one entry. Answers are delivered at once, because settling a promise runs no code of the user
   * yet. Events are added to `news`.
   */
  #enter(listener: ChannelListener, at: number, start: number, news: (() => void)[]): void {
    const { control } = this;
    const word = (place: number) => control[at + place] as number;
    const operation = word(Entry.OPERATION);
    const length = word(Entry.LENGTH);
    const status = word(Entry.STATUS);
    const instance = word(Entry.INSTANCE);
    const isHeld = word(Entry.HELD) !== 0;
    const bytes = isHeld ? this.#held.bytes : this.#native.fromScratch(start, length);
    if (operation === Operation.EVENT || operation === Operation.LOG) {
      if (bytes === null) warnOfNoMemory(length);
      else if (operation === Operation.EVENT) news.push(() => listener.event(instance, bytes));
      else news.push(() => listener.log(instance, status, textOf(bytes, LONGEST_LOG)));
      return;
    }
    const slot = word(Entry.SLOT);
    const detail = word(Entry.DETAIL);
    const method = word(Entry.METHOD);
    const batch = isHeld ? this.#held.batch : null;
    if (batch === 'invalid') news.push(() => listener.ending());
    else if (batch === 'no-memory' || bytes === null)
      listener.answer(slot, withoutMemory(operation, instance, method));
    else listener.answer(slot, { operation, status, detail, instance, method, bytes, batch });
  }

  /** Takes the held message of an entry. */
  #takeHeld(listener: ChannelListener, at: number): Held {
    const word = (place: number) => this.control[at + place] as number;
    const length = word(Entry.LENGTH);
    if (word(Entry.OPERATION) !== Operation.BATCH || length === 0)
      return { bytes: this.#take(length, listener.isRecycled(word(Entry.SLOT))), batch: null };
    const count = listener.batchSize(word(Entry.SLOT));
    return { bytes: NO_BYTES, batch: this.#takeBatch(count, word(Entry.STATUS), word(Entry.DETAIL)) };
  }

  #aim(): ProcessAddon {
    this.control[Word.RUNNER] = this.#index;
    this.control[Word.SERIAL] = this.serial;
    return this.#addon;
  }

  #address(request: RequestHeader, timeout: number): ProcessAddon {
    const { control } = this;
    control[Word.RUNNER] = this.#index;
    control[Word.SERIAL] = this.serial;
    control[Word.OPERATION] = request.operation;
    control[Word.INSTANCE] = request.instance;
    control[Word.METHOD] = request.method;
    control[Word.DETAIL] = request.detail;
    control[Word.TIMEOUT] = timeout;
    // If the timeout passes, the answer arrives later in this slot. A request without one is never left.
    if (timeout >= 0) control[Word.SLOT] = this.#listener?.spareSlot() ?? -1;
    return this.#addon;
  }

  /** Copies the held answer directly from the ring. */
  #take(length: number, recycled: boolean): Buffer | null {
    this.#aim();
    const native = this.#native;
    return ifMemory(() => {
      if (recycled) return native.recycled(length);
      return (length < WARM ? undefined : native.warm()) ?? native.fresh(length);
    });
  }

  #takeBatch(count: number, outcome: number, detail: number): BatchResult | BatchProblem {
    const result = ifMemory(() => {
      const offsets = new Int32Array(count + 1);
      const statuses = new Int32Array(count);
      const { control } = this;
      this.#aim().takeBatch(offsets, statuses);
      if (control[Word.OUTCOME] === ProcessOutcome.BROKEN) return 'invalid';
      const total = control[Word.LENGTH] as number;
      const processed = control[Word.PROCESSED] as number;
      const end = { outcome, detail, processed, total };
      return batchResult(end, offsets, statuses, (target) => this.#aim().take(target, true));
    });
    if (result === null) this.skip();
    return result ?? 'no-memory';
  }

  #trimLater(): void {
    if (this.#trimming) return;
    this.#trimming = true;
    setTimeout(() => {
      this.#trimming = false;
      if (!this.#closed && !this.#aim().trim()) this.#trimLater();
    }, TRIM_MS).unref();
  }
}

/** Returns an answer that this process has no memory for. */
function withoutMemory(operation: number, instance: number, method: number): Answer {
  const status = Outcome.EXHAUSTED;
  return { operation, status, detail: 0, instance, method, bytes: NO_BYTES, batch: null };
}

function warnOfNoMemory(length: number): void {
  const message = `A message of ${length} bytes from a plugin was dropped, because this process has no memory for it.`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_NO_MEMORY' });
}
