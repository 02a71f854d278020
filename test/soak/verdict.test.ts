import { expect, test } from 'vitest';
import { growth } from './verdict.mjs';

const sample = { descriptors: 23, threads: 11, processes: 0, defunct: 0, rss: 200, heap: 15 };
const after = (change: Partial<typeof sample>) =>
  growth([sample, ...Array(3).fill({ ...sample, ...change })]);

test('flat resources, and memory that grows a little, are accepted', () => {
  expect(after({})).toEqual([]);
  expect(after({ rss: 300, heap: 30, threads: 13 })).toEqual([]);
  expect(growth([sample, { ...sample, threads: 40 }, sample, sample])).toEqual([]);
});

test.each([
  ['descriptors', 30],
  ['threads', 20],
  ['processes', 1],
  ['defunct', 1],
  ['rss', 400],
  ['heap', 80],
])('growth of %s is a failure', (name, value) => {
  expect(after({ [name]: value })).toEqual([expect.stringContaining(`${name} grew from`)]);
});

test('one sample is not enough', () => {
  expect(growth([sample])).toHaveLength(1);
});
