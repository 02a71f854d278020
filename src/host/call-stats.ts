/**
 * The number of calls and their duration. Counting must not noticeably slow down a call of 60 ns. Calls are
 * counted with a countdown. Timing a call costs about 400 ns, so with more calls, fewer of them are timed.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type CallTally, newTally } from '../tiers/call-tally.js';
import { Hold } from './held-calls.js';

/** The sampling rate: up to `calls` calls, one in `gap` is timed. */
const GAPS = [
  { calls: 256, gap: 1 },
  { calls: 65_536, gap: 64 },
  { calls: Number.POSITIVE_INFINITY, gap: 1024 },
] as const;

/** The number of durations that are kept without a histogram, which takes 80 µs to make: more than a short load. */
const EARLY = 16;

/** The duration of calls in nanoseconds, from a histogram with three significant digits. */
export interface LatencyStats {
  /**
   * The number of calls that were timed: the first 256, then one in 64 and, after 65 536 calls, one in 1024.
   */
  readonly samples: number;
  /** The shortest duration. */
  readonly min: number;
  /** The mean duration. */
  readonly mean: number;
  /** The longest duration. */
  readonly max: number;
  /** The median. */
  readonly p50: number;
  /** The 90th percentile. */
  readonly p90: number;
  /** The 99th percentile. */
  readonly p99: number;
  /** The 99.9th percentile. */
  readonly p999: number;
}

/** The calls of one plugin since it was loaded. A batch is one call. */
export interface CallStats {
  /** The number of calls, including calls that are in flight. */
  readonly calls: number;
  /** The number of calls that ended in an error. They are part of `calls`. */
  readonly failures: number;
  /** The total input of the calls that succeeded, in bytes. */
  readonly bytesIn: number;
  /** The total output of the calls that succeeded, in bytes. */
  readonly bytesOut: number;
  /** The duration of the calls; null before the first one. */
  readonly latency: LatencyStats | null;
}

/** Counts and times the calls of one plugin. */
export class CallCounter {
  /** The counts of the tier. */
  readonly tally: CallTally = newTally();
  /** The number of calls until the next timed one, inclusive. Every call decrements it. */
  untilTimed = 1;
  /** The number of the next timed call, from 1. */
  #nextTimed = 1;
  #samples = 0;
  /** The first durations, until there is a histogram. */
  readonly #early: number[] = [];
  #histogram: RecordableHistogram | undefined;
  #hold: Hold | undefined;
  /** The number of calls that could not be held, because they block their thread. */
  unheld = 0;
  /** Whether the plugin has no instance at present, because that of a singleton is being replaced. */
  vacant = false;

  /** The number of calls that have begun. */
  get calls(): number {
    return this.#nextTimed - this.untilTimed;
  }

  /** That for which asynchronous calls wait before they begin; undefined if they need not. */
  get held(): Hold | undefined {
    return this.#hold;
  }

  /** Holds calls. Every call is treated as a timed one meanwhile, so that the others need not ask. */
  hold(): void {
    this.#hold ??= new Hold();
    this.#nextTimed -= this.untilTimed - 1;
    this.untilTimed = 1;
  }

  /** Lets the held calls begin. No other call can begin between them. */
  release(): void {
    this.#hold?.release();
    this.#hold = undefined;
  }

  /** Schedules the next timed call. Called when a timed call begins. */
  rearm(): void {
    const found = GAPS.find(({ calls }) => this.#nextTimed < calls) ?? GAPS[2];
    const gap = this.#hold === undefined ? found.gap : 1;
    this.#nextTimed += gap;
    this.untilTimed = gap;
  }

  /** Records the duration of a timed call. */
  took(nanoseconds: number): void {
    const duration = Math.max(1, Math.round(nanoseconds));
    this.#samples += 1;
    if (this.#samples <= EARLY) this.#early.push(duration);
    else this.#allInHistogram().record(duration);
  }

  #allInHistogram(): RecordableHistogram {
    this.#histogram ??= createHistogram();
    for (const duration of this.#early.splice(0)) this.#histogram.record(duration);
    return this.#histogram;
  }

  /** Returns the counts and durations so far. */
  stats(): CallStats {
    const { failures, bytesIn, bytesOut } = this.tally;
    return { calls: this.calls, failures, bytesIn, bytesOut, latency: this.#latency() };
  }

  #latency(): LatencyStats | null {
    if (this.#samples === 0) return null;
    const histogram = this.#allInHistogram();
    const { min, mean, max } = histogram;
    return {
      samples: this.#samples,
      min,
      mean,
      max,
      p50: histogram.percentile(50),
      p90: histogram.percentile(90),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
    };
  }
}
