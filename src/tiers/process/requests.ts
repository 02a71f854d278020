/** The asynchronous requests of one runner: sent ones, and those that wait for their turn. */
import { Timer } from '../../base/timer.js';
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
  /** The `performance.now()` at which its timeout passes; Infinity for never. */
  readonly due: number;
  /** The number of messages in a batch; 0 for other requests. */
  readonly batch: number;
  /** The bytes of its input. */
  readonly size: number;
  /** Receives the answer. Exactly one of `settle` and `fail` is called, once. */
  readonly settle: (answer: Answer) => void;
  /** Receives the error of a request without an answer. */
  readonly fail: (error: unknown) => void;
}

/** The treatment of requests that cannot be sent or are not answered in time. */
export interface RequestRules {
  readonly maxInFlight: number;
  /** Called when the timeout passed. `sent`: the runner has received the request. */
  late(pending: PendingRequest, sent: boolean): void;
  /** Called when the request can never be sent. */
  refused(pending: PendingRequest, outcome: number): void;
}

/** The asynchronous requests of one runner. */
export class PendingRequests {
  readonly #rules: RequestRules;
  readonly #sent: (PendingRequest | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #waiting = new Set<PendingRequest>();
  /** The sent ones whose timeout has passed. */
  readonly #late = new WeakSet<PendingRequest>();
  #calls = 0;
  #all = 0;
  #bytes = 0;
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(rules: RequestRules) {
    this.#rules = rules;
  }

  /** Whether no request is in flight or waiting. */
  get idle(): boolean {
    return this.#all === 0 && this.#waiting.size === 0;
  }

  /** The number of calls in flight, and the bytes of all requests in flight. */
  get load(): { readonly calls: number; readonly bytes: number } {
    return { calls: this.#calls, bytes: this.#bytes };
  }

  /** Sends the request immediately. Returns false if there is currently no room for it. */
  start(pending: PendingRequest): boolean {
    if (this.#waiting.size > 0 || !this.#try(pending)) return false;
    this.#watch(pending);
    return true;
  }

  /** Queues the request until there is room. */
  queue(pending: PendingRequest): void {
    this.#waiting.add(pending);
    this.#watch(pending);
    if (this.#all === 0) this.#pump();
  }

  /** Reserves a slot for a request that native code sends by itself. */
  reserve(pending: PendingRequest): number {
    const slot = this.#free.pop() ?? this.#sent.length;
    this.#sent[slot] = pending;
    this.#all++;
    this.#bytes += pending.size;
    return slot;
  }

  at(slot: number): PendingRequest | undefined {
    return this.#sent[slot];
  }

  /** Settles the request of a slot. Returns false if the slot has none. */
  answered(slot: number, answer: Answer): boolean {
    const pending = this.#sent[slot];
    if (pending === undefined) return false;
    this.#release(slot, pending);
    pending.settle(answer);
    if (this.#waiting.size > 0) this.#pump();
    return true;
  }

  /** Removes a waiting request. Returns false if it is not waiting. */
  withdraw(pending: PendingRequest): boolean {
    return this.#waiting.delete(pending);
  }

  /** Fails all requests. `sent`: the runner has received the request. */
  failAll(error: (pending: PendingRequest, sent: boolean) => unknown): void {
    const sentOnes = [...this.#sent];
    const waiting = [...this.#waiting];
    this.#sent.length = 0;
    this.#free.length = 0;
    this.#waiting.clear();
    this.#calls = 0;
    this.#all = 0;
    this.#bytes = 0;
    this.#timer?.cancel();
    for (const pending of sentOnes) pending?.fail(error(pending, true));
    for (const pending of waiting) pending.fail(error(pending, false));
  }

  #release(slot: number, pending: PendingRequest): void {
    this.#sent[slot] = undefined;
    this.#free.push(slot);
    this.#all--;
    this.#bytes -= pending.size;
    if (pending.counts) this.#calls--;
  }

  /** Tries to send the request. Returns false if it must wait. */
  #try(pending: PendingRequest): boolean {
    if (pending.counts && this.#calls >= this.#rules.maxInFlight) return false;
    const slot = this.#free.pop() ?? this.#sent.length;
    const outcome = pending.send(slot);
    if (outcome === 0) {
      this.#sent[slot] = pending;
      this.#all++;
      this.#bytes += pending.size;
      if (pending.counts) this.#calls++;
      return true;
    }
    if (slot < this.#sent.length) this.#free.push(slot);
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

  /**
   * Sets the timer to the earliest deadline. All requests share it, because most of them are answered in
   * time.
   */
  #watch(pending: PendingRequest): void {
    if (pending.due >= this.#timerDue) return;
    this.#timer?.cancel();
    this.#timerDue = pending.due;
    this.#timer = new Timer(pending.due - performance.now(), () => this.#look()).unref();
  }

  #look(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    // A timer may fire slightly early.
    const now = performance.now() + 1;
    for (const pending of this.#waiting) {
      if (pending.due <= now && this.withdraw(pending)) this.#rules.late(pending, false);
    }
    for (const pending of [...this.#sent]) {
      if (pending === undefined || pending.due > now || this.#late.has(pending)) continue;
      this.#late.add(pending);
      this.#rules.late(pending, true);
    }
    // The process may take a while to end. Until then the other requests have their own timeouts.
    for (const pending of [...this.#sent, ...this.#waiting])
      if (pending !== undefined && pending.due > now) this.#watch(pending);
  }
}
