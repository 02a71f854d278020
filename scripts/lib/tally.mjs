/** Counts the results of several test programs. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './paths.mjs';

/**
 * `lacking`: the numbers of tests that were skipped for a missing tool, by the name of the tool in the table. A test
 * that needs several missing tools counts for each. `failures`: what failed. `final`: those failures that no second
 * attempt can excuse, because they are not a single test. `unsteady`: the tests that passed only at a second attempt;
 * they count as passed.
 *
 * @typedef {{
 *   passed: number,
 *   failed: number,
 *   skipped: number,
 *   lacking: Record<string, number>,
 *   failures: string[],
 *   final: string[],
 *   unsteady: string[],
 * }} Tally
 */

/** @returns {Tally} */
export const emptyTally = () => ({
  passed: 0,
  failed: 0,
  skipped: 0,
  lacking: {},
  failures: [],
  final: [],
  unsteady: [],
});

/** @param {Tally} total @param {Tally} more */
export function addTally(total, { passed, failed, skipped, lacking, failures, final, unsteady }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  total.failures.push(...failures);
  total.final.push(...final);
  total.unsteady.push(...unsteady);
  for (const [tool, count] of Object.entries(lacking)) addLacking(total, tool, count);
}

function addLacking(tally, tool, count = 1) {
  tally.lacking[tool] = (tally.lacking[tool] ?? 0) + count;
}

/**
 * Returns the tally of a check, which counts as one test.
 *
 * @param {{name?: string, state: 'passed' | 'failed' | 'skipped', needs?: string}} result `needs`: the missing tool if
 *   skipped
 */
export function tallyOfCheck({ name = 'a check', state, needs }) {
  const tally = { ...emptyTally(), [state]: 1 };
  if (state === 'failed') tally.failures.push(name);
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
  for (const [, name] of output.matchAll(/^test (.*) \.\.\. FAILED$/gm))
    tally.failures.push(`cargo test: ${name}`);
  return failedAtLeast(ok ? 0 : 1, tally, 'cargo test');
}

/** Counts one failure if there was one and nothing says where. */
function failedAtLeast(count, tally, name) {
  return tally.failed >= count ? tally : addFinal(tally, [`${name}, outside of its tests`]);
}

/** Counts failures that no second attempt can excuse. */
function addFinal(tally, names) {
  tally.failed += names.length;
  tally.failures.push(...names);
  tally.final.push(...names);
  return tally;
}

/** Returns the path of the file that vitest-reporter.mjs writes next to a JSON report. */
export const outsideOf = (file) => `${file}.outside`;

/**
 * Counts the results in the report of vitest's JSON reporter, and what happened outside of tests: a file that could not
 * be loaded or that never reported, a hook that failed, and an uncaught error, such as the end of a worker,
 * count as one failure each. So does a run that failed for another reason, such as a crash before the report.
 *
 * @returns {Tally}
 */
export function tallyOfVitest(file, ok) {
  const tally = emptyTally();
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    tally.passed = report.numPassedTests;
    tally.failed = report.numFailedTests;
    tally.skipped = report.numPendingTests + report.numTodoTests;
    tally.failures = report.testResults.flatMap(failuresOf);
    const broken = report.testResults.filter(isBroken).map(nameOfFile);
    addFinal(tally, [...broken, ...outsideFailures(file, broken)]);
    for (const { status, meta } of report.testResults.flatMap((file) => file.assertionResults))
      if (status === 'skipped') for (const tool of meta?.needs ?? []) addLacking(tally, tool);
  } catch {
    return failedAtLeast(1, tally, 'vitest');
  }
  return failedAtLeast(ok ? 0 : 1, tally, 'vitest');
}

/** Returns what failed outside of tests, without the files that the report shows as broken. */
function outsideFailures(file, broken) {
  if (!existsSync(outsideOf(file))) return [];
  const { errors, files, silent } = JSON.parse(readFileSync(outsideOf(file), 'utf8'));
  return [
    ...errors.map((message) => `vitest, outside of its tests: ${message}`),
    ...files
      .filter(({ name }) => !broken.includes(nameOfFile({ name })))
      .flatMap(({ name, errors }) =>
        errors.map((message) => `${nameOfFile({ name })}, outside of its tests: ${message}`),
      ),
    ...silent
      .map((name) => nameOfFile({ name }))
      .filter((name) => !broken.includes(name))
      .map((name) => `${name}: has not run to its end`),
  ];
}

/** Whether a file failed before any of its tests did. */
const isBroken = ({ status, assertionResults }) =>
  status === 'failed' && !assertionResults.some((result) => result.status === 'failed');

/** Returns the names of the failed tests of a file. */
function failuresOf(file) {
  const name = nameOfFile(file);
  return file.assertionResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => `${name}: ${fullName}`);
}

const nameOfFile = ({ name = 'a file' }) => relative(root, name);

/** Returns the test files of a report in which something failed. */
export function failedFiles(file) {
  try {
    const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
    return testResults.filter(({ status }) => status === 'failed').map(nameOfFile);
  } catch {
    return [];
  }
}

/** Returns the number of times that each test ran, by the names of its file and its own. */
function testsThatRan(file) {
  const ran = new Map();
  for (const result of JSON.parse(readFileSync(file, 'utf8')).testResults)
    for (const { status, fullName } of result.assertionResults) {
      const name = `${nameOfFile(result)}: ${fullName}`;
      if (status === 'passed' || status === 'failed') ran.set(name, (ran.get(name) ?? 0) + 1);
    }
  return ran;
}

/** Returns the tests of the files that ran according to the first report, and did not according to the second. */
export function lostTests(files, first, second) {
  const again = testsThatRan(second);
  return [...testsThatRan(first)].flatMap(([name, count]) => {
    const isOfFile = files.some((file) => name.startsWith(`${file}: `));
    return isOfFile && (again.get(name) ?? 0) < count ? [`${name} (did not run at the second attempt)`] : [];
  });
}

/**
 * Returns the tally of a run after the files with its failures were run again: what failed twice is a failure, what
 * passed at the second attempt is unsteady.
 *
 * @param {Tally} first
 * @param {Tally} second the tally of those files
 * @param {readonly string[]} lost the tests that ran only at the first attempt, which are failures
 * @returns {Tally}
 */
export function afterSecondAttempt(first, second, lost = []) {
  const isLost = (name) => lost.some((text) => text.startsWith(`${name} (`));
  const unsteady = first.failures.filter((name) => !second.failures.includes(name) && !isLost(name));
  const failures = [...second.failures, ...lost];
  const failed = Math.max(second.failed + lost.length, first.failed - unsteady.length);
  const final = [...second.final, ...lost];
  return { ...first, passed: first.passed + first.failed - failed, failed, failures, final, unsteady };
}

/** Returns the lines that name what failed, and what passed only at a second attempt. */
export function failureLines({ failures, unsteady }) {
  const lines = (head, names) => (names.length === 0 ? [] : [head, ...names.map((name) => `  ${name}`)]);
  return [
    ...lines('Failed:', failures),
    ...lines('Failed at first, and passed when its file was run again alone:', unsteady),
  ];
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
