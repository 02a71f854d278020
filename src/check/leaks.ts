/** Finds leaks in memory over calls or instances. A leak grows forever. A cache stops growing. */
import { series } from './measures.js';
import type { Measure } from './verdict.js';

type Series = Extract<Measure, { type: 'series' }>;

/** Bytes per step. Less growth than this comes from the allocator itself. */
const THRESHOLDS: Readonly<Record<string, number>> = { 'memory in use': 4, 'resident memory': 64 };
/** The number of parts into which the points are divided. A leak grows from each part to the next. */
const PARTS = 8;
/** The number of steps between parts without growth that are accepted in a leak, but not in the last step. */
const STANDSTILLS = 1;
const FEWEST_POINTS = 32;

/** Returns a message for the first measure that shows a leak, if there is one. */
export function leaksIn(measures: readonly Measure[]): readonly string[] {
  const leak = measures.find((measure): measure is Series => measure.type === 'series' && leaks(measure));
  if (leak === undefined) return [];
  const { name, over, slope, low, high, points } = leak;
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  const what = name.charAt(0).toUpperCase() + name.slice(1);
  const one = over.replace(/s$/, '');
  return [
    `${what} grows by ${bytes(slope)} per ${one} (95 % confidence: ${bytes(low)} to ${bytes(high)}), measured over ${last - first + 1} ${over}`,
  ];
}

/**
 * Returns whether the series shows a leak. The slope must be above the threshold with 95 % confidence, in the
 * whole series and in its second half, and the growth must not stop for long.
 */
export function leaks({ name, over, points, low }: Series): boolean {
  const threshold = THRESHOLDS[name];
  if (threshold === undefined || points.length < FEWEST_POINTS || low <= threshold) return false;
  const later = series(name, over, points.slice(points.length / 2));
  if (later.type !== 'series' || later.low <= threshold) return false;
  const means = partsOf(points).map((part) => part.reduce((sum, [, y]) => sum + y, 0) / part.length);
  const grew = means.slice(1).map((mean, i) => mean > (means[i] ?? 0));
  return grew.at(-1) === true && grew.filter((more) => !more).length <= STANDSTILLS;
}

function partsOf(points: Series['points']): Series['points'][] {
  const size = points.length / PARTS;
  return Array.from({ length: PARTS }, (_, i) =>
    points.slice(Math.round(i * size), Math.round((i + 1) * size)),
  );
}

function bytes(count: number): string {
  return `${Number(count.toPrecision(4))} bytes`;
}
