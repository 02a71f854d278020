/** The thread tier's side of the addon: calls go in one by one, what is done comes back in rows, many at a time. */

import { type Addon, addonProblem, loadAddon } from '../../addon/addon.js';
import type { ThreadAddon } from '../../addon/thread.js';
import { TenonError } from '../../base/errors.js';
import { backendOfThread } from '../inline/inline.js';
import type { Failure } from '../status.js';
import { ThreadControl, ThreadRow } from './control.js';

/** Results up to this size are copied faster by a loop than by a call. */
const SMALL = 64;
/** After so many rounds of rows the event loop gets a turn. */
const ROUNDS = 8;

/** How a call went. One object serves all: it is valid until the next one is settled. */
export interface ThreadAnswer extends Omit<Failure, 'text'> {
  readonly outcome: number;
  readonly detail: number;
  /** Bytes of output. */
  readonly length: number;
  /** Where in the results they are; -1 if they have to be taken. */
  readonly place: number;
  /** Messages of a batch that were processed. */
  readonly processed: number;
}

/** Who waits for something that a thread does. Must not run code of the user in `settle`. */
export interface Ticket {
  settle(answer: ThreadAnswer): void;
}

/** The functions of the addon and the memory that this JavaScript thread shares with them. */
export class ThreadNative {
  readonly addon: ThreadAddon;
  readonly control: Int32Array;
  readonly #results: Buffer;
  readonly #flush: () => void;
  readonly #tickets: (Ticket | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #answer = { outcome: 0, detail: 0, length: 0, place: 0, processed: 0 };
  #later: (() => void)[] = [];

  constructor(addon: Addon) {
    const [control, results] = addon.threads.open(() => this.settle());
    this.addon = addon.threads;
    this.control = new Int32Array(control);
    this.#results = Buffer.from(results);
    this.#flush = addon.flush;
    process.on('exit', () => addon.threads.shutdown());
  }

  at(place: number): number {
    return this.control[place] as number;
  }

  /** Names the instance that the next function is for. */
  aim(target: number, generation: number): void {
    this.control[ThreadControl.TARGET] = target;
    this.control[ThreadControl.GENERATION] = generation;
  }

  /** A number by which native code will answer the ticket. */
  issue(ticket: Ticket): number {
    const id = this.#free.pop() ?? this.#tickets.length;
    this.#tickets[id] = ticket;
    return id;
  }

  /** Native code will not answer this one. */
  withdraw(id: number): void {
    this.#tickets[id] = undefined;
    this.#free.push(id);
  }

  ticket(id: number): Ticket | undefined {
    return this.#tickets[id];
  }

  /** Does something after all tickets of this turn are settled; it may run code of the user. */
  later(work: () => void): void {
    this.#later.push(work);
  }

  /** Settles the tickets of all that is done. */
  settle(): void {
    for (let round = 0; round < ROUNDS; round++) {
      this.addon.completions();
      const count = this.at(ThreadControl.COUNT);
      if (count === 0) return;
      this.#settleRows(count);
      if (this.#later.length > 0) this.#runLater();
    }
    setImmediate(() => this.settle());
  }

  #settleRows(count: number): void {
    const { control } = this;
    const answer = this.#answer;
    let place = 0;
    for (let i = 0, at: number = ThreadControl.ROWS; i < count; i++, at += ThreadRow.SIZE) {
      const id = control[at + ThreadRow.CALL] as number;
      const taken = control[at + ThreadRow.TAKE] !== 0;
      answer.outcome = control[at + ThreadRow.OUTCOME] as number;
      answer.detail = control[at + ThreadRow.DETAIL] as number;
      answer.length = control[at + ThreadRow.LENGTH] as number;
      answer.processed = control[at + ThreadRow.PROCESSED] as number;
      answer.place = taken ? -1 : place;
      if (!taken) place += answer.length;
      const ticket = this.#tickets[id];
      if (ticket !== undefined) {
        this.withdraw(id);
        ticket.settle(answer);
      } else if (taken) this.addon.skip();
    }
  }

  #runLater(): void {
    const all = this.#later;
    this.#later = [];
    for (const work of all) work();
  }

  /** How the call went that was just waited for. */
  waited(): ThreadAnswer {
    const answer = this.#answer;
    answer.outcome = this.at(ThreadControl.OUTCOME);
    answer.detail = this.at(ThreadControl.DETAIL);
    answer.length = this.at(ThreadControl.LENGTH);
    answer.processed = this.at(ThreadControl.PROCESSED);
    answer.place = this.at(ThreadControl.GROWN) === 0 ? 0 : -1;
    return answer;
  }

  /** The output of a call, for the caller to keep. */
  output({ length, place }: ThreadAnswer): Buffer {
    if (place < 0) return this.#take(length);
    const result = Buffer.allocUnsafe(length);
    const results = this.#results;
    if (length > SMALL) results.copy(result, 0, place, place + length);
    else for (let i = 0; i < length; i++) result[i] = results[place + i] as number;
    return result;
  }

  /** The failure that an answer tells of; its text is taken. */
  failure(answer: ThreadAnswer): Failure {
    const { outcome, detail, length, place } = answer;
    if (outcome < 0) {
      this.skip(answer);
      return { outcome, detail, text: '' };
    }
    const text =
      place < 0 ? this.#take(length).toString() : this.#results.toString('utf8', place, place + length);
    return { outcome, detail, text };
  }

  /** Lets go of an output that nobody wants. */
  skip({ place }: ThreadAnswer): void {
    if (place < 0) this.addon.skip();
  }

  /** Delivers the log entries that instances left behind. */
  flush(): void {
    this.#flush();
  }

  #take(length: number): Buffer {
    let result: Buffer;
    try {
      result = Buffer.allocUnsafeSlow(length);
    } catch (error) {
      this.addon.skip();
      throw error;
    }
    this.addon.take(result);
    return result;
  }
}

let opened: ThreadNative | undefined;

/** The one of this JavaScript thread. @throws TenonError ERR_TENON_UNSUPPORTED without the addon */
export function openThreads(): ThreadNative {
  if (opened !== undefined) return opened;
  const addon = loadAddon();
  if (addon === null) {
    throw new TenonError(
      'ERR_TENON_UNSUPPORTED',
      `Cannot run a plugin on a thread of its own without the native addon. ${addonProblem()} Or load the plugin with isolation 'inline'.`,
    );
  }
  backendOfThread(); // has opened what delivers events
  opened = new ThreadNative(addon);
  return opened;
}
