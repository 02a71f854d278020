/** What has come from a runner over a pipe and was not told yet. Nothing of it is believed before it is checked. */
import type { ProcessFacts } from '../../../addon/process.js';
import { Operation, Stage } from '../protocol.js';
import { FrameReader, HEADER, type PipeRecord } from './frames.js';
import { decodePage, FIRST_PAGE, PAGE_SIZE, type Page } from './page.js';
import { type PipeRequest, PipeRequests } from './pending.js';

/** Beside the operations that shared memory has too. */
export const PipeOperation = { TAKEN: 9, PAGE: 20 } as const;
/** Bytes of events, with their records, that may wait here. The runner counts too. */
const MOST_EVENTS = 64 << 20;
/** Where an operation keeps the runner. */
const STAGES: Readonly<Record<number, number>> = {
  [Operation.NEW]: Stage.NEW,
  [Operation.CALL]: Stage.CALL,
  [Operation.BATCH]: Stage.CALL,
  [Operation.DROP]: Stage.DROP,
  [Operation.BIND]: Stage.EXTENSION,
  [Operation.METHOD_COUNT]: Stage.EXTENSION,
};

export interface Message {
  readonly record: PipeRecord;
  readonly bytes: Buffer;
}
/** The answer to an asynchronous request. */
export interface PipeAnswer extends Message {
  readonly request: PipeRequest;
}

export class PipeInbox {
  readonly pending = new PipeRequests();
  readonly reader = new FrameReader({
    check: (record) => this.#check(record),
    take: (record, bytes) => this.#take({ record, bytes }),
  });
  /** The answer to the synchronous request. */
  answer: Message | undefined;
  #answers: PipeAnswer[] = [];
  #events: Message[] = [];
  /** Bytes of events that came and that were delivered, both counted with their records. */
  #came = 0;
  #delivered = 0;
  #page: Page = FIRST_PAGE;
  #broken: string | null = null;

  /** Why nothing of the runner can be believed any more. */
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

  takeEvents(): readonly Message[] {
    return this.#events.splice(0);
  }

  /** These events were delivered. Returns up to where that is, for the runner. */
  settle(events: readonly Message[]): number {
    for (const { bytes } of events) this.#delivered += HEADER + bytes.length;
    return this.#delivered;
  }

  /** What the runner said last about a call; if it had no time for that, the request that it has not answered. */
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
      return size === PAGE_SIZE ? null : 'it told about itself in a record of another size than that has';
    }
    if (isEvent(operation)) {
      const fits = this.#came - this.#delivered + HEADER + size <= MOST_EVENTS;
      return fits ? null : 'it sent more events than it may';
    }
    const { first } = this.pending;
    const isFirst = first?.operation === Operation.READY;
    const expected = operation === first?.operation || (isFirst && operation === Operation.REFUSED);
    return expected && number === first?.number ? null : 'it sent an answer that nobody waits for';
  }

  #take(message: Message): void {
    const { record, bytes } = message;
    if (record.operation === PipeOperation.PAGE) {
      this.#page = decodePage(bytes);
    } else if (isEvent(record.operation)) {
      this.#came += HEADER + bytes.length;
      this.#events.push(message);
    } else {
      const request = this.pending.shift();
      if (request === undefined) return;
      if (request.slot < 0) this.answer = message;
      else this.#answers.push({ ...message, request });
    }
  }
}

function isEvent(operation: number): boolean {
  return operation === Operation.EVENT || operation === Operation.LOG;
}
