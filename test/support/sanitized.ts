/** The sanitized runs, `npm run test:asan` and `npm run test:tsan`, and what cannot be tried in them. */
import { test } from 'vitest';

/** Which sanitizer watches this run, if any. */
export const sanitizer = process.env['TENON_SANITIZED'];

/** What stands in the way of a test, as a sentence about the sanitizer. */
export const Because = {
  memory: 'its own memory is more than any limit allows',
  heap: 'it has a heap of its own, with other walls and another end',
  interposed: 'the functions that are looked for are its own',
} as const;

/** For `skipIf` of a test that cannot be sanitized. */
export const cannotBeSanitized = (_because: (typeof Because)[keyof typeof Because]): boolean =>
  sanitizer !== undefined;

/** Plugins of the corpus that do what a sanitizer does not let happen. */
const FAULTS: ReadonlyMap<string, string> = new Map([
  ['process-heap', Because.heap],
  ['no-memory-rs', Because.heap],
  ['leaks', Because.memory],
  ['leaks-rs', Because.memory],
]);

/** The rows whose fault can be tried in this run. Each of the others is a skipped test that says why. */
export function sanitizable<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Row[] {
  return rows.filter((row) => {
    const because = sanitizer === undefined ? undefined : FAULTS.get(nameOf(row));
    if (because !== undefined) test.skipIf(true)(`${nameOf(row)} cannot be sanitized: ${because}`, () => {});
    return because === undefined;
  });
}
