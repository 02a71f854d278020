/** The timeouts of one instance. They share one timer, which calls that return in time do not touch. */

import { Timer } from '../../base/timer.js';

/** An operation with a timeout. */
export interface Watched {
  /** The `performance.now()` at which it is abandoned; Infinity if only its own running time counts. */
  readonly expires: number;
  /** Milliseconds that it may run. */
  readonly timeout: number;
}

/** Watches the timeouts of one instance. */
export class TimeoutWatch {
  readonly #all = new Set<Watched>();
  readonly #look: () => number;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /**
   * Makes a watch. `look` abandons overdue operations, and returns the milliseconds until it must be called
   * again; Infinity for never.
   */
  constructor(look: () => number) {
    this.#look = look;
  }

  add(watched: Watched): void {
    this.#all.add(watched);
    this.#arm(Math.min(watched.expires, performance.now() + watched.timeout));
  }

  delete(watched: Watched): void {
    this.#all.delete(watched);
  }

  /** Returns the operations whose timeout has passed. */
  expired(): Watched[] {
    const now = performance.now();
    return [...this.#all].filter(({ expires }) => expires <= now);
  }

  /** Checks the timeouts now, and schedules the next check. */
  look(): void {
    const soon = this.#look();
    const now = performance.now();
    let next = now + soon;
    for (const { expires, timeout } of this.#all) {
      next = Math.min(next, Number.isFinite(expires) ? expires : now + timeout);
    }
    this.#arm(next);
  }

  /** Sets the timer. It does not keep the event loop alive; the pending operations do. */
  #arm(at: number): void {
    if (at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = new Timer(Math.max(at - performance.now(), 1), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.look();
    }).unref();
  }
}
