/** Memory of results that is given back. */
import { expect, test } from 'vitest';
import {
  isRecyclable,
  isRecycling,
  notRecycling,
  recycle,
  recycling,
  resultMemory,
} from '../../src/base/recycled-memory.js';

const LARGE = 300_000;

test('memory that was given back is used again, and forgotten views of it are empty', () => {
  const first = resultMemory(LARGE, true);
  first.fill(1);
  const view = first.subarray(10, 20);
  recycle(first);
  expect([first.length, view.length]).toEqual([0, 0]);
  const second = resultMemory(LARGE - 1, true);
  expect(second.length).toBe(LARGE - 1);
  expect(second[0]).toBe(1);
  second.fill(2);
  expect(first[0]).toBeUndefined();
});

test('memory that is not given back is never used again', () => {
  const kept = Array.from({ length: 50 }, (_, index) => resultMemory(LARGE, true).fill(index));
  for (const [index, one] of kept.entries()) expect(one.every((byte) => byte === index)).toBe(true);
});

test('only memory that was made for that can be given back, and only once', () => {
  const plain = resultMemory(LARGE, false);
  const small = resultMemory(100, true);
  const other = Buffer.from('a string in the pool of Node.js');
  const all = [plain, small, other];
  expect(all.map(isRecyclable)).toEqual([false, false, false]);
  for (const one of all) recycle(one);
  expect(all.map(({ length }) => length)).toEqual([LARGE, 100, 31]);
  const large = resultMemory(LARGE, true);
  expect(isRecyclable(large)).toBe(true);
  recycle(large);
  recycle(large);
  expect(isRecyclable(large)).toBe(false);
  const [one, two] = [resultMemory(LARGE, true), resultMemory(LARGE, true)];
  one.fill(1);
  two.fill(2);
  expect([one[0], two[0]]).toEqual([1, 2]);
});

test('a block is not used for a result that is much smaller', () => {
  const large = resultMemory(20 * LARGE, true);
  recycle(large);
  expect(resultMemory(LARGE, true).buffer.byteLength).toBeLessThan(5 * LARGE);
});

test('calls opt in, even within each other, whatever they throw', () => {
  const nested = recycling(() => [isRecycling(), notRecycling(isRecycling), isRecycling()]);
  expect(nested).toEqual([true, false, true]);
  const failing = () => {
    throw new Error('no');
  };
  expect(() => recycling(failing)).toThrow('no');
  expect(isRecycling()).toBe(false);
});
