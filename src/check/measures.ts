/** Turns raw numbers into measures: histograms, and slopes with their confidence intervals. */
import type { CheckerRecord } from './report-lines.js';
import type { Measure } from './verdict.js';

type Values = Extract<CheckerRecord, { type: 'values' }>;
type Unit = 'ns' | 'ms' | 'bytes';

/** 95 % of a normal distribution are within this many standard errors of the mean. */
const Z95 = 1.96;

/**
 * Returns the measures in the reports of a process. Values with `over` become a series, a single value stays a
 * value, and other values become a histogram.
 */
export function measuresOf(records: readonly CheckerRecord[]): readonly Measure[] {
  const byName = new Map<string, Values>();
  for (const record of records) {
    if (record.type !== 'values') continue;
    const known = byName.get(record.name);
    byName.set(record.name, known === undefined ? record : joined(known, record));
  }
  return [...byName.values()].filter(({ values }) => values.length > 0).map(measureOf);
}

function joined(one: Values, next: Values): Values {
  return {
    ...one,
    values: [...one.values, ...next.values],
    xs: [...(one.xs ?? []), ...(next.xs ?? [])],
  };
}

function measureOf({ name, unit, over, values, xs = [] }: Values): Measure {
  if (over !== undefined)
    return series(
      name,
      over,
      values.map((y, i) => [xs[i] ?? i, y] as const),
    );
  const [only = 0] = values;
  if (values.length === 1) return { type: 'value', name, unit: unit as Unit | 'count', value: only };
  return histogram(name, unit as Unit, values);
}

/** Returns a histogram whose buckets double. The first begins at a power of two not above the least value. */
export function histogram(name: string, unit: Unit, values: readonly number[]): Measure {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const buckets: { upTo: number; count: number }[] = [];
  let upTo = 2 ** Math.floor(Math.log2(Math.max(1, at(0))));
  for (let from = 0; from < sorted.length; ) {
    upTo *= 2;
    const end = sorted.findIndex((value, i) => i >= from && value >= upTo);
    const next = end < 0 ? sorted.length : end;
    buckets.push({ upTo, count: next - from });
    from = next;
  }
  return { type: 'histogram', name, unit, buckets, median: at(0.5), p99: at(0.99), max: at(1) };
}

/** Returns the points with the slope of their least-squares line and its 95 % confidence interval. */
export function series(
  name: string,
  over: string,
  points: readonly (readonly [x: number, y: number])[],
): Measure {
  const n = points.length;
  const mean = (pick: 0 | 1) => points.reduce((sum, point) => sum + point[pick], 0) / Math.max(1, n);
  const [mx, my] = [mean(0), mean(1)];
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const sxy = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  const slope = sxx === 0 ? 0 : sxy / sxx;
  const rest = points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  const error = n > 2 && sxx > 0 ? Math.sqrt(rest / (n - 2) / sxx) : 0;
  return {
    type: 'series',
    name,
    unit: 'bytes',
    over,
    points,
    slope,
    low: slope - Z95 * error,
    high: slope + Z95 * error,
  };
}
