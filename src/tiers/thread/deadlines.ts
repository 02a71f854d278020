/** The deadlines of one instance: one timer, which is not touched by calls that come back in time. */

/** Something that has to be over by a time. */
export interface Watched {
  /** `performance.now()` at which it is given up; Infinity if only its own running time counts. */
  readonly expires: number;
  /** Milliseconds that it may run. */
  readonly deadline: number;
}

export class DeadlineWatch {
  readonly #all = new Set<Watched>();
  readonly #look: () => number;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** `look` gives up what is overdue. Returns the milliseconds after which it has to look again, Infinity for never. */
  constructor(look: () => number) {
    this.#look = look;
  }

  add(watched: Watched): void {
    this.#all.add(watched);
    this.#arm(Math.min(watched.expires, performance.now() + watched.deadline));
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
    for (const { expires, deadline } of this.#all) {
      next = Math.min(next, Number.isFinite(expires) ? expires : now + deadline);
    }
    this.#arm(next);
  }

  /** The event loop is kept alive by what is waited for, not by this. */
  #arm(at: number): void {
    if (at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    const ms = Math.max(Math.ceil(at - performance.now()), 1);
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.look();
    }, ms).unref();
  }
}
