/**
 * Timeouts that only count time in which this thread could have seen what it waits for. Time in which the thread
 * was stopped, or was busy with something else, does not count: a debugger, SIGSTOP, a CPU quota, a long
 * synchronous call.
 */

/** Milliseconds between two measurements. A pause is noticed to this precision. */
const TICK = 25;
/** The smallest lateness of a measurement that counts as a pause, in milliseconds. Timers of Windows are less precise. */
const PAUSE = process.platform === 'win32' ? 40 : 10;
/** The longest timer of Node.js, in milliseconds. */
const MOST = 2 ** 31 - 1;

let lost = 0;
/** The time of the next measurement. */
let expected = Number.POSITIVE_INFINITY;
let ticking: NodeJS.Timeout | undefined;
const pending = new Set<AttentiveTimer>();

/** Returns the milliseconds in which this thread could react, from any start. Not all pauses are noticed at once. */
export function attentiveNow(): number {
  const now = performance.now();
  if (now > expected + PAUSE) {
    lost += now - expected;
    expected = now + TICK;
  }
  return now - lost;
}

function tick(): void {
  attentiveNow();
  expected = performance.now() + TICK;
  for (const timer of pending) if (timer.needed()) return;
  clearInterval(ticking);
  ticking = undefined;
  expected = Number.POSITIVE_INFINITY;
}

function measure(): void {
  if (ticking !== undefined) return;
  expected = performance.now() + TICK;
  ticking = setInterval(tick, TICK).unref();
}

/**
 * Calls `fire` once, after `ms` milliseconds in which this thread could react. Before that it lets the event loop
 * deliver what has arrived, and `fire` is not called if the timer is cancelled meanwhile. Never fires if `ms` is
 * Infinity.
 */
export class AttentiveTimer {
  /** Whether pauses are of interest at present. */
  readonly needed: () => boolean;
  readonly #due: number;
  readonly #fire: () => void;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #referenced = true;

  constructor(ms: number, fire: () => void, needed: () => boolean = () => true) {
    this.needed = needed;
    this.#fire = fire;
    this.#due = attentiveNow() + ms;
    if (ms === Number.POSITIVE_INFINITY) return;
    pending.add(this);
    measure();
    this.#arm();
  }

  /** Lets the event loop end while the timer is pending. */
  unref(): this {
    this.#referenced = false;
    this.#timer?.unref();
    return this;
  }

  /** Continues to measure pauses, because they are of interest again. */
  wake(): void {
    measure();
  }

  cancel(): void {
    pending.delete(this);
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
  }

  #arm(): void {
    const left = Math.min(Math.max(Math.ceil(this.#due - attentiveNow()), 1), MOST);
    this.#timer = setTimeout(() => {
      // Timers fire before the event loop reads files. What has arrived is read first.
      this.#soon = setImmediate(() => this.#look());
    }, left);
    if (!this.#referenced) this.#timer.unref();
  }

  #look(): void {
    // A timer may fire slightly early.
    if (attentiveNow() + 1 < this.#due) {
      this.#arm();
      return;
    }
    pending.delete(this);
    this.#fire();
  }
}
