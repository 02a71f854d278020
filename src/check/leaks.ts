/**
 * Distinguishes leaks from other growth of memory. A leak grows forever, at the same rate in each process. A cache, a pool
 * or a bounded history stops growing.
 */
import { series } from './measures.js';
import type { Measure } from './verdict.js';

type Series = Extract<Measure, { type: 'series' }>;
type Points = Series['points'];

/** Bytes per operation. */
interface Threshold {
  /** Growth that is certainly above this is measured again, over many more operations. */
  readonly suspected: number;
  /** Growth that is probably above this is measured again too: threads make memory go up and down. */
  readonly suspectedInNoise: number;
  /** Growth over many operations below this is noise. */
  readonly leaked: number;
}

/**
 * Measured on Linux 6, glibc 2.36, two processors, both idle and with more busy threads than processors, in 15
 * processes each: the growth during the last 10 000 of 20 000 calls or instances.
 *
 * - One thread (echo, gzip, caches after they have filled up): memory in use grows by exactly 0 bytes. Resident
 *   memory grows by up to 1.2 bytes per call, a page now and then.
 * - Four threads that free each other's memory: memory in use grows by up to 2.9 bytes per call, because freed
 *   blocks count until the cache of their thread is full; in the first 1000 calls by up to 340. It goes up and down by
 *   more: the growth is at most 3.3 times the deviation from its line. Resident memory grows by up to 13 bytes per call.
 * - tokio with four threads: memory in use grows by up to 1.9 bytes per call, at most 8 times the deviation; in the
 *   first 1000 calls by up to 10. Resident memory grows by up to 26 bytes per call, as a single step.
 */
const THRESHOLDS: Readonly<Record<string, Threshold>> = {
  'memory in use': { suspected: 1, suspectedInNoise: 4, leaked: 1 },
  'resident memory': { suspected: 64, suspectedInNoise: 128, leaked: 64 },
};
/** The growth of a leak is at least this many times the deviation from its line. */
const CLEAR = 10;
/** The number of parts into which the points are divided. A leak grows from each part to the next. */
const PARTS = 8;
/** The number of the last parts that show whether the growth goes on. What fills up has done so before. */
const LAST_PARTS = 4;
/** A leak grows in each of the last parts by this share of its mean growth in a part. */
const LEAST_SHARE = 1 / 4;
/** The rates of a leak in two processes differ by at most this factor. */
const SAME_RATE = 2;
const FEWEST_POINTS = PARTS;

/** Memory that grew with the number of operations until the measurement ended. */
export interface Leak {
  readonly series: Series;
  /** Bytes per operation, while the last parts were measured. */
  readonly rate: number;
}

/** Returns whether memory may have grown in a short measurement, so that a longer one must tell the cause. */
export function suspicious(measures: readonly Measure[]): boolean {
  return measures.some((measure) => {
    const threshold = THRESHOLDS[measure.name];
    if (measure.type !== 'series' || threshold === undefined || measure.points.length < FEWEST_POINTS)
      return false;
    const { low, slope, name, over, points } = measure;
    const later = series(name, over, points.slice(points.length / 2));
    const grew = low > threshold.suspected || slope > threshold.suspectedInNoise;
    return grew && later.type === 'series' && later.high > threshold.suspected;
  });
}

/** Returns the first series of a long measurement that shows a leak, or null. */
export function leakIn(measures: readonly Measure[]): Leak | null {
  for (const measure of measures) {
    const leak = measure.type === 'series' ? leakOf(measure) : null;
    if (leak !== null) return leak;
  }
  return null;
}

/** Returns whether two measurements, in two processes, show the same leak. */
export function isSameLeak(one: Leak, other: Leak): boolean {
  const ratio = one.rate / other.rate;
  return one.series.name === other.series.name && ratio <= SAME_RATE && ratio >= 1 / SAME_RATE;
}

/**
 * Returns the message of a finding. `measures` may have the input that leaves the most. `site` is the end of a
 * sentence about the code that allocates it.
 */
export function leakMessage({ series: grown }: Leak, measures: readonly Measure[], site = ''): string {
  const { name, over, slope, low, high, points } = grown;
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  const what = name.charAt(0).toUpperCase() + name.slice(1);
  const worst = measures.find((measure) => measure.type === 'value' && measure.name.startsWith('left by '));
  const input = worst?.type === 'value' ? `. ${bytes(Math.round(worst.value))} are ${worst.name}` : '';
  return `${what} grows by ${bytes(slope)} per ${singular(over)}${site} (95 % confidence: ${bytes(low)} to ${bytes(high)}), measured over ${last - first + 1} ${over}${input}`;
}

function leakOf(whole: Series): Leak | null {
  const { name, over, points } = whole;
  const leaked = THRESHOLDS[name]?.leaked;
  if (leaked === undefined || points.length < FEWEST_POINTS || whole.low <= leaked) return null;
  const floors = floorsOf(points);
  const growths = floors.slice(1).map((floor, i) => floor - (floors[i] ?? floor));
  const mean = growths.reduce((sum, growth) => sum + growth, 0) / growths.length;
  if (growths.slice(-LAST_PARTS).some((growth) => growth < mean * LEAST_SHARE)) return null;
  const later = series(name, over, points.slice(points.length / 2));
  if (later.type !== 'series' || later.low <= leaked || !isClear(later)) return null;
  return { series: whole, rate: later.slope };
}

/** Returns whether the growth is large, compared with how memory goes up and down besides. */
function isClear({ points, slope }: Series): boolean {
  const [first = [0, 0], last = [0, 0]] = [points[0], points.at(-1)];
  const middle = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [middle(0), middle(1)];
  const squares = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
  return slope * (last[0] - first[0]) >= CLEAR * Math.sqrt(squares / points.length);
}

/** Returns the least memory of each part. Memory that is held for a moment does not change it. */
function floorsOf(points: Points): readonly number[] {
  const size = points.length / PARTS;
  return Array.from({ length: PARTS }, (_, i) =>
    Math.min(...points.slice(Math.round(i * size), Math.round((i + 1) * size)).map(([, y]) => y)),
  );
}

/** `rounds of 5 calls` becomes `round of 5 calls`. */
function singular(over: string): string {
  return over.replace(/s\b/, '');
}

function bytes(count: number): string {
  return `${Number(count.toPrecision(4))} bytes`;
}
