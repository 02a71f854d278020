/** Times in microseconds: a histogram with three digits, and the sum. */
import { build } from 'hdr-histogram-js';

/** Some values of recorded times, in microseconds. All are 0 if there are none. */
export interface Percentiles {
  /** The number of times. */
  readonly count: number;
  /** The sum of all times. */
  readonly sum: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const SETTINGS = {
  bitBucketSize: 32,
  numberOfSignificantValueDigits: 3,
  autoResize: true,
  useWebAssembly: false,
} as const;

/** Records times. */
export class Times {
  readonly #histogram = build(SETTINGS);
  #sum = 0;

  /** Records a time in microseconds, for so many events. */
  record(us: number, count = 1): void {
    const whole = Math.max(0, Math.round(us));
    this.#sum += whole * count;
    this.#histogram.recordValueWithCount(whole, count);
  }

  /** Returns the time, in microseconds, within which so many percent of the recorded ones are. */
  at(percentile: number): number {
    return this.#histogram.totalCount === 0 ? 0 : this.#histogram.getValueAtPercentile(percentile);
  }

  /** Returns some values of what was recorded. */
  percentiles(): Percentiles {
    const histogram = this.#histogram;
    const at = (percentile: number): number => histogram.getValueAtPercentile(percentile);
    const count = histogram.totalCount;
    if (count === 0) return { count, sum: 0, min: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    const [min, max] = [histogram.minNonZeroValue, histogram.maxValue];
    return { count, sum: this.#sum, min: Math.min(min, max), p50: at(50), p90: at(90), p99: at(99), max };
  }
}
