/** Asynchronous requests of one runner: on their way, or waiting for their turn. */
import type { CallSite } from '../status.js';
import { ProcessOutcome } from './protocol.js';
import type { Answer } from './shared-memory/channel.js';

/** One asynchronous request. */
export interface Flight {
  /** Sends it. 0, or a ProcessOutcome. Called again after a FULL. */
  readonly send: (slot: number) => number;
  /** Whether it counts as a call, which `inFlight` bounds. */
  readonly counts: boolean;
  readonly site: CallSite;
  /** Milliseconds; Infinity for none. */
  readonly deadline: number;
  /** When it has to be back, by the clock of `performance`; Infinity if never. */
  readonly due: number;
  /** Messages of a batch; 0 for all others. */
  readonly batch: number;
  /** Exactly one of them is called, once. */
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/** What becomes of the ones that do not fly. */
export interface FlightRules {
  readonly inFlight: number;
  /** The deadline passed. `sent`: the runner has it. */
  late(flight: Flight, sent: boolean): void;
  /** It cannot be sent, and never will be. */
  refused(flight: Flight, outcome: number): void;
}

export class Flights {
  readonly #rules: FlightRules;
  readonly #flying: (Flight | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #waiting = new Set<Flight>();
  #calls = 0;
  #all = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(rules: FlightRules) {
    this.#rules = rules;
  }

  /** Whether nothing is on its way and nothing waits. */
  get idle(): boolean {
    return this.#all === 0 && this.#waiting.size === 0;
  }

  /** Sends it right away. False if there is no room for it now. */
  start(flight: Flight): boolean {
    if (this.#waiting.size > 0 || !this.#try(flight)) return false;
    this.#watch(flight);
    return true;
  }

  /** Has it wait for its turn. */
  queue(flight: Flight): void {
    this.#waiting.add(flight);
    this.#watch(flight);
    if (this.#all === 0) this.#pump();
  }

  /** A slot for what native code sends by itself. */
  reserve(flight: Flight): number {
    const slot = this.#free.pop() ?? this.#flying.length;
    this.#flying[slot] = flight;
    this.#all++;
    return slot;
  }

  at(slot: number): Flight | undefined {
    return this.#flying[slot];
  }

  /** The answer is there. False if nobody waits for it. */
  land(slot: number, answer: Answer): boolean {
    const flight = this.#flying[slot];
    if (flight === undefined) return false;
    this.#release(slot, flight);
    flight.settle(answer);
    if (this.#waiting.size > 0) this.#pump();
    return true;
  }

  /** Takes one back that waits. False if it does not. */
  withdraw(flight: Flight): boolean {
    return this.#waiting.delete(flight);
  }

  /** Fails all there are. `sent`: the runner has it. */
  failAll(error: (flight: Flight, sent: boolean) => unknown): void {
    const flying = [...this.#flying];
    const waiting = [...this.#waiting];
    this.#flying.length = 0;
    this.#free.length = 0;
    this.#waiting.clear();
    this.#calls = 0;
    this.#all = 0;
    clearTimeout(this.#timer);
    for (const flight of flying) flight?.fail(error(flight, true));
    for (const flight of waiting) flight.fail(error(flight, false));
  }

  #release(slot: number, flight: Flight): void {
    this.#flying[slot] = undefined;
    this.#free.push(slot);
    this.#all--;
    if (flight.counts) this.#calls--;
  }

  /** True unless it has to wait. */
  #try(flight: Flight): boolean {
    if (flight.counts && this.#calls >= this.#rules.inFlight) return false;
    const slot = this.#free.pop() ?? this.#flying.length;
    const outcome = flight.send(slot);
    if (outcome === 0) {
      this.#flying[slot] = flight;
      this.#all++;
      if (flight.counts) this.#calls++;
      return true;
    }
    if (slot < this.#flying.length) this.#free.push(slot);
    if (outcome === ProcessOutcome.FULL) return false;
    this.#rules.refused(flight, outcome);
    return true;
  }

  #pump(): void {
    for (const flight of this.#waiting) {
      if (!this.#try(flight)) break;
      this.#waiting.delete(flight);
    }
  }

  /** One timer for all: it is for the one that is due first, and most never come due. */
  #watch(flight: Flight): void {
    if (flight.due >= this.#timerDue) return;
    clearTimeout(this.#timer);
    this.#timerDue = flight.due;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, flight.due - performance.now()));
    this.#timer.unref();
  }

  #look(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    // A timer may fire a little before its time.
    const now = performance.now() + 1;
    for (const flight of this.#waiting) {
      if (flight.due <= now && this.withdraw(flight)) this.#rules.late(flight, false);
    }
    const late = this.#flying.find((flight) => flight !== undefined && flight.due <= now);
    if (late !== undefined) this.#rules.late(late, true);
    else
      for (const flight of [...this.#flying, ...this.#waiting]) if (flight !== undefined) this.#watch(flight);
  }
}
