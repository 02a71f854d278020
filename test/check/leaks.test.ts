import { describe, expect, test } from 'vitest';
import { leaksIn } from '../../src/check/leaks.js';
import { series } from '../../src/check/measures.js';

/** Finds leaks in the memory in use during a thousand calls, which is measured after every fourth call. */
const memory = (at: (call: number) => number, name = 'memory in use') =>
  leaksIn([
    series(
      name,
      'calls',
      Array.from({ length: 250 }, (_, i) => [4 * i + 1, at(4 * i + 1)]),
    ),
  ]);

/** Returns a pseudo-random integer from 0 to 9999, the same in every run. */
function noise(call: number): number {
  return Math.imul(call, 2654435761) >>> 0 === 0 ? 0 : (Math.imul(call, 2654435761) >>> 0) % 10_000;
}

describe('a leak is', () => {
  test('memory that grows with each call', () => {
    expect(memory((call) => 5e6 + 32 * call)).toEqual([
      'Memory in use grows by 32 bytes per call (95 % confidence: 32 bytes to 32 bytes), measured over 997 calls',
    ]);
  });

  test('a little memory after every hundredth call', () => {
    expect(memory((call) => 1000 * Math.floor(call / 100))).toHaveLength(1);
  });

  test('growth with noise', () => {
    expect(memory((call) => 500 * call + noise(call))).toHaveLength(1);
  });

  test('growth of resident memory that malloc did not allocate', () => {
    const [sentence] = memory((call) => 4096 * Math.floor(call / 4), 'resident memory');
    expect(sentence).toContain('Resident memory grows by 1024 bytes per call');
  });
});

describe('a leak is not', () => {
  test('constant memory', () => expect(memory(() => 5e6)).toEqual([]));

  test('noise', () => expect(memory(noise)).toEqual([]));

  test('a single step, early, late or in the middle', () => {
    for (const step of [10, 500, 900]) expect(memory((call) => (call < step ? 0 : 1e6))).toEqual([]);
  });

  test('a cache that stops growing', () => {
    expect(memory((call) => 4000 * Math.min(call, 500))).toEqual([]);
    expect(memory((call) => 4000 * Math.min(call, 700))).toEqual([]);
  });

  test('memory that is freed from time to time', () => {
    expect(memory((call) => 1000 * (call % 300))).toEqual([]);
  });

  test('growth that is smaller than the overhead of an allocator', () => {
    expect(memory((call) => call)).toEqual([]);
  });

  test('growth over too few points', () => {
    expect(
      leaksIn([
        series(
          'memory in use',
          'calls',
          [...Array(8).keys()].map((i) => [i, 1e6 * i]),
        ),
      ]),
    ).toEqual([]);
  });
});
