/** The last line of `npm test` counts everything that ran, and includes every failure. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addTally,
  emptyTally,
  missingLines,
  tallyLine,
  tallyOfCargo,
  tallyOfCheck,
  tallyOfVitest,
} from '../../scripts/lib/tally.mjs';
import { TOOLS } from '../../scripts/lib/tool-table.mjs';
import { root, temporaryFolder } from '../support/index.js';

describe('the output of cargo test', () => {
  const output = [
    'running 3 tests',
    'test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s',
    '   Doc-tests tenon',
    'test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.11s',
  ].join('\n');

  test('is counted over all its programs', () => {
    expect(tallyOfCargo(output, false)).toEqual({ ...emptyTally(), passed: 7, failed: 1, skipped: 2 });
  });

  test('counts as a failure if cargo failed before any test', () => {
    const tally = tallyOfCargo('error[E0308]: mismatched types', false);
    expect(tally).toEqual({ ...emptyTally(), failed: 1 });
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
    expect(tally({ ...numbers, testResults: [passed] }, true)).toMatchObject({
      passed: 5,
      failed: 0,
      skipped: 2,
      lacking: {},
    });
  });

  test('counts a file that could not be loaded as a failure', () => {
    const broken = { status: 'failed', assertionResults: [] };
    expect(tally({ ...numbers, testResults: [passed, broken] }, false)).toMatchObject({
      passed: 5,
      failed: 1,
      skipped: 2,
    });
  });

  test('counts a failed test once, although its file failed as well', () => {
    const failed = { status: 'failed', assertionResults: [{ status: 'failed' }] };
    const report = { ...numbers, numFailedTests: 1, testResults: [failed] };
    expect(tally(report, false)).toMatchObject({ passed: 5, failed: 1, skipped: 2 });
  });

  test('counts a failure if vitest failed for another reason, or wrote no report', () => {
    expect(tally({ ...numbers, testResults: [passed] }, false)).toMatchObject({ failed: 1 });
    expect(tallyOfVitest(join(folder, 'absent.json'), true)).toEqual({ ...emptyTally(), failed: 1 });
  });
});

test('the last line has all counts, including checks', () => {
  const total = emptyTally();
  for (const more of [
    { ...emptyTally(), passed: 10, failed: 1 },
    tallyOfCheck({ state: 'passed' }),
    tallyOfCheck({ state: 'skipped' }),
  ]) {
    addTally(total, more);
  }
  expect(tallyLine(total)).toBe('11 passed, 1 failed, 1 skipped');
});

test('the lines before it count the skipped tests of each missing tool, and end with the commands', () => {
  const total = emptyTally();
  addTally(total, tallyOfCheck({ state: 'skipped', needs: 'rustfmt' }));
  addTally(total, { ...emptyTally(), skipped: 12, lacking: { clang: 12 } });
  addTally(total, { ...emptyTally(), skipped: 1, lacking: { clang: 1 } });
  const missing = (['clang', 'lld', 'rustfmt'] as const).map((name) => ({ name, ...TOOLS[name] }));
  expect(missingLines(total, missing, ['  sudo apt-get install x'])).toEqual([
    'Skipped because a tool is missing:',
    '  clang      13 skipped  tests of libraries for other systems',
    '  lld         0 skipped  tests of libraries for other systems',
    '  cargo fmt   1 skipped  the format of the Rust sources',
    'To install them, run npm test without --no-install with the rights to install packages, or run:',
    '  sudo apt-get install x',
  ]);
  expect(missingLines(total, [], [])).toEqual([]);
});

test('a test that is skipped in any way for a missing tool is counted for that tool', {
  timeout: 120_000,
}, () => {
  const file = join(root, 'test', 'scripts', 'fixtures', 'skipping.fixture.ts');
  const report = join(temporaryFolder(), 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--config', join(root, 'test', 'scripts', 'fixtures', 'vitest.config.ts')];
  const run = (env: object) =>
    spawnSync(process.execPath, [...args, file, '--reporter=json', `--outputFile=${report}`], {
      cwd: root,
      env: { ...process.env, PATH: '/nowhere', CHROMIUM: '', ...env },
      encoding: 'utf8',
    });
  const { status, stderr } = run({ TENON_REQUIRE_TOOLS: '0' });
  expect(status, stderr).toBe(0);
  expect(tallyOfVitest(report, true)).toEqual({
    passed: 1,
    failed: 0,
    skipped: 5,
    lacking: { mingw64: 1, chromium: 2, lld: 2 },
  });
  // In CI no test is skipped for a missing tool.
  expect(run({ TENON_REQUIRE_TOOLS: '1' }).status).toBe(1);
  expect(tallyOfVitest(report, false)).toMatchObject({ passed: 1, failed: 5, skipped: 0 });
});
