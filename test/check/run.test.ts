/** The suite as a library: the results of a run for plugins that crash, hang, exit or are valid. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHECKS, type CheckOptions, type CheckResult, check } from '../../src/check/index.js';
import { buildDir, compile, faultFile, folderWith, pluginFile, temporaryFolder } from '../support/index.js';
import { children, processesWith } from '../support/processes.js';
import { needs } from '../support/tools.js';
import { canCheck } from './support.js';

async function resultsOf(file: string, options: CheckOptions = {}): Promise<Map<string, CheckResult>> {
  const { files } = await check([file], { seed: 1, ...options });
  return new Map(files[0]?.results.map((result) => [result.id, result]));
}

/** Returns the source of a stateless plugin with the given body of its call. */
const calling = (body: string, more = '') => `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tenon.h"
${more}
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len, (void)out;
  ${body}
  return TENON_OK;
}
TENON_STATELESS_PLUGIN("made", "1.0.0", call);
`;
const made = (body: string, more = '') =>
  compile(temporaryFolder(), 'made', calling(body, more), ['-D_DEFAULT_SOURCE', '-pthread']);

describe.skipIf(!canCheck)('a misbehaving plugin', () => {
  test('that crashes is a finding with signal and function, and dependent checks are skipped', async () => {
    const results = await resultsOf(faultFile('process-segfault'));
    const plain = results.get('calls/plain');
    expect(plain).toMatchObject({ state: 'failed', severity: 'error', reason: null });
    expect(plain?.findings[0]).toMatchObject({
      message: expect.stringContaining('SIGSEGV'),
      stage: expect.stringContaining('call'),
      crash: { signal: 'SIGSEGV', address: '0x3a5a5a5a5000' },
    });
    expect(plain?.findings[0]?.crash?.frames[0]).toMatch(/^call\+/);
    expect(plain?.reproduce.command).toMatch(/^npx tenon check .* --filter calls\/plain --seed 1$/);
    expect(plain?.reproduce.gdb).toMatch(/^gdb --args .*tenon-checker calls\/plain /);
    const dependent = CHECKS.filter(({ needs }) => needs.includes('calls/plain')).map(({ id }) => id);
    for (const id of dependent.filter((one) => results.has(one)))
      expect(results.get(id)).toMatchObject({
        state: 'skipped',
        reason: expect.stringContaining('calls/plain'),
      });
  });

  test('that crashes has the source lines of its functions, and of the project in the finding', async () => {
    // The sources are below the working directory, like those of a project.
    const folder = mkdtempSync(join(process.cwd(), 'build', 'lines-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const body = 'crash((volatile int *)(8 + in_len));';
    const more = 'static __attribute__((noinline)) void crash(volatile int *to) {\n  *to = 1;\n  *to = 2;\n}';
    const file = compile(folder, 'made', calling(body, more), ['-D_DEFAULT_SOURCE', '-g', '-O1']);
    const [finding] = (await resultsOf(file, { filter: ['calls/plain'] })).get('calls/plain')?.findings ?? [];
    const source = relative(process.cwd(), join(folder, 'made.c'));
    const place = { function: 'crash', file: source, line: 7, text: '*to = 1;' };
    expect(finding?.place).toEqual(place);
    expect(finding?.crash?.calls?.slice(0, 2)).toEqual([
      { frame: 0, ...place },
      { frame: 1, function: 'call', file: source, line: 12, text: body },
    ]);
    expect(finding?.crash?.frames[0]).toMatch(/^crash\+0x/);
    rmSync(join(folder, 'made.c'));
    const [later] = (await resultsOf(file, { filter: ['calls/plain'] })).get('calls/plain')?.findings ?? [];
    expect(later?.place).toEqual({ ...place, text: null });
  });

  test('that exits with code 0 before its completion line is a finding', async () => {
    const results = await resultsOf(faultFile('process-exit'), { filter: ['calls/plain'] });
    expect(results.get('calls/plain')).toMatchObject({ state: 'failed' });
    expect(results.get('calls/plain')?.findings[0]?.message).toContain('exit code 0');
  });

  test('cannot write the completion line itself', async () => {
    const forge = `for (int fd = 3; fd < 1024; fd++) dprintf(fd, "0123456789abcdef {\\"type\\":\\"done\\"}\\n");
  exit(0);`;
    const results = await resultsOf(made(forge), { filter: ['calls/plain'] });
    expect(results.get('calls/plain')).toMatchObject({ state: 'failed' });
  });

  test('that hangs is a finding after the timeout of the options', async () => {
    const results = await resultsOf(faultFile('process-hang'), { filter: ['calls/plain'], timeout: 300 });
    expect(results.get('calls/plain')).toMatchObject({
      state: 'failed',
      findings: [expect.objectContaining({ message: expect.stringMatching(/did not return within 300 ms/) })],
    });
  });

  test('has its standard error in the finding', async () => {
    const results = await resultsOf(made('fputs("last words\\n", stderr); abort();'), {
      filter: ['calls/plain'],
    });
    expect(results.get('calls/plain')?.findings[0]).toMatchObject({
      crash: { signal: 'SIGABRT' },
      stderr: 'last words\n',
    });
  });

  test('that starts processes has them ended with the check', async () => {
    const mark = `TENON_CHECK_TEST_${process.pid}_${Date.now()}`;
    const fork = `if (fork() == 0) { for (;;) pause(); }`;
    process.env[mark] = '1';
    try {
      await resultsOf(made(fork), { filter: ['calls/plain'] });
      await expect.poll(() => processesWith(`${mark}=1`).filter((pid) => pid !== process.pid)).toEqual([]);
    } finally {
      delete process.env[mark];
    }
    expect(children()).toEqual([]);
  });
});

describe.skipIf(!canCheck)('a run', () => {
  test('is incomplete if new fails with the given config', needs('cargo'), async () => {
    const verdict = await check([pluginFile('grep')], { seed: 1 });
    expect(verdict.outcome).toBe('incomplete');
    const [file] = verdict.files;
    expect(file?.outcome).toBe('incomplete');
    expect(file?.results.find(({ id }) => id === 'calls/plain')).toMatchObject({
      state: 'incomplete',
      reason: expect.stringContaining('lifecycle/new'),
    });
    const configured = await check([pluginFile('grep')], { seed: 1, pluginConfig: '{"pattern":"x"}' });
    expect(configured.outcome).toBe('clean');
  });

  test('with the same seed has the same results, and the verdict has the seed', async () => {
    const [one, other] = [
      await check([pluginFile('echo')], { seed: 7 }),
      await check([pluginFile('echo')], { seed: 7 }),
    ];
    const states = (verdict: typeof one) => verdict.files[0]?.results.map(({ id, state }) => [id, state]);
    expect(states(one)).toEqual(states(other));
    expect(one.seed).toBe(7);
    expect((await check([pluginFile('echo')])).seed).toBeGreaterThanOrEqual(0);
  });

  test('has a separate outcome for each of several files', async () => {
    const text = join(temporaryFolder(), 'text.so');
    writeFileSync(text, 'not a library');
    const files = [pluginFile('echo'), text, join(text, 'nothing'), faultFile('returns-42')];
    const verdict = await check(files, { seed: 1, filter: ['calls/plain'] });
    expect(verdict.files.map(({ path, outcome }) => [path, outcome])).toEqual([
      [files[0], 'clean'],
      [files[1], 'findings'],
      [files[2], 'findings'],
      [files[3], 'findings'],
    ]);
    expect(verdict.outcome).toBe('findings');
    expect(verdict.files[1]?.results.map(({ id, state }) => [id, state])).toEqual([
      ['file/format', 'failed'],
    ]);
  });

  test('reports a missing file as missing, without a result of its format', async () => {
    const gone = join(temporaryFolder(), 'gone.so');
    const { files } = await check([gone], { seed: 1 });
    expect(files).toMatchObject([{ path: gone, outcome: 'findings', results: [], sha256: null }]);
    expect(files[0]?.reason).toContain('no such file');
  });

  test('checks the libraries in a folder, except those that are not plugins', async () => {
    const folder = folderWith(pluginFile('echo'), faultFile('returns-42'), faultFile('no-get-name'));
    compile(folder, 'libhelper', 'int helped(void) { return 1; }', ['-fvisibility=default']);
    writeFileSync(join(folder, 'text.so'), 'not a library');
    writeFileSync(join(folder, 'notes.txt'), 'not a library');
    mkdirSync(join(folder, 'below'));
    cpSync(pluginFile('math'), join(folder, 'below', 'math.so'));
    symlinkSync(join(folder, 'gone'), join(folder, 'link.so'));
    const { files } = await check([folder], { seed: 1, filter: ['calls/plain'] });
    expect(files.map(({ path, outcome }) => [basename(path), outcome])).toEqual([
      ['echo.so', 'clean'],
      ['link.so', 'findings'],
      ['no-get-name.so', 'findings'],
      ['returns-42.so', 'findings'],
      ['text.so', 'findings'],
    ]);
    expect(dirname(files[0]?.path ?? '')).toBe(folder);
    const named = await check([join(folder, 'libhelper.so')], { seed: 1 });
    expect(named.files[0]?.outcome).toBe('not-a-plugin');
  });

  test('refuses a folder without plugins', async () => {
    const empty = temporaryFolder();
    const code = 'ERR_TENON_NOT_FOUND';
    await expect(check([empty])).rejects.toMatchObject({
      code,
      message: expect.stringContaining('no library'),
    });
    compile(empty, 'libhelper', 'int helped(void) { return 1; }', ['-fvisibility=default']);
    await expect(check([empty])).rejects.toMatchObject({
      code,
      message: expect.stringContaining('1 library without an entry point'),
    });
  });

  test('runs only the checks of the filter and those that they need', async () => {
    const results = await resultsOf(pluginFile('echo'), { filter: ['calls/plain'] });
    expect([...results.keys()]).toContain('lifecycle/new');
    expect([...results.keys()].filter((id) => id.startsWith('calls/'))).toEqual(['calls/plain']);
  });

  test('accepts findings that the rules except with a reason, and still reports them', async () => {
    const rules = { 'calls/plain': { except: 'known since 2024' } };
    const verdict = await check([faultFile('returns-42')], { seed: 1, rules, filter: ['calls/plain'] });
    expect(verdict.outcome).toBe('clean');
    expect(verdict.files[0]?.results.find(({ id }) => id === 'calls/plain')).toMatchObject({
      state: 'excepted',
      reason: 'known since 2024',
      findings: [expect.objectContaining({ message: expect.stringContaining('42') })],
    });
  });

  test('counts a finding by its severity, which the rules can change', async () => {
    const rules = { 'calls/plain': { severity: 'warning' } } as const;
    const options = { seed: 1, rules, filter: ['calls/plain'] };
    expect((await check([faultFile('returns-42')], options)).outcome).toBe('clean');
    expect((await check([faultFile('returns-42')], { ...options, failOn: 'warning' })).outcome).toBe(
      'findings',
    );
  });

  test('repeats each check as often as the option says', async () => {
    const counter = join(temporaryFolder(), 'processes');
    const body = `static int calls; if (calls++ == 0) { FILE *file = fopen("${counter}", "a"); fputc('x', file); fclose(file); }`;
    await check([made(body)], { seed: 1, filter: ['calls/plain'], repeat: 3 });
    expect(readFileSync(counter, 'utf8').length).toBe(3);
  });

  test('that is aborted is incomplete, and so are its remaining checks', async () => {
    const ended = new AbortController();
    const running = check([faultFile('process-hang')], {
      seed: 1,
      filter: ['calls/plain'],
      signal: ended.signal,
      onProgress: ({ id }) => {
        if (id === 'lifecycle/new') ended.abort();
      },
    });
    const verdict = await running;
    expect(verdict.outcome).toBe('incomplete');
    expect(verdict.files[0]?.results.find(({ id }) => id === 'calls/plain')?.state).toBe('incomplete');
  });

  test('is incomplete if the file changes during the run', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'echo.so');
    cpSync(pluginFile('echo'), file);
    let changed = false;
    const verdict = await check([file], {
      seed: 1,
      onProgress: () => {
        if (!changed) appendFileSync(file, ' ');
        changed = true;
      },
    });
    expect(verdict.files[0]).toMatchObject({
      outcome: 'incomplete',
      reason: expect.stringContaining('changed'),
    });
  });

  test('reports its progress', async () => {
    const seen: number[] = [];
    const { files } = await check([pluginFile('echo')], {
      seed: 1,
      onProgress: ({ done }) => seen.push(done),
    });
    expect(seen).toEqual(files[0]?.results.map((_, i) => i + 1));
  });

  test('leaves nothing in the temporary folder', async () => {
    const TMPDIR = temporaryFolder();
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = TMPDIR;
    try {
      await check([pluginFile('wordcount')], { seed: 1, level: 'torture' });
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    expect(readdirSync(TMPDIR)).toEqual([]);
  });
});

test.each([
  [{ level: 'hard' }, 'level'],
  [{ seed: -1 }, 'seed'],
  [{ seed: 0.5 }, 'seed'],
  [{ jobs: 0 }, 'jobs'],
  [{ timeout: 0 }, 'timeout'],
  [{ repeat: Number.NaN }, 'repeat'],
  [{ filter: [''] }, 'filter[0]'],
  [{ filter: ['nothing/*'] }, 'filter'],
  [{ failOn: 'note' }, 'failOn'],
  [{ pluginConfig: '{' }, 'pluginConfig'],
  [{ inputs: 'file' }, 'inputs'],
  [{ glibc: 'new' }, 'glibc'],
  [{ sanitize: 'memory' }, 'sanitize'],
  [{ fuzz: { budget: 0 } }, 'fuzz.budget'],
  [{ rules: { 'calls/plain': { severity: 'fatal' } } }, "rules['calls/plain'].severity"],
  [{ rules: { 'calls/plain': { except: ' ' } } }, "rules['calls/plain'].except"],
  [{ rules: { 'calls/none': {} } }, 'check'],
])('an invalid option is refused with its name: %j', async (options, argument) => {
  const wrong = check(['x.so'], options as CheckOptions);
  await expect(wrong).rejects.toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT', argument });
});

test.each([
  [[], 'files'],
  [[''], 'files[0]'],
  ['file', 'files'],
  [[1], 'files[0]'],
])('an invalid list of files is refused: %j', async (files, argument) => {
  await expect(check(files as string[])).rejects.toMatchObject({
    code: 'ERR_TENON_INVALID_ARGUMENT',
    argument,
  });
});

test.skipIf(!canCheck)('the program refuses an input that it cannot read, for example a folder', () => {
  const program = join(buildDir, 'Release', 'tenon-checker');
  const args = ['fuzz/input', pluginFile('echo'), '--reproduce', temporaryFolder()];
  const { status, signal, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect({ status, signal }).toEqual({ status: 2, signal: null });
  expect(stderr).toContain('--reproduce');
});
