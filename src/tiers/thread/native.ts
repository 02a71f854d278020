/**
 * The interface of the thread tier to the addon. Calls are passed one by one. Completed calls come back in
 * rows, many at a time.
 */

import { type Addon, addonProblem, loadAddon } from '../../addon/addon.js';
import type { ThreadAddon } from '../../addon/thread.js';
import { TenonError } from '../../base/errors.js';
import { isRecycling, resultMemory } from '../../base/recycled-memory.js';
import { runtimeProblem } from '../../base/runtime.js';
import { textOf } from '../../base/text.js';
import { backendOfThread } from '../inline/inline.js';
import type { Failure } from '../status.js';
import { ThreadControl, ThreadRow } from './control.js';

/** The size in bytes up to which a loop copies results faster than a call does. */
const SMALL = 64;
/** The number of rounds of rows after which the event loop gets a turn. */
const ROUNDS = 8;

/** The outcome of a call. There is only one object: it is valid until the next call is settled. */
export interface ThreadAnswer extends Omit<Failure, 'text'> {
  readonly outcome: number;
  readonly detail: number;
  /** The size of the output in bytes. */
  readonly length: number;
  /** The position of the output in the memory for results; -1 if it must be taken. */
  readonly place: number;
  /** The number of messages of a batch that were processed. */
  readonly processed: number;
}

/** An operation of a thread that JavaScript waits for. `settle` must not run code of the user. */
export interface Ticket {
  settle(answer: ThreadAnswer): void;
}

/** The functions of the addon, and the memory that this JavaScript thread shares with them. */
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

  /** Selects the instance for the next function. */
  aim(target: number, generation: number): void {
    this.control[ThreadControl.TARGET] = target;
    this.control[ThreadControl.GENERATION] = generation;
  }

  /** Returns an id with which native code will answer the ticket. */
  issue(ticket: Ticket): number {
    const id = this.#free.pop() ?? this.#tickets.length;
    this.#tickets[id] = ticket;
    return id;
  }

  /** Frees an id that native code will not answer. */
  withdraw(id: number): void {
    this.#tickets[id] = undefined;
    this.#free.push(id);
  }

  ticket(id: number): Ticket | undefined {
    return this.#tickets[id];
  }

  /** Runs `work` after all tickets of this turn are settled. `work` may run code of the user. */
  later(work: () => void): void {
    this.#later.push(work);
  }

  /** Settles the tickets of all completed operations. */
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

  /** Returns the outcome of the blocking call that has just returned. */
  waited(): ThreadAnswer {
    const answer = this.#answer;
    answer.outcome = this.at(ThreadControl.OUTCOME);
    answer.detail = this.at(ThreadControl.DETAIL);
    answer.length = this.at(ThreadControl.LENGTH);
    answer.processed = this.at(ThreadControl.PROCESSED);
    answer.place = this.at(ThreadControl.GROWN) === 0 ? 0 : -1;
    return answer;
  }

  /**
   * Copies the output of a call. The memory of the copy belongs to the caller. `recycled` says whether the caller may
   * give it back.
   */
  output({ length, place }: ThreadAnswer, recycled = isRecycling()): Buffer {
    if (place < 0) return this.#take(length, recycled);
    const result = Buffer.allocUnsafe(length);
    const results = this.#results;
    if (length > SMALL) results.copy(result, 0, place, place + length);
    else for (let i = 0; i < length; i++) result[i] = results[place + i] as number;
    return result;
  }

  /** Returns the failure of a call, and takes its text. */
  failure(answer: ThreadAnswer): Failure {
    const { outcome, detail, length, place } = answer;
    if (outcome < 0) {
      this.skip(answer);
      return { outcome, detail, text: '' };
    }
    const text =
      place < 0 ? textOf(this.#take(length, false)) : this.#results.toString('utf8', place, place + length);
    return { outcome, detail, text };
  }

  /** Frees an output that is not needed. */
  skip({ place }: ThreadAnswer): void {
    if (place < 0) this.addon.skip();
  }

  /** Delivers the log entries of instances that are closed or whose `new` failed. */
  flush(): void {
    this.#flush();
  }

  #take(length: number, recycled: boolean): Buffer {
    let result: Buffer;
    try {
      result = resultMemory(length, recycled);
    } catch (error) {
      this.addon.skip();
      throw error;
    }
    this.addon.take(result);
    return result;
  }
}

let opened: ThreadNative | undefined;

/**
 * Returns the interface of this JavaScript thread.
 * @throws TenonError ERR_TENON_UNSUPPORTED without the addon
 */
export function openThreads(): ThreadNative {
  if (opened !== undefined) return opened;
  const addon = loadAddon();
  const lacking = runtimeProblem('thread');
  if (addon === null || lacking !== null) {
    const reason = lacking ?? `It needs the native addon. ${addonProblem()}`;
    throw new TenonError(
      'ERR_TENON_UNSUPPORTED',
      `Cannot run a plugin in the thread tier. ${reason} Alternatively, load the plugin with isolation 'inline'.`,
    );
  }
  backendOfThread(); // opens the delivery of events
  opened = new ThreadNative(addon);
  return opened;
}
