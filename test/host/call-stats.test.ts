/** The durations of calls, from the samples. */
import { expect, test } from 'vitest';
import { CallCounter } from '../../src/host/call-stats.js';

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test.each([1, 6, 16, 17, 100, 1000])('%d durations are all counted, once', (count) => {
  const counter = new CallCounter();
  for (const duration of range(1, count)) counter.took(duration);
  const { latency } = counter.stats();
  expect(latency).toMatchObject({ samples: count, min: 1, max: count, p50: Math.ceil(count / 2) });
  expect(latency?.mean).toBeCloseTo((count + 1) / 2);
});

test('durations that follow a reading are added to those before', () => {
  const counter = new CallCounter();
  for (const duration of range(1, 5)) counter.took(duration);
  expect(counter.stats().latency).toMatchObject({ samples: 5, max: 5 });
  for (const duration of range(6, 30)) counter.took(duration);
  expect(counter.stats().latency).toMatchObject({ samples: 30, min: 1, max: 30, p50: 15 });
});

test('there is no latency before the first call', () => {
  expect(new CallCounter().stats().latency).toBeNull();
});
