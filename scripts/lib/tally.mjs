/** Counts the results of several test programs. */
import { readFileSync } from 'node:fs';

/**
 * `lacking`: the numbers of tests that were skipped for a missing tool, by the name of the tool in the table. A test
 * that needs several missing tools counts for each.
 *
 * @typedef {{passed: number, failed: number, skipped: number, lacking: Record<string, number>}} Tally
 */

/** @returns {Tally} */
export const emptyTally = () => ({ passed: 0, failed: 0, skipped: 0, lacking: {} });

/** @param {Tally} total @param {Tally} more */
export function addTally(total, { passed, failed, skipped, lacking }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  for (const [tool, count] of Object.entries(lacking)) addLacking(total, tool, count);
}

function addLacking(tally, tool, count = 1) {
  tally.lacking[tool] = (tally.lacking[tool] ?? 0) + count;
}

/**
 * Returns the tally of a check, which counts as one test.
 *
 * @param {{state: 'passed' | 'failed' | 'skipped', needs?: string}} result `needs`: the missing tool if skipped
 */
export function tallyOfCheck({ state, needs }) {
  const tally = { ...emptyTally(), [state]: 1 };
  if (state === 'skipped' && needs !== undefined) addLacking(tally, needs);
  return tally;
}

/**
 * Counts the results in the output of `cargo test`. A run that failed without a failed test, for example because it
 * did not compile, counts as one failure.
 *
 * @returns {Tally}
 */
export function tallyOfCargo(output, ok) {
  const tally = emptyTally();
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    const counts = { passed: Number(passed), failed: Number(failed), skipped: Number(ignored) };
    addTally(tally, { ...emptyTally(), ...counts });
  }
  if (!ok && tally.failed === 0) tally.failed = 1;
  return tally;
}

/**
 * Counts the results in the report of vitest's JSON reporter. A file that could not be loaded counts as one failure.
 * So does a run that failed for another reason, such as an error outside of tests or a crash before the report.
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
    for (const { status, meta } of report.testResults.flatMap((file) => file.assertionResults))
      if (status === 'skipped') for (const tool of meta?.needs ?? []) addLacking(tally, tool);
  } catch {
    tally.failed = 1;
  }
  if (!ok && tally.failed === 0) tally.failed = 1;
  return tally;
}

/**
 * Returns the lines before the last one: the missing tools, the tests that were skipped for them, and the commands
 * that install them.
 *
 * @param {Tally} total
 * @param {readonly import('./missing.mjs').MissingTool[]} missing
 * @param {readonly string[]} commands
 */
export function missingLines({ lacking }, missing, commands) {
  if (missing.length === 0) return [];
  const rows = missing.map(({ name, what, lost }) => [what, `${lacking[name] ?? 0} skipped`, lost]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  return [
    'Skipped because a tool is missing:',
    ...rows.map(
      ([what, count, lost]) => `  ${what.padEnd(widths[0])}  ${count.padStart(widths[1])}  ${lost}`,
    ),
    'To install them, run npm test without --no-install with the rights to install packages, or run:',
    ...commands,
  ];
}

/** Returns the last line of a test run. */
export const tallyLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
