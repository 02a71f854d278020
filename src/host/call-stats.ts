/**
 * How many calls there were and how long they took. Counting must not be felt in a call of 60 ns: calls are counted by a countdown, and to
 * time one costs about 400 ns, so that the more calls there are the fewer of them are timed.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type CallTally, newTally } from '../tiers/call-tally.js';

/** Up to so many calls, one in so many is timed. */
const GAPS = [
  { calls: 256, gap: 1 },
  { calls: 65_536, gap: 64 },
  { calls: Number.POSITIVE_INFINITY, gap: 1024 },
] as const;

/** How long calls took, in nanoseconds, from a histogram with three significant digits. */
export interface LatencyStats {
  /** Calls that were timed: the first 256, then one in 64 and, after 65 536 calls, one in 1024. */
  readonly samples: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
}

/** The calls of one plugin so far. A batch is one call. */
export interface CallStats {
  readonly calls: number;
  /** Calls that ended in an error, among `calls`. */
  readonly failures: number;
  /** Bytes of input and output of calls that succeeded. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Null before the first call. */
  readonly latency: LatencyStats | null;
}

/** Counts and times the calls of one plugin. */
export class CallCounter {
  /** What the tier counts. */
  readonly tally: CallTally = newTally();
  /** Calls until the next one that is timed, that one included. Counted down by the code of calls. */
  untilTimed = 1;
  /** The number of the next call that is timed, from 1 on. */
  #nextTimed = 1;
  #samples = 0;
  #histogram: RecordableHistogram | undefined;

  /** Calls that were begun. */
  get calls(): number {
    return this.#nextTimed - this.untilTimed;
  }

  /** A call that is timed begins: sets when the next one is. */
  rearm(): void {
    const { gap } = GAPS.find(({ calls }) => this.#nextTimed < calls) ?? GAPS[2];
    this.#nextTimed += gap;
    this.untilTimed = gap;
  }

  /** A timed call took so long. */
  took(nanoseconds: number): void {
    this.#histogram ??= createHistogram();
    this.#samples += 1;
    this.#histogram.record(Math.max(1, Math.round(nanoseconds)));
  }

  stats(): CallStats {
    const { failures, bytesIn, bytesOut } = this.tally;
    return { calls: this.calls, failures, bytesIn, bytesOut, latency: this.#latency() };
  }

  #latency(): LatencyStats | null {
    const histogram = this.#histogram;
    if (histogram === undefined) return null;
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
