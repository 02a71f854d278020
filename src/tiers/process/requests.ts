/** The asynchronous requests of one runner: sent ones, and those that wait for their turn. */
import { AttentiveTimer, attentiveNow } from '../../base/attention.js';
import type { CallSite } from '../status.js';
import type { Answer } from './channel.js';
import { ProcessOutcome } from './protocol.js';

/** An asynchronous request. */
export interface PendingRequest {
  /** Sends it. Returns 0 or a ProcessOutcome. Called again after a FULL. */
  readonly send: (slot: number) => number;
  /** Whether it counts as a call, which `maxInFlight` limits. */
  readonly counts: boolean;
  readonly site: CallSite;
  /** The timeout in milliseconds; Infinity for none. */
  readonly timeout: number;
  /** The time at which its timeout passes, by {@link attentiveNow}. Infinity for never, and once it has passed. */
  due: number;
  /** Whether it must run even if it is late. */
  readonly firm: boolean;
  /** The number of messages in a batch; 0 for other requests. */
  readonly batch: number;
  /** The bytes of its input. */
  readonly size: number;
  /** Whether its caller may give the memory of the result back. */
  readonly recycled?: boolean;
  /** The slot in which it was sent; -1 if it was not. {@link PendingRequests} sets this member and the next two. */
  slot: number;
  /** The number of the request, in the order of sending. */
  order: number;
  /** Whether it takes one of the places that `maxInFlight` limits. */
  placed: boolean;
  /** Whether its promise is settled. */
  readonly over: boolean;
  /** Receives the answer. Only the first of `settle` and `fail` has an effect. */
  readonly settle: (answer: Answer) => void;
  /** Receives the error of a request without an answer. */
  readonly fail: (error: unknown) => void;
}

/**
 * The progress of a request when its timeout passed. `unsent`: the runner has not received it. `unbegun`: it was taken
 * back before it began. `begun`: it has begun or may have, but has not run for the timeout, since it waited for others
 * first. `running`: it has run for the timeout.
 */
export type Lateness = 'unsent' | 'unbegun' | 'begun' | 'running';

/** The treatment of requests that cannot be sent or are not answered in time. */
export interface RequestRules {
  readonly maxInFlight: number;
  /** Called when the timeout passed. For a request that runs, it is called again after each further timeout. */
  late(pending: PendingRequest, lateness: Lateness): void;
  /** Called when the request can never be sent. */
  refused(pending: PendingRequest, outcome: number): void;
  /**
   * Takes back the request of a slot, which is at `index` of the unanswered ones. Returns whether it certainly has
   * not begun and will not.
   */
  withdraw(index: number, slot: number): boolean;
}

/** The asynchronous requests of one runner. */
export class PendingRequests {
  readonly #rules: RequestRules;
  readonly #slots: (PendingRequest | undefined)[] = [];
  readonly #free: number[] = [];
  /**
   * The sent requests in order, from `#first` on. The runner runs and answers them in this order. Those before are
   * undefined, because an answered request holds its input and its result.
   */
  #sent: (PendingRequest | undefined)[] = [];
  #first = 0;
  readonly #waiting = new Set<PendingRequest>();
  #order = 0;
  #calls = 0;
  #bytes = 0;
  /** The time since which the first request runs at least, if it has a timeout. */
  #runsSince = 0;
  #timer: AttentiveTimer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(rules: RequestRules) {
    this.#rules = rules;
  }

  /** Whether no request is in flight or waiting. */
  get idle(): boolean {
    return this.#first === this.#sent.length && this.#waiting.size === 0;
  }

  /** The number of calls in flight, and the bytes of all requests in flight. */
  get load(): { readonly calls: number; readonly bytes: number } {
    return { calls: this.#calls, bytes: this.#bytes };
  }

  /** The request that runs, or is about to run. */
  get first(): PendingRequest | undefined {
    return this.#sent[this.#first];
  }

  get #unanswered(): PendingRequest[] {
    return this.#sent.slice(this.#first) as PendingRequest[];
  }

  /** Sends the request immediately. Returns false if there is currently no room for it. */
  start(pending: PendingRequest): boolean {
    if (this.#waiting.size > 0 || !this.#try(pending, pending.due - pending.timeout)) return false;
    if (pending.due !== Number.POSITIVE_INFINITY) this.#watch(pending.due);
    return true;
  }

  /** Queues the request until there is room. */
  queue(pending: PendingRequest): void {
    this.#waiting.add(pending);
    if (pending.due !== Number.POSITIVE_INFINITY) this.#watch(pending.due);
    if (this.#first === this.#sent.length) this.#pump();
  }

  /** Reserves a slot for a request that native code sends by itself. */
  reserve(pending: PendingRequest): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#enter(slot, pending, undefined);
    return slot;
  }

  /** The slot that the next request gets. */
  get spareSlot(): number {
    return this.#free.at(-1) ?? this.#slots.length;
  }

  at(slot: number): PendingRequest | undefined {
    return this.#slots[slot];
  }

  /** Settles the request of a slot. Returns false if the slot has none. */
  answered(slot: number, answer: Answer): boolean {
    const pending = this.#slots[slot];
    if (pending === undefined) return false;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    this.#shift();
    this.#vacate(pending);
    pending.settle(answer);
    if (this.#waiting.size > 0) this.#pump();
    return true;
  }

  /**
   * Takes back a request whose result is no longer wanted. Returns whether it certainly has not begun and will
   * not. Its place is then free.
   */
  withdraw(pending: PendingRequest): boolean {
    if (pending.slot < 0) {
      this.#waiting.delete(pending);
      return true;
    }
    if (this.#slots[pending.slot] !== pending) return false;
    const index = pending.order - (this.first as PendingRequest).order;
    if (!this.#rules.withdraw(index, pending.slot)) return false;
    this.#vacate(pending);
    if (this.#waiting.size > 0) this.#pump();
    return true;
  }

  /** Fails all requests. `sent`: the runner has received the request. */
  failAll(error: (pending: PendingRequest, sent: boolean) => unknown): void {
    const sent = this.#unanswered;
    const waiting = [...this.#waiting];
    this.#slots.length = 0;
    this.#free.length = 0;
    this.#sent = [];
    this.#first = 0;
    this.#waiting.clear();
    this.#calls = 0;
    this.#bytes = 0;
    this.#timer?.cancel();
    for (const pending of sent) pending.fail(error(pending, true));
    for (const pending of waiting) pending.fail(error(pending, false));
  }

  /**
   * `since`: the time of a request that was sent at once, whose timeout has begun then. If nothing is before it,
   * it runs since that time, even if sending it took a while.
   */
  #enter(slot: number, pending: PendingRequest, since: number | undefined): void {
    if (this.#first === this.#sent.length && pending.timeout !== Number.POSITIVE_INFINITY)
      this.#runsSince = since ?? attentiveNow();
    this.#slots[slot] = pending;
    this.#sent.push(pending);
    pending.slot = slot;
    pending.order = this.#order++;
    pending.placed = true;
    this.#bytes += pending.size;
    if (pending.counts) this.#calls++;
  }

  /** Removes the first request. The next one begins to run. */
  #shift(): void {
    if (this.#sent.length === 1) {
      // Unlike a new length, this keeps the memory of the array, which one call after the other needs each time.
      this.#sent.pop();
      return;
    }
    this.#sent[this.#first++] = undefined;
    if (this.#first === this.#sent.length) {
      this.#sent.length = 0;
      this.#first = 0;
      return;
    }
    if (this.#first > 1024) {
      this.#sent = this.#sent.slice(this.#first);
      this.#first = 0;
    }
    const { timeout } = this.first as PendingRequest;
    if (timeout === Number.POSITIVE_INFINITY) return;
    this.#runsSince = attentiveNow();
    this.#watch(this.#runsSince + timeout);
  }

  #vacate(pending: PendingRequest): void {
    if (!pending.placed) return;
    pending.placed = false;
    this.#bytes -= pending.size;
    if (pending.counts) this.#calls--;
  }

  /** Tries to send the request. Returns false if it must wait. */
  #try(pending: PendingRequest, since?: number): boolean {
    if (pending.counts && this.#calls >= this.#rules.maxInFlight) return false;
    const slot = this.#free.pop() ?? this.#slots.length;
    const outcome = pending.send(slot);
    if (outcome === 0) {
      this.#enter(slot, pending, since);
      return true;
    }
    if (slot < this.#slots.length) this.#free.push(slot);
    if (outcome === ProcessOutcome.FULL) return false;
    this.#rules.refused(pending, outcome);
    return true;
  }

  #pump(): void {
    for (const pending of this.#waiting) {
      if (!this.#try(pending)) break;
      this.#waiting.delete(pending);
    }
  }

  /** Sets the timer. All requests share it, because most of them are answered in time. */
  #watch(due: number): void {
    if (due >= this.#timerDue) {
      this.#timer?.wake();
      return;
    }
    this.#timer?.cancel();
    this.#timerDue = due;
    const look = () => this.#look();
    this.#timer = new AttentiveTimer(due - attentiveNow(), look, () => !this.idle).unref();
  }

  #look(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = attentiveNow() + 1;
    for (const pending of [...this.#waiting]) {
      if (pending.due > now) continue;
      if (!pending.firm) this.#waiting.delete(pending);
      this.#tell(pending, 'unsent');
    }
    const { first } = this;
    if (first !== undefined && this.#runsSince + first.timeout <= now) {
      this.#runsSince = now;
      this.#tell(first, 'running');
    } else {
      for (const pending of this.#unanswered) {
        if (pending.due <= now) this.#tell(pending, this.#takeBack(pending) ? 'unbegun' : 'begun');
      }
    }
    this.#watchAll();
  }

  /** Returns whether the request certainly does not run. A late one behind others may have begun unseen. */
  #takeBack(pending: PendingRequest): boolean {
    return !pending.firm && this.withdraw(pending);
  }

  #tell(pending: PendingRequest, lateness: Lateness): void {
    pending.due = Number.POSITIVE_INFINITY;
    this.#rules.late(pending, lateness);
  }

  #watchAll(): void {
    const { first } = this;
    let next = first === undefined ? Number.POSITIVE_INFINITY : this.#runsSince + first.timeout;
    for (const { due } of this.#unanswered) next = Math.min(next, due);
    for (const { due } of this.#waiting) next = Math.min(next, due);
    if (next !== Number.POSITIVE_INFINITY) this.#watch(next);
  }
}
