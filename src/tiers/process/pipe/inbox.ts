/**
 * The messages that have arrived from a runner over a pipe and are not delivered yet. Each is checked before
 * it is used.
 */
import type { ProcessFacts } from '../../../addon/process.js';
import { Outcome } from '../../control.js';
import { Operation, Stage } from '../protocol.js';
import { FrameReader, type PipeRecord } from './frames.js';
import { decodePage, FIRST_PAGE, PAGE_SIZE, type Page } from './page.js';
import { type PipeRequest, PipeRequests } from './pending.js';

/** The operations that only a pipe has. */
export const PipeOperation = { TAKEN: 9, WITHDRAW: 10, LISTENING: 11, PAGE: 20 } as const;
/** The maximum size of waiting events with what each takes besides its bytes. The runner counts too. */
const MOST_EVENTS = 64 << 20;
/** The memory that a waiting event takes besides its bytes, in bytes. The runner has the same number. */
const EVENT_SPACE = 512;
/** The maximum number of events that are delivered in one turn of the event loop. */
const EVENTS_PER_TURN = 1024;
/** The stage of the runner during an operation. */
const STAGES: Readonly<Record<number, number>> = {
  [Operation.NEW]: Stage.NEW,
  [Operation.CALL]: Stage.CALL,
  [Operation.BATCH]: Stage.CALL,
  [Operation.DROP]: Stage.DROP,
  [Operation.BIND]: Stage.EXTENSION,
  [Operation.METHOD_COUNT]: Stage.EXTENSION,
};

/** A message from a runner. */
export interface Message {
  readonly record: PipeRecord;
  readonly bytes: Buffer;
}
/** The answer to an asynchronous request. */
export interface PipeAnswer extends Message {
  readonly request: PipeRequest;
}

/** The messages from one runner that are not delivered yet. */
export class PipeInbox {
  readonly pending = new PipeRequests();
  readonly reader = new FrameReader({
    check: (record) => this.#check(record),
    take: (record, bytes) => this.#take(record, bytes),
  });
  /** The answer to the synchronous request. */
  answer: Message | undefined;
  #answers: PipeAnswer[] = [];
  #events: Message[] = [];
  /** The size of the events that arrived, with their records. */
  #came = 0;
  /** The size of the events that were delivered, with their records. */
  #delivered = 0;
  #page: Page = FIRST_PAGE;
  #broken: string | null = null;
  readonly #longest: number;

  /** Makes an inbox. `longest` is the longest answer in bytes. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The reason why nothing from the runner can be trusted any more; null if it can. */
  get problem(): string | null {
    return this.#broken ?? this.reader.problem;
  }

  get page(): Page {
    return this.#page;
  }

  get isEmpty(): boolean {
    return this.#answers.length === 0 && this.#events.length === 0;
  }

  break(problem: string): void {
    this.#broken ??= problem;
  }

  takeAnswers(): readonly PipeAnswer[] {
    return this.#answers.splice(0);
  }

  /** Takes the events of one turn. */
  takeEvents(): readonly Message[] {
    return this.#events.splice(0, EVENTS_PER_TURN);
  }

  /** Counts delivered events. Returns the total size of all delivered events, for the runner. */
  settle(events: readonly Message[]): number {
    for (const { bytes } of events) this.#delivered += EVENT_SPACE + bytes.length;
    return this.#delivered;
  }

  /**
   * Returns the call that the runner last reported. If it could not report one, returns the request that it
   * has not answered.
   */
  call(): ProcessFacts['call'] {
    const request = this.#unanswered;
    if (request === undefined) return this.#page.call;
    const { operation, number, calls, instance, method, size: inputSize } = request;
    const stage = STAGES[operation] ?? Stage.IDLE;
    return { stage, operation, number, calls, instance, method, message: 0, inputSize };
  }

  /** The input of that call. */
  callInput(limit: number): Buffer | null {
    const request = this.#unanswered ?? this.pending.find(this.#page.call.number);
    return request === undefined || request.size > limit ? null : Buffer.concat(request.pieces);
  }

  get #unanswered(): PipeRequest | undefined {
    const { first } = this.pending;
    return this.#page.ending || first?.operation === Operation.READY ? undefined : first;
  }

  #check({ operation, size, number }: PipeRecord): string | null {
    if (operation === PipeOperation.PAGE) {
      return size === PAGE_SIZE ? null : 'it sent a status record of the wrong size';
    }
    if (isEvent(operation)) {
      const fits = this.#came - this.#delivered + EVENT_SPACE + size <= MOST_EVENTS;
      return fits ? null : 'it sent more events than allowed';
    }
    if (size > this.#longest) return `it announced an answer of ${size} bytes, which is more than the limit`;
    const { first } = this.pending;
    const isFirst = first?.operation === Operation.READY;
    const expected = operation === first?.operation || (isFirst && operation === Operation.REFUSED);
    return expected && number === first?.number ? null : 'it sent an answer that was not requested';
  }

  #take(record: PipeRecord, bytes: Buffer | null): void {
    if (isEvent(record.operation)) {
      this.#came += EVENT_SPACE + record.size;
      if (bytes === null) this.#delivered += EVENT_SPACE + record.size;
      else this.#events.push({ record, bytes });
    } else if (record.operation === PipeOperation.PAGE) {
      if (bytes !== null) this.#page = decodePage(bytes);
    } else {
      const message = bytes === null ? withoutMemory(record) : { record, bytes };
      const request = this.pending.shift();
      if (request === undefined) return;
      if (request.slot < 0) this.answer = message;
      else this.#answers.push({ ...message, request });
    }
  }
}

/** Returns an answer that this process has no memory for. */
function withoutMemory(record: PipeRecord): Message {
  return { record: { ...record, status: Outcome.EXHAUSTED, detail: 0 }, bytes: Buffer.alloc(0) };
}

function isEvent(operation: number): boolean {
  return operation === Operation.EVENT || operation === Operation.LOG;
}
