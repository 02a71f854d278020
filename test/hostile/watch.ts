/** Measures how long the main thread was kept busy or blocked, without the time that it waited for a processor. */
import { readFileSync } from 'node:fs';

/**
 * The late time that a runner may cause, in milliseconds. `npm run test:hostile` requires the figure of the
 * documentation. Other runs share the machine with more, so they only find out that the host does not hang.
 */
export const MOST_LATE_MS = process.env['TENON_MEASURE'] === '1' ? 100 : 2000;
const TICK_MS = 5;
const FILE = `/proc/self/task/${process.pid}/schedstat`;

/** Returns the milliseconds for which the main thread has waited for a processor, which other programs used. */
function waited(): number {
  const [, nanoseconds = '0'] = readFileSync(FILE, 'latin1').split(' ');
  return Number(nanoseconds) / 1e6;
}

/** A measurement that begins when it is made. */
export class Stopwatch {
  readonly #start = performance.now();
  readonly #waited = waited();

  /** The milliseconds until now, without those in which the main thread waited for a processor. */
  get ms(): number {
    return performance.now() - this.#start - (waited() - this.#waited);
  }
}

/** A timer that measures how late the event loop is. */
export class LoopWatch {
  #worst = 0;
  #last = new Stopwatch();
  readonly #timer = setInterval(() => {
    this.#look();
  }, TICK_MS);

  #look(): void {
    this.#worst = Math.max(this.#worst, this.#last.ms - TICK_MS);
    this.#last = new Stopwatch();
  }

  /** Does work that may block, without counting its time. */
  except<T>(work: () => T): T {
    this.#look();
    try {
      return work();
    } finally {
      this.#last = new Stopwatch();
    }
  }

  /** Stops, and returns the longest delay in milliseconds. */
  end(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#worst;
  }
}
