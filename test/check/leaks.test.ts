import { describe, expect, test } from 'vitest';
import { isSameLeak, leakIn, leakMessage, suspicious } from '../../src/check/leaks.js';
import { series } from '../../src/check/measures.js';

type Memory = (call: number) => number;

/** The memory during `calls` calls, which is measured 250 times. */
const measured = (at: Memory, calls = 20_000, name = 'memory in use') => [
  series(
    name,
    'calls',
    Array.from({ length: 250 }, (_, i) => [(i + 1) * (calls / 250), at((i + 1) * (calls / 250))]),
  ),
];
const leak = (at: Memory, name?: string) => leakIn(measured(at, undefined, name));
const suspect = (at: Memory) => suspicious(measured(at, 1000));

/** Returns a pseudo-random integer from 0 to 9999, the same in every run. */
const noise: Memory = (call) => (Math.imul(call, 2654435761) >>> 0) % 10_000;

describe('a leak is', () => {
  test('memory that grows with each call', () => {
    const measures = measured((call) => 5e6 + 32 * call);
    const found = leakIn(measures);
    expect(found && leakMessage(found, measures)).toBe(
      'Memory in use grows by 32 bytes per call (95 % confidence: 32 bytes to 32 bytes), measured over 19921 calls',
    );
    expect(suspect((call) => 5e6 + 32 * call)).toBe(true);
  });

  test('a little memory after every hundredth call', () => {
    expect(leak((call) => 1000 * Math.floor(call / 100))).not.toBeNull();
    expect(suspect((call) => 1000 * Math.floor(call / 100))).toBe(true);
  });

  test('much memory after every thousandth call', () => {
    expect(leak((call) => 64_000 * Math.floor(call / 1000))).not.toBeNull();
  });

  test('growth with noise', () => {
    expect(leak((call) => 500 * call + noise(call))).not.toBeNull();
    expect(leak((call) => 8 * call + noise(call))).not.toBeNull();
  });

  test('growth of a cache that fills up, and of a leak besides', () => {
    expect(leak((call) => 600 * Math.min(call, 2000) + 100 * call)).not.toBeNull();
  });

  test('growth of resident memory that malloc did not allocate', () => {
    const found = leak((call) => 4096 * Math.floor(call / 4), 'resident memory');
    expect(found && leakMessage(found, [])).toContain('Resident memory grows by 1024 bytes per call');
  });

  test('reported with the input that leaves the most', () => {
    const found = leak((call) => 32 * call);
    const worst = {
      type: 'value',
      name: 'left by each call with the input "x"',
      unit: 'bytes',
      value: 48,
    } as const;
    expect(found && leakMessage(found, [worst])).toMatch(
      /\. 48 bytes are left by each call with the input "x"$/,
    );
  });
});

describe('a leak is not', () => {
  test('constant memory', () => expect(leak(() => 5e6)).toBeNull());

  test('noise', () => expect(leak(noise)).toBeNull());

  test('a single step, early, late or in the middle', () => {
    for (const step of [10, 500, 900, 9000, 19_000])
      expect(leak((call) => (call < step ? 0 : 1e6))).toBeNull();
  });

  test.each([500, 700, 2000, 3000, 8000, 15_000])('a cache that stops growing after %d calls', (full) => {
    expect(leak((call) => 4000 * Math.min(call, full))).toBeNull();
  });

  test('a cache that is filled by chance', () => {
    expect(leak((call) => 4e6 * (1 - Math.exp(-call / 2500)))).toBeNull();
  });

  test('a table that doubles and has a bound', () => {
    expect(leak((call) => 16 * 2 ** Math.ceil(Math.log2(Math.min(call, 10_000))))).toBeNull();
  });

  test('memory that is freed from time to time', () => {
    expect(leak((call) => 1000 * (call % 300))).toBeNull();
    expect(leak((call) => 1000 * (call % 1700))).toBeNull();
  });

  test('growth that is smaller than the overhead of an allocator', () => {
    expect(leak((call) => call / 2)).toBeNull();
  });

  test('growth over too few points', () => {
    const few = [...Array(7).keys()].map((i) => [i, 1e6 * i] as const);
    expect(leakIn([series('memory in use', 'calls', few)])).toBeNull();
  });
});

test('a leak has the same rate in each process', () => {
  const [one, same, other] = [32, 40, 100].map((bytes) => leak((call) => bytes * call));
  if (!one || !same || !other) throw new Error('no leak');
  expect(isSameLeak(one, same)).toBe(true);
  expect(isSameLeak(one, other)).toBe(false);
});
