/** The sanitized runs, `npm run test:asan` and `npm run test:tsan`, and the tests that they must skip. */
import { test } from 'vitest';

/** The sanitizer of this run, if any. */
export const sanitizer = process.env['TENON_SANITIZED'];

/** The reasons why a sanitized run skips a test. */
export const Because = {
  memory: 'the sanitizer itself needs more memory than the limit',
  heap: 'the sanitizer replaces the heap, which then reports errors differently',
  interposed: 'the sanitizer replaces the functions that the test looks up',
} as const;

/** Returns whether to skip a test that cannot be sanitized, for `skipIf`. */
export const cannotBeSanitized = (_because: (typeof Because)[keyof typeof Because]): boolean =>
  sanitizer !== undefined;

/** The plugins of the fault corpus whose fault cannot occur in a sanitized run, with the reason. */
const FAULTS: ReadonlyMap<string, string> = new Map([
  ['process-heap', Because.heap],
  ['no-memory-rs', Because.heap],
  ['settings-symbols', Because.interposed],
  ['leaks', Because.memory],
  ['leaks-rs', Because.memory],
]);

/**
 * Returns the rows whose fault can occur in this run, and adds a skipped test with the reason for each other
 * row.
 */
export function sanitizable<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Row[] {
  return rows.filter((row) => {
    const because = sanitizer === undefined ? undefined : FAULTS.get(nameOf(row));
    if (because !== undefined) test.skipIf(true)(`${nameOf(row)} cannot be sanitized: ${because}`, () => {});
    return because === undefined;
  });
}
