/** The figures of the README are those of docs/benchmarks.md, which `npm run bench -- --write` writes. */
import { expect, test } from 'vitest';
import { withCosts } from '../../bench/costs.mjs';
import { textOf } from './pages.js';

const readme = textOf('README.md');
const benchmarks = textOf('docs/benchmarks.md');
const MICROSECONDS: Readonly<Record<string, number>> = { ns: 1e-3, µs: 1, ms: 1e3 };

/** Returns the median of the first row with this name, in microseconds. */
function medianOf(name: string): number {
  const row = benchmarks.split('\n').find((line) => line.startsWith(`| ${name} | `));
  const [, median = '', unit = ''] = /^\| .*? \| ([\d.]+) (ns|µs|ms) \|/.exec(row ?? '') ?? [];
  expect(MICROSECONDS, `docs/benchmarks.md has no row ${name}`).toHaveProperty(unit);
  return Number(median) * (MICROSECONDS[unit] ?? Number.NaN);
}

test('the costs of the tiers are the measured ones', () => {
  expect(readme.match(/\| about [\d.]+ µs/g)).toHaveLength(3);
  expect(withCosts(readme, medianOf)).toBe(readme);
});

test('the headline has figures of the table', () => {
  const [headline = ''] = /<!-- headline:begin -->[\s\S]*<!-- headline:end -->/.exec(readme) ?? [];
  const ratios = [...headline.matchAll(/\| ([\d.]+) × /g)].map(([, ratio]) => ratio);
  expect(ratios).toHaveLength(3);
  for (const ratio of ratios) expect(benchmarks).toContain(` | ${ratio} × | `);
});
