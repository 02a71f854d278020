/** Counts results of several test programs. */
import { readFileSync } from 'node:fs';

/** @typedef {{passed: number, failed: number, skipped: number}} Tally */

/** @returns {Tally} */
export const emptyTally = () => ({ passed: 0, failed: 0, skipped: 0 });

/** @param {Tally} total @param {Tally} more */
export function addTally(total, { passed, failed, skipped }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

/** A check counts as one test. */
export const tallyOfCheck = (state) => ({ ...emptyTally(), [state]: 1 });

/**
 * What `cargo test` printed. One that failed without a failed test (it did not compile) counts as one failure.
 *
 * @returns {Tally}
 */
export function tallyOfCargo(output, ok) {
  const tally = emptyTally();
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    addTally(tally, { passed: Number(passed), failed: Number(failed), skipped: Number(ignored) });
  }
  if (!ok && tally.failed === 0) tally.failed = 1;
  return tally;
}

/**
 * What vitest's JSON reporter wrote. A file that could not be loaded counts as one failure, and so does a run that failed
 * for another reason (an error outside of any test, a crash before the report).
 *
 * @returns {Tally}
 */
export function tallyOfVitest(file, ok) {
  const tally = emptyTally();
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const broken = report.testResults.filter(({ status, assertionResults }) => {
      return status === 'failed' && !assertionResults.some((result) => result.status === 'failed');
    });
    tally.passed = report.numPassedTests;
    tally.failed = report.numFailedTests + broken.length;
    tally.skipped = report.numPendingTests + report.numTodoTests;
  } catch {
    tally.failed = 1;
  }
  if (!ok && tally.failed === 0) tally.failed = 1;
  return tally;
}

/** The line that ends a test run. */
export const tallyLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
