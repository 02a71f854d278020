/** The computation of histograms and slopes from raw numbers. */
import { expect, test } from 'vitest';
import { histogram, measuresOf, series } from '../../src/check/measures.js';
import type { CheckerRecord } from '../../src/check/report-lines.js';

test('a histogram has buckets of doubling size, and counts every value once', () => {
  const values = [5, 6, 7, 9, 40, 1000];
  const found = histogram('time', 'ns', values);
  expect(found).toMatchObject({ median: 9, max: 1000 });
  if (found.type !== 'histogram') throw new Error('no histogram');
  expect(found.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
  expect(found.buckets[0]).toEqual({ upTo: 8, count: 3 });
  expect(found.buckets.at(-1)).toEqual({ upTo: 1024, count: 1 });
});

test('a straight line has its slope, with a confidence interval of width 0', () => {
  const found = series(
    'memory',
    'calls',
    Array.from({ length: 50 }, (_, x) => [x, 3 * x + 7] as const),
  );
  expect(found).toMatchObject({ type: 'series', over: 'calls' });
  if (found.type !== 'series') throw new Error('no series');
  expect(found.slope).toBeCloseTo(3);
  expect(found.low).toBeCloseTo(3);
  expect(found.high).toBeCloseTo(3);
});

test('noise without a trend has a confidence interval around zero', () => {
  const noise = [3, -1, 4, -2, 1, -5, 2, 0, -3, 1, 2, -1];
  const found = series(
    'memory',
    'calls',
    noise.map((y, x) => [x, y] as const),
  );
  if (found.type !== 'series') throw new Error('no series');
  expect(found.low).toBeLessThan(0);
  expect(found.high).toBeGreaterThan(0);
});

test('a single step has a small slope, steady growth has a certain one', () => {
  const step = Array.from({ length: 40 }, (_, x) => [x, x < 2 ? 0 : 4096] as const);
  const growth = Array.from({ length: 40 }, (_, x) => [x, x * 100 + (x % 3) * 20] as const);
  const [one, other] = [series('m', 'calls', step), series('m', 'calls', growth)];
  if (one.type !== 'series' || other.type !== 'series') throw new Error('no series');
  expect(one.slope).toBeLessThan(100);
  expect(other.low).toBeGreaterThan(90);
});

test('lines with the same name form one measure, and a single number is a value', () => {
  const records: CheckerRecord[] = [
    { type: 'stage', stage: 'x' },
    { type: 'values', name: 'time', unit: 'ns', values: [1, 2] },
    { type: 'values', name: 'time', unit: 'ns', values: [3] },
    { type: 'values', name: 'load', unit: 'ms', values: [7] },
    { type: 'values', name: 'memory', unit: 'bytes', over: 'calls', values: [1, 2], xs: [0, 10] },
    { type: 'values', name: 'memory', unit: 'bytes', over: 'calls', values: [3], xs: [20] },
    { type: 'values', name: 'nothing', unit: 'ns', values: [] },
  ];
  expect(measuresOf(records)).toEqual([
    expect.objectContaining({ type: 'histogram', name: 'time', max: 3 }),
    { type: 'value', name: 'load', unit: 'ms', value: 7 },
    expect.objectContaining({
      type: 'series',
      points: [
        [0, 1],
        [10, 2],
        [20, 3],
      ],
    }),
  ]);
});
