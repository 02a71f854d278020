/** Timers for any duration: Node.js fires a timer of more than 2^31 - 1 ms at once. */

/** The most that one timer of Node.js waits, in milliseconds: 24.8 days. */
const MOST = 2 ** 31 - 1;

/** Calls `fire` once, `ms` milliseconds from now or a little later; never for Infinity. */
export class Timer {
  readonly #end: number;
  readonly #fire: () => void;
  #handle: NodeJS.Timeout | undefined;
  #referenced = true;

  constructor(ms: number, fire: () => void) {
    this.#end = performance.now() + ms;
    this.#fire = fire;
    if (ms !== Number.POSITIVE_INFINITY) this.#arm();
  }

  /** Does not keep the event loop alive any more. */
  unref(): this {
    this.#referenced = false;
    this.#handle?.unref();
    return this;
  }

  /** Keeps the event loop alive again, as a new timer does. */
  ref(): this {
    this.#referenced = true;
    this.#handle?.ref();
    return this;
  }

  cancel(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  #arm(): void {
    const left = this.#end - performance.now();
    const fire = left > MOST ? () => this.#arm() : this.#fire;
    this.#handle = setTimeout(fire, Math.min(Math.max(Math.ceil(left), 0), MOST));
    if (!this.#referenced) this.#handle.unref();
  }
}
