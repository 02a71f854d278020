/**
 * The channel of a runner over a pipe, for systems without the shared-memory channel. Requests, answers and
 * events are the same, but the kernel copies them. It does not need the addon.
 */
import type { ChildProcess } from 'node:child_process';
import type { ProcessFacts } from '../../../addon/process.js';
import type { BatchResult } from '../../../base/batch.js';
import { LONGEST_LOG, textOf } from '../../../base/text.js';
import { Outcome } from '../../control.js';
import type { Earlier } from '../captured-output.js';
import {
  type BatchProblem,
  type ChannelListener,
  guarded,
  ifMemory,
  type RequestHeader,
  type RunnerChannel,
} from '../channel.js';
import type { OutputStream } from '../file.js';
import { Prints } from '../prints.js';
import { Operation, ProcessOutcome, REQUEST_BYTES, Word } from '../protocol.js';
import type { Stdio } from '../spawn.js';
import { packBatch, unpackBatch } from './batch.js';
import { encodeRecord, HEADER } from './frames.js';
import { type Message, type PipeAnswer, PipeInbox, PipeOperation } from './inbox.js';
import { type Line, type PipeEnds, socketEnds } from './line.js';
import { type EndOfChild, requireSystem, sleep, watchEnd } from './system.js';
import { windowsEnds } from './windows-line.js';

/** The maximum size of requests that are copied after their record, so that both are written at once. */
const SMALL = 16 * 1024;
/**
 * Milliseconds between checks of a blocked call whether the process still exists. A process that it forked
 * may keep the pipe open.
 */
const LOOK_MS = 50;
/** The shortest gap between two turns that means that this process was stopped, in milliseconds. */
const PAUSE_MS = LOOK_MS + 100;
const NOTHING = new Uint8Array(0);
const NO_BYTES = Buffer.alloc(0);
/** The channel of one runner over a pipe. Its first answer reports that the runner is ready. */
export class PipeChannel implements RunnerChannel {
  readonly #ends: PipeEnds;
  readonly control = new Int32Array(Word.ENTRIES);
  readonly #inbox: PipeInbox;
  readonly #prints = new Prints();
  #line: Line | undefined;
  #end: EndOfChild = { look: () => undefined, close: () => undefined };
  #listener: ChannelListener | undefined;
  #numbers = 0;
  #calls = 0;
  #scheduled = false;
  #referenced = false;
  #paused = false;
  #closed = false;

  /**
   * Makes a channel. `longest` is the longest answer in bytes.
   * @throws TenonError ERR_TENON_UNSUPPORTED
   */
  constructor(longest: number) {
    requireSystem();
    this.#inbox = new PipeInbox(longest);
    this.#ends = process.platform === 'win32' ? windowsEnds() : socketEnds();
  }

  get files(): Stdio {
    return this.#ends.files;
  }

  /** The files for stdout and stderr of the process. */
  get output(): Stdio {
    return this.#ends.output;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Connects the channel to the process, which was started with its files. */
  connect(child: ChildProcess): void {
    this.#line = this.#ends.connect(child, {
      gap: () => this.#inbox.reader.gap,
      filled: (size) => this.#inbox.reader.fill(size),
      bytes: (chunk) => this.#inbox.reader.push(chunk),
      news: () => this.#deliver(),
    });
  }

  /** Returns stdout and stderr of the process. */
  streams(child: ChildProcess): readonly OutputStream[] {
    return this.#ends.streams(child);
  }

  started(pid: number, slot: number, listener: ChannelListener, streams: readonly OutputStream[]): void {
    this.#end = watchEnd(pid);
    this.#listener = listener;
    this.#prints.watch(streams);
    const ready = { number: 0, calls: 0, operation: Operation.READY, instance: 0, method: 0 };
    this.#inbox.pending.push({ ...ready, slot, pieces: [], size: 0 });
    this.#refer();
  }

  capturedOutput(stream: 0 | 1): Earlier | null {
    return this.#prints.take(stream);
  }

  // ---- Requests ----

  request(request: RequestHeader, timeout: number, bytes: Uint8Array): number {
    return this.#ask(request, timeout, [bytes]);
  }

  requestInto(request: RequestHeader, timeout: number, bytes: Uint8Array, output: Uint8Array): number {
    const outcome = this.#ask(request, timeout, [bytes]);
    const result = this.#inbox.answer?.bytes;
    if (outcome !== 0 || result === undefined) return outcome;
    if (result.length === output.length) {
      output.set(result);
      return outcome;
    }
    this.#inbox.break('it answered with a record of a different size than requested');
    return this.#set(ProcessOutcome.BROKEN);
  }

  requestBatch(request: RequestHeader, timeout: number, offsets: Int32Array, data: Uint8Array): number {
    const bytes = packed(offsets, data);
    return typeof bytes === 'number' ? this.#set(bytes) : this.#ask(request, timeout, [bytes]);
  }

  send(request: RequestHeader, slot: number, _timeout: number, bytes: Uint8Array = NOTHING): number {
    if (this.#isFull(bytes.length)) return this.#set(ProcessOutcome.FULL);
    const copy = ifMemory(() => Buffer.from(bytes));
    return this.#set(copy === null ? Outcome.EXHAUSTED : this.#submit(request, slot, [copy]));
  }

  sendBatch(
    request: RequestHeader,
    slot: number,
    _timeout: number,
    offsets: Int32Array,
    data: Uint8Array,
  ): number {
    if (this.#isFull(data.length)) return this.#set(ProcessOutcome.FULL);
    const bytes = packed(offsets, data);
    return this.#set(typeof bytes === 'number' ? bytes : this.#submit(request, slot, [bytes]));
  }

  withdraw(index: number, slot: number): boolean {
    const request = this.#inbox.pending.at(index);
    if (this.#closed || this.#gone || request?.slot !== slot) return false;
    const about = { operation: PipeOperation.WITHDRAW, size: 0, instance: 0, method: 0, detail: 0 };
    this.#line?.write(encodeRecord({ ...about, number: request.number }));
    return index > 0 && this.#inbox.pending.first !== request;
  }

  #set(outcome: number): number {
    this.control[Word.OUTCOME] = outcome;
    return outcome;
  }

  /** Returns whether a request of `size` bytes has to wait. One that exceeds the limit by itself is sent alone. */
  #isFull(size: number): boolean {
    return this.#inbox.pending.count > 0 && this.#inbox.pending.bytes + size > REQUEST_BYTES;
  }

  /** Sends a request. Returns 0, or the outcome if it cannot be sent. */
  #submit(request: RequestHeader, slot: number, pieces: readonly Uint8Array[]): number {
    const line = this.#line;
    if (this.#closed || line === undefined) return ProcessOutcome.CLOSED;
    if (this.#inbox.problem !== null) return ProcessOutcome.BROKEN;
    if (this.#gone) return ProcessOutcome.GONE;
    const number = ++this.#numbers;
    if (request.operation === Operation.CALL || request.operation === Operation.BATCH) this.#calls++;
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    this.#inbox.pending.push({ ...request, number, calls: this.#calls, slot, pieces, size });
    const isSmall = size <= SMALL;
    const record = encodeRecord({ ...request, number, size }, isSmall ? size : 0);
    let at = HEADER;
    for (const piece of isSmall ? pieces : []) {
      record.set(piece, at);
      at += piece.length;
    }
    line.write(record, ...(isSmall ? [] : pieces));
    this.#refer();
    return 0;
  }

  #ask(request: RequestHeader, timeout: number, pieces: readonly Uint8Array[]): number {
    this.#inbox.answer = undefined;
    const refusal = this.#submit(request, -1, pieces);
    const found = refusal === 0 ? this.#await(timeout) : refusal;
    const outcome = found === ProcessOutcome.TIMEOUT ? this.#leave() : found;
    this.#refer();
    const answer = this.#inbox.answer as Message | undefined;
    const { control } = this;
    control[Word.LENGTH] = answer?.bytes.length ?? 0;
    control[Word.DETAIL] = answer?.record.detail ?? 0;
    control[Word.INSTANCE] = answer?.record.instance ?? 0;
    control[Word.METHOD] = answer?.record.method ?? 0;
    if (!this.#inbox.isEmpty || !this.#prints.isEmpty) this.#schedule();
    return this.#set(outcome);
  }

  /** Stops to wait for the last request. Its answer is then delivered like that of an asynchronous one. */
  #leave(): number {
    const { pending } = this.#inbox;
    const request = pending.at(pending.count - 1);
    if (request === undefined) return ProcessOutcome.TIMEOUT;
    request.slot = this.#listener?.spareSlot() ?? -1;
    return this.withdraw(pending.count - 1, request.slot) ? ProcessOutcome.UNBEGUN : ProcessOutcome.TIMEOUT;
  }

  /** Blocks until the answer to the last request arrives. */
  #await(timeout: number): number {
    let due = timeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout;
    let seen = performance.now();
    for (;;) {
      if (this.#inbox.answer !== undefined) return this.#inbox.answer.record.status;
      if (this.#inbox.problem !== null) return ProcessOutcome.BROKEN;
      if (this.#gone) return ProcessOutcome.GONE;
      const now = performance.now();
      // Time in which this process did not run does not count: it could not have seen the answer.
      if (now - seen > PAUSE_MS) due += now - seen;
      seen = now;
      const left = due - now;
      if (left <= 0) return ProcessOutcome.TIMEOUT;
      const moved = this.#line?.turn(Math.ceil(Math.min(left, LOOK_MS)), this.#prints.files);
      this.#prints.listen();

      if (moved === false && this.#hasEnded()) {
        this.#line?.drain();
        if (this.#inbox.answer === undefined) return ProcessOutcome.GONE;
      }
    }
  }

  // ---- The answer to the last request ----

  result(): Buffer {
    return this.#inbox.answer?.bytes ?? NO_BYTES;
  }

  text(): string {
    return textOf(this.result());
  }

  batchResult(count: number): BatchResult | BatchProblem {
    const { answer } = this.#inbox;
    const result = answer === undefined ? 'invalid' : unpackBatch(answer.record, answer.bytes, count);
    this.#inbox.answer = undefined;
    if (result === 'invalid') this.#inbox.break(NO_BATCH);
    return result;
  }

  skip(): void {
    this.#inbox.answer = undefined;
  }

  // ---- Delivery ----

  get #gone(): boolean {
    return this.#inbox.page.ending || (this.#line?.over ?? true);
  }

  /**
   * Delivers what has arrived. All of it is taken from the inbox first, because a listener may use the
   * channel.
   */
  #deliver(): void {
    const listener = this.#listener;
    if (this.#closed || listener === undefined) return;
    const answers = this.#inbox.takeAnswers();
    const events = this.#paused ? [] : this.#inbox.takeEvents();
    this.#refer();
    if (!this.#prints.isEmpty) listener.printed();
    // Nothing counts after an invalid answer: its call fails with those that have no answer.
    for (const one of answers) if (!this.#answer(listener, one)) break;
    for (const event of events) guarded(() => deliverEvent(listener, event));
    this.#acknowledge(events);
    const isLeft = !this.#paused && !this.#inbox.isEmpty;
    if (isLeft) this.#schedule();
    if (this.#inbox.problem !== null || this.#gone) listener.ending();
    else if (!isLeft) listener.quiet();
  }

  /** Delivers an answer. Returns false if it is invalid. */
  #answer(listener: ChannelListener, { request, record, bytes }: PipeAnswer): boolean {
    const { operation, status, detail, instance, method } = record;
    const about = { operation, status, detail, instance, method };
    const isBatch = operation === Operation.BATCH && bytes.length > 0;
    const batch = isBatch ? unpackBatch(record, bytes, listener.batchSize(request.slot)) : null;
    if (batch === 'invalid') this.#inbox.break(NO_BATCH);
    else if (batch === 'no-memory') listener.answer(request.slot, { ...about, ...WITHOUT_MEMORY });
    else listener.answer(request.slot, { ...about, bytes: isBatch ? NO_BYTES : bytes, batch });
    return batch !== 'invalid';
  }

  /** Reports the delivered events to the runner, which may then emit more. */
  #acknowledge(events: readonly Message[]): void {
    if (events.length === 0) return;
    const number = this.#inbox.settle(events);
    if (this.#closed || this.#gone) return;
    const about = { operation: PipeOperation.TAKEN, size: 0, instance: 0, method: 0, detail: 0 };
    this.#line?.write(encodeRecord({ ...about, number }));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const told = setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
    if (!this.#referenced && this.#inbox.pending.count === 0 && this.#inbox.isEmpty) told.unref();
  }

  #refer(): void {
    this.#line?.reference(this.#referenced || this.#inbox.pending.count > 0);
  }

  reference(on: boolean): void {
    this.#referenced = on;
    this.#refer();
  }

  pause(on: boolean): void {
    if (this.#paused === on) return;
    this.#paused = on;
    if (!on) this.#schedule();
  }

  poke(): void {
    this.#schedule();
  }

  break(): void {
    this.#inbox.break('it sent values that the protocol does not define');
  }

  // ---- The end ----

  facts(): ProcessFacts | undefined {
    if (this.#closed) return undefined;
    const { state, pid, active, landlock, crash } = this.#inbox.page;
    const end = this.#end.look() ?? null;
    return {
      ...{ state, pid, active, landlock, crash },
      broken: this.#inbox.problem,
      end: end === null ? null : { ...end, peak: 0 },
      call: this.#inbox.call(),
    };
  }

  callInput(limit: number): Buffer | null {
    return this.#closed ? null : this.#inbox.callInput(limit);
  }

  #hasEnded(): boolean {
    return this.#end.look() !== null;
  }

  awaitEnd(milliseconds: number): boolean {
    const due = performance.now() + milliseconds;
    while (!this.#hasEnded()) {
      if (performance.now() >= due) return false;
      sleep(1);
    }
    this.#line?.drain();
    return true;
  }

  finish(): void {
    this.#paused = false;
    this.#line?.drain();
    do this.#deliver();
    while (!this.#closed && !this.#inbox.isEmpty);
    this.#listener?.ended();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#line?.close();
    this.#ends.abandon();
    this.#end.close();
  }
}

const NO_BATCH = 'it answered a batch with an inconsistent result';

/** The rest of an answer that this process has no memory for. */
const WITHOUT_MEMORY = { status: Outcome.EXHAUSTED, detail: 0, bytes: NO_BYTES, batch: null };

/** Encodes a batch. Returns the outcome if that is not possible. */
function packed(offsets: Int32Array, data: Uint8Array): Buffer | number {
  const bytes = ifMemory(() => packBatch(offsets, data) ?? Outcome.BAD_BATCH);
  return bytes ?? Outcome.EXHAUSTED;
}

function deliverEvent(listener: ChannelListener, { record, bytes }: Message): void {
  if (record.operation === Operation.EVENT) listener.event(record.instance, bytes);
  else listener.log(record.instance, record.status, textOf(bytes, LONGEST_LOG));
}
