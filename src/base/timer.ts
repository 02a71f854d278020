/** Timers for any duration. Node.js itself fires a timer of more than 2^31 - 1 ms at once. */

/** The longest timer of Node.js, in milliseconds: 24.8 days. */
const MOST = 2 ** 31 - 1;

/** Calls `fire` once, `ms` milliseconds from now or slightly later. Never fires if `ms` is Infinity. */
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

  /** Lets the event loop end while the timer is pending. */
  unref(): this {
    this.#referenced = false;
    this.#handle?.unref();
    return this;
  }

  /** Keeps the event loop alive while the timer is pending, as a new timer does. */
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
