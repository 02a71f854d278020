/** The line that ends `npm test` counts everything that ran, and hides no failure. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addTally,
  emptyTally,
  tallyLine,
  tallyOfCargo,
  tallyOfCheck,
  tallyOfVitest,
} from '../../scripts/lib/tally.mjs';

describe('the output of cargo test', () => {
  const output = [
    'running 3 tests',
    'test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s',
    '   Doc-tests tenon',
    'test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.11s',
  ].join('\n');

  test('is counted over all its programs', () => {
    expect(tallyOfCargo(output, false)).toEqual({ passed: 7, failed: 1, skipped: 2 });
  });

  test('counts as a failure if cargo failed before any test', () => {
    expect(tallyOfCargo('error[E0308]: mismatched types', false)).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
    });
  });
});

describe('the report of vitest', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenon-scripts-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] };
  const numbers = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 };

  function tally(report: object, ok: boolean) {
    const file = join(folder, 'report.json');
    writeFileSync(file, JSON.stringify(report));
    return tallyOfVitest(file, ok);
  }

  test('is counted with skipped tests', () => {
    expect(tally({ ...numbers, testResults: [passed] }, true)).toEqual({ passed: 5, failed: 0, skipped: 2 });
  });

  test('counts a file that could not be loaded as a failure', () => {
    const broken = { status: 'failed', assertionResults: [] };
    expect(tally({ ...numbers, testResults: [passed, broken] }, false)).toEqual({
      passed: 5,
      failed: 1,
      skipped: 2,
    });
  });

  test('counts a failed test once, although its file failed as well', () => {
    const failed = { status: 'failed', assertionResults: [{ status: 'failed' }] };
    const report = { ...numbers, numFailedTests: 1, testResults: [failed] };
    expect(tally(report, false)).toEqual({ passed: 5, failed: 1, skipped: 2 });
  });

  test('is no success if vitest failed for another reason, or wrote none', () => {
    expect(tally({ ...numbers, testResults: [passed] }, false)).toMatchObject({ failed: 1 });
    expect(tallyOfVitest(join(folder, 'absent.json'), true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

test('the last line has all counts, a check being one of them', () => {
  const total = emptyTally();
  for (const more of [
    { passed: 10, failed: 1, skipped: 0 },
    tallyOfCheck('passed'),
    tallyOfCheck('skipped'),
  ]) {
    addTally(total, more);
  }
  expect(tallyLine(total)).toBe('11 passed, 1 failed, 1 skipped');
});
