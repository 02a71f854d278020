/** The last line of `npm test` counts everything that ran, and includes every failure. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addTally,
  afterSecondAttempt,
  emptyTally,
  failureLines,
  missingLines,
  type Tally,
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
    expect(tallyOfCargo(output, false)).toMatchObject({ passed: 7, failed: 1, skipped: 2, failures: [] });
  });

  test('names what failed', () => {
    const named = `test wire::tests::reads ... ok\ntest wire::tests::writes ... FAILED\n${output}`;
    expect(tallyOfCargo(named, false).failures).toEqual(['cargo test: wire::tests::writes']);
  });

  test('counts as a failure if cargo failed before any test', () => {
    const tally = tallyOfCargo('error[E0308]: mismatched types', false);
    const failures = ['cargo test, outside of its tests'];
    expect(tally).toEqual({ ...emptyTally(), failed: 1, failures, final: failures });
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
    expect(tallyOfVitest(join(folder, 'absent.json'), true)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('names what failed', () => {
    const results = [
      { status: 'failed', fullName: 'a call answers' },
      { status: 'passed', fullName: 'a call ends' },
    ];
    const testResults = [
      { name: join(root, 'test', 'a.test.ts'), status: 'failed', assertionResults: results },
      { name: join(root, 'test', 'b.test.ts'), status: 'failed', assertionResults: [] },
    ];
    const { failures } = tally({ ...numbers, numFailedTests: 1, testResults }, false);
    expect(failures).toEqual(['test/a.test.ts: a call answers', 'test/b.test.ts']);
  });
});

describe('a second attempt', () => {
  const first = { ...emptyTally(), passed: 7, failed: 2, skipped: 1, failures: ['a: x', 'b: y'] };

  test('that fails as well is a failure', () => {
    const second = { ...emptyTally(), passed: 3, failed: 1, failures: ['a: x'] };
    const total = afterSecondAttempt(first, second);
    expect(total).toMatchObject({ passed: 8, failed: 1, failures: ['a: x'], unsteady: ['b: y'] });
    expect(failureLines(total)).toEqual([
      'Failed:',
      '  a: x',
      'Failed at first, and passed when its file was run again alone:',
      '  b: y',
    ]);
  });

  test('that fails elsewhere is a failure, too', () => {
    const second = { ...emptyTally(), failed: 1, failures: ['a: z'] };
    expect(afterSecondAttempt(first, second)).toMatchObject({ failed: 1, failures: ['a: z'] });
    const crashed = { ...emptyTally(), failed: 1, failures: ['vitest, outside of its tests'] };
    expect(afterSecondAttempt(first, crashed)).toMatchObject({ failed: 1, failures: crashed.failures });
  });

  /** Runs fixtures like `npm test` runs test files. Returns the tally and the output. */
  function attempts(fixture: string, mark = join(temporaryFolder(), 'mark')) {
    const args = ['--config=test/scripts/fixtures/vitest.config.ts', `test/scripts/fixtures/${fixture}`];
    const env = { ...process.env, TENON_UNSTEADY: mark };
    const program = `
      const { runVitestTwice } = await import('./scripts/lib/vitest.mjs');
      const tally = await runVitestTwice(${JSON.stringify(fixture)}, { args: ${JSON.stringify(args)} });
      console.log(JSON.stringify(tally));`;
    const command = ['--input-type=module', '--eval', program];
    const { stdout } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' });
    return { tally: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Tally, stdout };
  }

  test('is made of the files that failed, and only of them', { timeout: 120_000 }, () => {
    const name = 'test/scripts/fixtures/unsteady.fixture.ts';
    expect(attempts('unsteady').tally).toMatchObject({
      passed: 3,
      failed: 0,
      failures: [],
      unsteady: [`${name}: fails once`],
    });
    expect(attempts('unsteady', join(temporaryFolder(), 'always')).tally).toMatchObject({
      passed: 2,
      failed: 1,
      failures: [`${name}: always fails`],
      unsteady: [`${name}: fails once`],
    });
  });

  test('is not made if anything failed outside of a test, which stays a failure', {
    timeout: 120_000,
  }, () => {
    const { tally, stdout } = attempts('outside');
    const place = 'test/scripts/fixtures/outside';
    expect(stdout).not.toContain('a second attempt');
    expect(tally.unsteady).toEqual([]);
    expect(tally.failures).toContain(`${place}-hook.fixture.ts: a group fails`);
    expect([...tally.final].sort()).toEqual([
      `${place}-hook.fixture.ts, outside of its tests: a hook has failed`,
      `${place}-load.fixture.ts`,
      `${place}-worker.fixture.ts: has not run to its end`,
      expect.stringMatching(/^vitest, outside of its tests: .*Worker/),
      'vitest, outside of its tests: a rejection was left',
    ]);
    expect(tally.failed).toBe(tally.final.length + 1);
  });

  test('that runs fewer tests of a file is a failure', { timeout: 120_000 }, () => {
    const name = 'test/scripts/fixtures/fewer.fixture.ts';
    const lost = ['is skipped', 'is missing'].map(
      (title) => `${name}: ${title} (did not run at the second attempt)`,
    );
    expect(attempts('fewer').tally).toMatchObject({
      passed: 2,
      failed: 2,
      failures: lost,
      final: lost,
      unsteady: [`${name}: fails once`],
    });
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
    ...emptyTally(),
    passed: 1,
    failed: 0,
    skipped: 5,
    lacking: { mingw64: 1, chromium: 2, lld: 2 },
  });
  // In CI no test is skipped for a missing tool.
  expect(run({ TENON_REQUIRE_TOOLS: '1' }).status).toBe(1);
  expect(tallyOfVitest(report, false)).toMatchObject({ passed: 1, failed: 5, skipped: 0 });
});
