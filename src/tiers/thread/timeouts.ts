/** The timeouts of one instance: one timer, which is not touched by calls that come back in time. */

import { Timer } from '../../base/timer.js';

/** Something that has to be over by a time. */
export interface Watched {
  /** `performance.now()` at which it is given up; Infinity if only its own running time counts. */
  readonly expires: number;
  /** Milliseconds that it may run. */
  readonly timeout: number;
}

export class TimeoutWatch {
  readonly #all = new Set<Watched>();
  readonly #look: () => number;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** `look` gives up what is overdue. Returns the milliseconds after which it has to look again, Infinity for never. */
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

  /** Those whose time is over. */
  expired(): Watched[] {
    const now = performance.now();
    return [...this.#all].filter(({ expires }) => expires <= now);
  }

  /** Looks now, and when it has to be again. */
  look(): void {
    const soon = this.#look();
    const now = performance.now();
    let next = now + soon;
    for (const { expires, timeout } of this.#all) {
      next = Math.min(next, Number.isFinite(expires) ? expires : now + timeout);
    }
    this.#arm(next);
  }

  /** The event loop is kept alive by what is waited for, not by this. */
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
