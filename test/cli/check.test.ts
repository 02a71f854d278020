/** `tenon check` as a command: options, formats and exit codes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../src/check/index.js';
import { canCheck, tripsDir } from '../check/support.js';
import { compile, faultFile, folderWith, pluginFile, temporaryFolder } from '../support/index.js';
import { needs } from '../support/tools.js';
import { broken, check, good, ONLY, verdictOf } from './check-run.js';

describe('the list of checks', () => {
  test('--list prints every check with its level, severity and title', async () => {
    const { code, stdout, stderr } = await check(['--list']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { id, level, severity } of CHECKS)
      expect(stdout).toMatch(new RegExp(`^${id} +${level} +${severity} +\\S`, 'm'));
    expect(stdout).toContain(`${CHECKS.length} checks`);
    for (const { title } of CHECKS) expect(stdout).toContain(title);
  });

  test.each([['--json'], ['--format', 'json']])('--list %s %s prints JSON', async (...args) => {
    const list = JSON.parse((await check(['--list', ...args])).stdout) as { id: string; method: string }[];
    expect(list.map(({ id }) => id)).toEqual(CHECKS.map(({ id }) => id));
    expect(new Set(list.map(({ method }) => method))).toEqual(
      new Set(CHECKS.map(({ method }) => method.type)),
    );
  });

  test('--explain prints the details of one check, and suggests a name for an unknown one', async () => {
    const { code, stdout } = await check(['--explain', 'calls/plain']);
    expect(code).toBe(0);
    for (const word of ['Why', 'Fix', 'How', 'Severity', 'Level', 'Needs'])
      expect(stdout).toMatch(new RegExp(`^${word} `, 'm'));
    expect(await check(['--explain', 'plain'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean calls/plain'),
    });
    expect(await check(['--explain', 'banana'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--list'),
    });
  });
});

describe('an invalid command line', () => {
  const folder = () => temporaryFolder();
  test.each([
    [[], 'a file is missing'],
    [[''], 'a file is missing'],
    [['x', '--level', 'deep'], 'basic, strict, torture'],
    [['x', '--level', 'strikt'], "Did you mean 'strict'?"],
    [['x', '--cofnig', 'y'], "Did you mean '--config'?"],
    [['--explain', 'calls/plian'], 'Did you mean calls/plain?'],
    [['x', '--format', 'yaml'], 'pretty, compact, json'],
    [['x', '--json', '--format', 'html'], 'cannot be combined'],
    [['x', '--fail-on', 'note'], 'error, warning'],
    [['x', '--filter', 'banana/*'], 'banana'],
    [['x', '--jobs', '0'], 'jobs'],
    [['x', '--jobs', 'two'], '--jobs'],
    [['x', '--timeout', '10'], '500ms'],
    [['x', '--timeout', '0s'], '500ms'],
    [['x', '--fuzz', '99999h'], '--fuzz'],
    [['x', '--corpus', 'y'], '--fuzz'],
    [['x', '--repeat', '-1'], '--repeat'],
    [['x', '--seed', '4294967296'], 'seed'],
    [['x', '--glibc', 'new'], '2.36'],
    [
      ['x', '--plugin-config', '{'],
      "--plugin-config is not JSON: line 1, column 2: expected ',' or '}', found the end",
    ],
    [['x', '--sanitize', 'memory'], 'address'],
    [['x', '--output', '/nowhere/at/all'], '--output'],
    [['x', '--output', '.'], '--output'],
    [['x', '--config', '/nowhere'], '--config'],
    [['x', 'y', '--in-process'], 'one file'],
    [['x', '--in-process', '--format', 'json'], '--in-process'],
    [['--list', 'x'], 'no files'],
    [['x', '--banana'], '--banana'],
  ])('is refused: %j', async (args, reason) => {
    const run = await check(args, { cwd: folder() });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(reason);
    expect(run.stderr).toContain("Try 'tenon help check'");
  });
});

describe.skipIf(!canCheck)('the exit code', () => {
  test('is 0 for a valid plugin, which passes every check', async () => {
    const run = await check([good, '--seed', '1']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/ passed.* in [\d.]+ m?s\nClean\.\n$/);
    expect(run.stdout).not.toMatch(/ERROR|INCOMPLETE/);
  });

  test('is 1 for findings, files that are not plugins, and missing files', async () => {
    const run = await check([broken, '--seed', '1']);
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(run.stdout).toContain('it returned 42');
    expect(run.stdout).toContain(`npx tenon check ${broken} --filter calls/plain --seed 1`);
    expect((await check([process.execPath])).code).toBe(1);
    const gone = await check([join(temporaryFolder(), 'gone.so')]);
    expect(gone).toMatchObject({ code: 1, stdout: expect.stringContaining('no such file') });
    expect(gone.stdout).not.toContain('-shared');
    expect(await check([temporaryFolder()])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('found no library, expected at least one plugin'),
    });
    const other = await check([faultFile('no-entry-points')]);
    expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('not a tenon plugin') });
  });

  test('is 3 for an incomplete check', needs('cargo'), async () => {
    const run = await check([pluginFile('grep'), ...ONLY]);
    expect(run).toMatchObject({ code: 3, stdout: expect.stringContaining('not a pass') });
    const configured = await check([pluginFile('grep'), ...ONLY, '--plugin-config', '{"pattern":"fox"}']);
    expect(configured.code).toBe(0);
  });

  test('is 3 if the checker is missing', async () => {
    const run = await check([good], { env: { TENON_CHECKER: '/nowhere/tenon-checker' } });
    expect(run).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('ERR_TENON_UNSUPPORTED'),
    });
  });

  test('is 4 for an internal error', async () => {
    const folder = temporaryFolder();
    const fault = join(folder, 'fault.mjs');
    writeFileSync(fault, "Number.prototype.toPrecision = () => { throw new Error('ours'); };\n");
    const run = await check([good, ...ONLY], {
      env: { NODE_OPTIONS: `--import=${fault}` },
    });
    expect(run).toMatchObject({ code: 4, stderr: expect.stringContaining('internal error') });
  });
});

test.skipIf(!canCheck)('the command needs at most 150 MB of memory', { timeout: 120_000 }, async () => {
  const meter = join(temporaryFolder(), 'meter.mjs');
  writeFileSync(meter, "process.on('exit', () => console.error('RSS', process.resourceUsage().maxRSS));\n");
  const args = [good, '--level', 'torture', '--format', 'html'];
  const { code, stderr } = await check(args, { env: { NODE_OPTIONS: `--import=${meter}` } });
  const [, kilobytes = 'nothing'] = /RSS (\d+)/.exec(stderr) ?? [];
  expect(code).toBe(0);
  expect(Number(kilobytes)).toBeLessThan(150_000);
});

describe.skipIf(!canCheck)('the options', () => {
  test('--level and --filter select checks and those that they need', async () => {
    const { files, filter, level } = await verdictOf([
      good,
      '--level',
      'strict',
      '--filter',
      'abi/nam?',
      '--filter',
      'file/descriptor',
    ]);
    expect({ filter, level }).toEqual({ filter: ['abi/nam?', 'file/descriptor'], level: 'strict' });
    const ids = files[0]?.results.map(({ id }) => id) ?? [];
    expect(ids).toContain('abi/name');
    expect(ids).toContain('abi/load');
    expect(ids).not.toContain('calls/plain');
    const levels = new Set((await verdictOf([good])).files[0]?.results.map((one) => one.level));
    expect([...levels]).toEqual(['basic']);
  });

  test('--seed, --jobs and --repeat are accepted', async () => {
    const { seed, files } = await verdictOf([
      good,
      '--seed',
      '4294967295',
      '--jobs',
      '1',
      '--repeat',
      '3',
      ...ONLY,
    ]);
    expect(seed).toBe(4_294_967_295);
    expect(files[0]?.outcome).toBe('clean');
  });

  test('--timeout limits a check, and is part of the command that reproduces a finding', async () => {
    const { files } = await verdictOf([
      faultFile('constructor-hang'),
      '--filter',
      'abi/load',
      '--timeout',
      '0.2s',
    ]);
    const load = files[0]?.results.find(({ id }) => id === 'abi/load');
    expect(load?.findings[0]?.message).toContain('within 200 ms');
    expect(load?.reproduce.command).toMatch(/--timeout 200ms$/);
  });

  test('--input and --plugin-config reach the plugin', async () => {
    const folder = temporaryFolder();
    const input = join(folder, 'in.txt');
    writeFileSync(input, 'crash');
    const picky = compile(
      folder,
      'picky',
      `#include "tenon.h"
       static tenon_status call(void *s, const uint8_t *in, size_t n, tenon_out *out) {
         (void)s, (void)out;
         return n == 5 && in[0] == 'c' ? 42 : TENON_OK;
       }
       TENON_STATELESS_PLUGIN("picky", "1.0.0", call);`,
    );
    expect((await check([picky, ...ONLY])).code).toBe(0);
    const run = await check([picky, ...ONLY, '--input', input]);
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining(`--input ${input}`) });
  });

  test('a folder as a file means the plugins in it', async () => {
    const folder = folderWith(good, pluginFile('echo'));
    compile(folder, 'libhelper', 'int helped(void) { return 1; }', ['-fvisibility=default']);
    const run = await check([folder, ...ONLY, '--seed', '1']);
    expect(run).toMatchObject({
      code: 0,
      stderr: `tenon: skipped ${join(folder, 'libhelper.so')}: it has no entry point of a plugin.\n`,
    });
    expect(run.stdout).toMatch(/echo\.so\n[\s\S]*wordcount\.so\n[\s\S]*\n2 files, /);
  });

  test('a missing descriptor is a warning, and a rule can change its severity', async () => {
    const trip = join(tripsDir, 'file-described.so');
    const run = await check([trip, '--level', 'strict']);
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/WARNING +file\/described/) });
    expect((await check([trip, '--fail-on', 'warning'])).code).toBe(1);
    const config = join(temporaryFolder(), 'check.json');
    writeFileSync(config, JSON.stringify({ rules: { 'file/described': { severity: 'error' } } }));
    expect(await check([trip, '--config', config])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/ERROR +file\/described/),
    });
    expect((await check([join(tripsDir, 'file-descriptor.so')])).code).toBe(1);
  });

  test('--only-failed omits passed results', async () => {
    const run = await check([broken, '--only-failed']);
    expect(run.stdout).toContain('it returned 42');
    expect(run.stdout).not.toMatch(/^ {2}(passed|skipped)/m);
  });

  test('--fail-on sets the severity that fails, and --config can turn an error into a warning', async () => {
    const config = join(temporaryFolder(), 'check.json');
    writeFileSync(config, JSON.stringify({ rules: { 'calls/plain': { severity: 'warning' } } }));
    const args = [broken, ...ONLY, '--config', config];
    expect(await check(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 warning') });
    expect((await check([...args, '--fail-on', 'warning'])).code).toBe(1);
  });

  test('--output replaces the file, and the findings are printed', async () => {
    const folder = temporaryFolder();
    const output = join(folder, 'report.json');
    writeFileSync(output, 'old');
    const run = await check([broken, ...ONLY, '--format', 'json', '--output', output]);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('error: calls/plain: it returned 42');
    expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({ outcome: 'findings' });
    expect(readdirSync(folder)).toEqual(['report.json']);
  });

  test.each(['compact', 'json', 'junit', 'sarif', 'github', 'html', 'pretty'])(
    '--format %s selects the format of the output',
    async (format) => {
      const run = await check([broken, ...ONLY, '--format', format]);
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(run.stdout).toContain('returned 42');
      const begins = {
        compact: broken,
        json: '{',
        junit: '<?xml',
        sarif: '{',
        github: '::error',
        html: '<!DOCTYPE',
        pretty: broken,
      };
      expect(run.stdout.startsWith(begins[format as 'json'])).toBe(true);
    },
  );

  test('--help lists every option', async () => {
    const { stdout } = await check(['--help']);
    for (const name of [
      'level',
      'format',
      'only-failed',
      'filter',
      'jobs',
      'timeout',
      'repeat',
      'seed',
      'in-process',
      'config',
      'fail-on',
      'output',
      'list',
      'explain',
      'plugin-config',
      'input',
      'allow-needed',
      'glibc',
      'fuzz',
      'corpus',
      'reproduce',
      'sanitize',
      'artifacts',
    ])
      expect(stdout).toContain(`--${name}`);
  });
});
