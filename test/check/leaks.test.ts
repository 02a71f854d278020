import { describe, expect, test } from 'vitest';
import { leaksIn } from '../../src/check/leaks.js';
import { series } from '../../src/check/measures.js';

/** What a thousand calls left in use, of which every fourth was looked at. */
const memory = (at: (call: number) => number, name = 'memory in use') =>
  leaksIn([
    series(
      name,
      'calls',
      Array.from({ length: 250 }, (_, i) => [4 * i + 1, at(4 * i + 1)]),
    ),
  ]);

/** Whole numbers from 0 to 9999, always the same. */
function noise(call: number): number {
  return Math.imul(call, 2654435761) >>> 0 === 0 ? 0 : (Math.imul(call, 2654435761) >>> 0) % 10_000;
}

describe('a leak is', () => {
  test('memory that grows with each call', () => {
    expect(memory((call) => 5e6 + 32 * call)).toEqual([
      'Memory in use grows by 32 bytes per call (95 % confidence: 32 bytes to 32 bytes), measured over 997 calls',
    ]);
  });

  test('a little memory in every hundredth call', () => {
    expect(memory((call) => 1000 * Math.floor(call / 100))).toHaveLength(1);
  });

  test('growth among noise', () => {
    expect(memory((call) => 500 * call + noise(call))).toHaveLength(1);
  });

  test('resident memory that grows although malloc has given nothing out', () => {
    const [sentence] = memory((call) => 4096 * Math.floor(call / 4), 'resident memory');
    expect(sentence).toContain('Resident memory grows by 1024 bytes per call');
  });
});

describe('no leak is', () => {
  test('memory that stays', () => expect(memory(() => 5e6)).toEqual([]));

  test('noise', () => expect(memory(noise)).toEqual([]));

  test('a single step, early, late or in the middle', () => {
    for (const step of [10, 500, 900]) expect(memory((call) => (call < step ? 0 : 1e6))).toEqual([]);
  });

  test('a cache that is full after a while', () => {
    expect(memory((call) => 4000 * Math.min(call, 500))).toEqual([]);
    expect(memory((call) => 4000 * Math.min(call, 700))).toEqual([]);
  });

  test('memory that is given back from time to time', () => {
    expect(memory((call) => 1000 * (call % 300))).toEqual([]);
  });

  test('what is less than an allocator needs for itself', () => {
    expect(memory((call) => call)).toEqual([]);
  });

  test('anything in too few points', () => {
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
