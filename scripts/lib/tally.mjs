/** Counts results of several test programs. */
import { readFileSync } from 'node:fs';

/**
 * `lacking`: of the skipped ones, how many are so because a tool is missing, by its name in the table of tools. One that needs
 * several of them counts for each.
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
 * A check counts as one test.
 *
 * @param {{state: 'passed' | 'failed' | 'skipped', needs?: string}} result `needs` is the tool that it was skipped for
 */
export function tallyOfCheck({ state, needs }) {
  const tally = { ...emptyTally(), [state]: 1 };
  if (state === 'skipped' && needs !== undefined) addLacking(tally, needs);
  return tally;
}

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
    const counts = { passed: Number(passed), failed: Number(failed), skipped: Number(ignored) };
    addTally(tally, { ...emptyTally(), ...counts });
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
    for (const { status, meta } of report.testResults.flatMap((file) => file.assertionResults))
      if (status === 'skipped') for (const tool of meta?.needs ?? []) addLacking(tally, tool);
  } catch {
    tally.failed = 1;
  }
  if (!ok && tally.failed === 0) tally.failed = 1;
  return tally;
}

/**
 * The lines before the last one: what was skipped because a tool is missing, and how to get that.
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
    'To get it, run npm test without --no-install where it may install, or:',
    ...commands,
  ];
}

/** The line that ends a test run. */
export const tallyLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
