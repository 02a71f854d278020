/** Asynchronous requests of one runner: on their way, or waiting for their turn. */
import { Timer } from '../../base/timer.js';
import type { CallSite } from '../status.js';
import type { Answer } from './channel.js';
import { ProcessOutcome } from './protocol.js';

/** One asynchronous request. */
export interface PendingRequest {
  /** Sends it. 0, or a ProcessOutcome. Called again after a FULL. */
  readonly send: (slot: number) => number;
  /** Whether it counts as a call, which `maxInFlight` bounds. */
  readonly counts: boolean;
  readonly site: CallSite;
  /** Milliseconds; Infinity for none. */
  readonly timeout: number;
  /** When it has to be back, by the clock of `performance`; Infinity if never. */
  readonly due: number;
  /** Messages of a batch; 0 for all others. */
  readonly batch: number;
  /** Exactly one of them is called, once. */
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/** What becomes of requests that cannot be sent, or are not answered in time. */
export interface RequestRules {
  readonly maxInFlight: number;
  /** The timeout passed. `sent`: the runner has it. */
  late(pending: PendingRequest, sent: boolean): void;
  /** It cannot be sent, and never will be. */
  refused(pending: PendingRequest, outcome: number): void;
}

export class PendingRequests {
  readonly #rules: RequestRules;
  readonly #sent: (PendingRequest | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #waiting = new Set<PendingRequest>();
  #calls = 0;
  #all = 0;
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(rules: RequestRules) {
    this.#rules = rules;
  }

  /** Whether nothing is on its way and nothing waits. */
  get idle(): boolean {
    return this.#all === 0 && this.#waiting.size === 0;
  }

  /** Sends it right away. False if there is no room for it now. */
  start(pending: PendingRequest): boolean {
    if (this.#waiting.size > 0 || !this.#try(pending)) return false;
    this.#watch(pending);
    return true;
  }

  /** Has it wait for its turn. */
  queue(pending: PendingRequest): void {
    this.#waiting.add(pending);
    this.#watch(pending);
    if (this.#all === 0) this.#pump();
  }

  /** A slot for what native code sends by itself. */
  reserve(pending: PendingRequest): number {
    const slot = this.#free.pop() ?? this.#sent.length;
    this.#sent[slot] = pending;
    this.#all++;
    return slot;
  }

  at(slot: number): PendingRequest | undefined {
    return this.#sent[slot];
  }

  /** The answer is there. False if nobody waits for it. */
  answered(slot: number, answer: Answer): boolean {
    const pending = this.#sent[slot];
    if (pending === undefined) return false;
    this.#release(slot, pending);
    pending.settle(answer);
    if (this.#waiting.size > 0) this.#pump();
    return true;
  }

  /** Takes one back that waits. False if it does not. */
  withdraw(pending: PendingRequest): boolean {
    return this.#waiting.delete(pending);
  }

  /** Fails all there are. `sent`: the runner has it. */
  failAll(error: (pending: PendingRequest, sent: boolean) => unknown): void {
    const sentOnes = [...this.#sent];
    const waiting = [...this.#waiting];
    this.#sent.length = 0;
    this.#free.length = 0;
    this.#waiting.clear();
    this.#calls = 0;
    this.#all = 0;
    this.#timer?.cancel();
    for (const pending of sentOnes) pending?.fail(error(pending, true));
    for (const pending of waiting) pending.fail(error(pending, false));
  }

  #release(slot: number, pending: PendingRequest): void {
    this.#sent[slot] = undefined;
    this.#free.push(slot);
    this.#all--;
    if (pending.counts) this.#calls--;
  }

  /** True unless it has to wait. */
  #try(pending: PendingRequest): boolean {
    if (pending.counts && this.#calls >= this.#rules.maxInFlight) return false;
    const slot = this.#free.pop() ?? this.#sent.length;
    const outcome = pending.send(slot);
    if (outcome === 0) {
      this.#sent[slot] = pending;
      this.#all++;
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

  /** One timer for all: it is for the one that is due first, and most never come due. */
  #watch(pending: PendingRequest): void {
    if (pending.due >= this.#timerDue) return;
    this.#timer?.cancel();
    this.#timerDue = pending.due;
    this.#timer = new Timer(pending.due - performance.now(), () => this.#look()).unref();
  }

  #look(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    // A timer may fire a little before its time.
    const now = performance.now() + 1;
    for (const pending of this.#waiting) {
      if (pending.due <= now && this.withdraw(pending)) this.#rules.late(pending, false);
    }
    const late = this.#sent.find((pending) => pending !== undefined && pending.due <= now);
    if (late !== undefined) this.#rules.late(late, true);
    else
      for (const pending of [...this.#sent, ...this.#waiting])
        if (pending !== undefined) this.#watch(pending);
  }
}
