/** `tenon check` on a terminal, in a CI job, with signals, and in a debugger. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { progressText } from '../../src/cli/check/progress.js';
import { widthOf } from '../../src/cli/text.js';
import { canCheck, tripsDir } from '../check/support.js';
import { faultFile, folderWith, pluginFile, temporaryFolder } from '../support/index.js';
import { needs } from '../support/tools.js';
import { broken, check, good, ONLY } from './check-run.js';
import { ENV, main } from './run.js';
import { hasScript, onTerminal, shownLines } from './terminal.js';

/** The plugins whose files come after the one that hangs. */
const MANY = ['echo', 'math', 'wordcount'];

describe.skipIf(!canCheck)('the environment', () => {
  test('of GitHub Actions adds annotations after the report, or next to an output file', async () => {
    const env = { GITHUB_ACTIONS: 'true' };
    const both = await check([broken, ...ONLY], { env });
    expect(both.stdout).toMatch(/There are findings\.\n::error file=/);
    expect((await check([broken, ...ONLY, '--format', 'json'], { env })).stdout).not.toContain('::error');
    const output = join(temporaryFolder(), 'x.sarif');
    const withFile = await check([broken, ...ONLY, '--format', 'sarif', '--output', output], { env });
    expect(withFile.stdout).toMatch(/^::error file=.*\n$/);
    expect(existsSync(output)).toBe(true);
  });

  const checkOnTerminal = (args: readonly string[], env: Record<string, string> = {}) =>
    onTerminal(['check', ...args], { columns: 120, env });

  test('of a terminal adds colors, and a progress bar that is removed before the verdict', async () => {
    const text = await checkOnTerminal([broken, ...ONLY]);
    expect(text).toContain('\u001B[31mERROR');
    expect(text).toMatch(/\r\[#+\.*\] \d+\/\d+ .* file\/format/);
    const bar = text.lastIndexOf('] ', text.indexOf('calls-plain 1.0.0'));
    expect(text.slice(bar).split('\n')[0]).toContain('\r\u001B[K');
  });

  test('with NO_COLOR has no colors, with CI no progress bar, and without a terminal neither', async () => {
    const plain = await checkOnTerminal([broken, ...ONLY], { NO_COLOR: '1' });
    expect(plain).not.toContain('\u001B[31m');
    const ci = await checkOnTerminal([broken, ...ONLY], { CI: 'true' });
    expect(ci).not.toContain('[#');
    expect(ci).toContain('\u001B[31m');
    const dumb = await checkOnTerminal([broken, ...ONLY], { TERM: 'dumb' });
    expect(dumb).not.toContain('\u001B');
    const piped = await check([broken, ...ONLY]);
    expect(piped.stdout + piped.stderr).not.toContain('\u001B');
  });

  test('with a SIGINT ends the run: finished results are shown, and the others are incomplete', async () => {
    const hangs = faultFile('constructor-hang');
    const child = spawn(process.execPath, [main, 'check', hangs, '--timeout', '10m'], {
      env: { ...process.env, ...ENV },
    });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    // The signal handlers are installed before the checker starts.
    await untilChecking(hangs);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stdout).toMatch(
      /INCOMPLETE {2}\d+ checks: the run was ended before the check was complete\n +abi\/load, /,
    );
    expect(stdout).toContain('not a pass');
    expect(checkersOf(hangs)).toEqual([]);
  });
});

/** Returns the processes of the checker with the file on their command line. */
function checkersOf(file: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.includes('tenon-checker') && line.includes(file);
    } catch {
      return false;
    }
  });
}

async function untilChecking(file: string): Promise<void> {
  while (checkersOf(file).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.skipIf(!canCheck)('a run that is ended by SIGINT', () => {
  test('prints few lines in the format compact, even if many checks are left', async () => {
    const folder = folderWith(faultFile('constructor-hang'), ...MANY.map(pluginFile));
    const hangs = join(folder, 'constructor-hang.so');
    const child = spawn(
      process.execPath,
      [main, 'check', folder, '--level', 'torture', '--format', 'compact', '--timeout', '10m'],
      { env: { ...process.env, ...ENV } },
    );
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await untilChecking(hangs);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(4);
    expect(lines.at(-1)).toMatch(
      /: incomplete: this file and \d other files were not checked: the run was ended/,
    );
  });
});

describe.runIf(canCheck && hasScript)('the progress line', () => {
  test.each([40, 80, 120])('never wraps on a terminal of %i columns', async (columns) => {
    const folder = join(
      temporaryFolder(),
      'a folder with a long name, 日本語 日本語, which goes on',
      'and on',
    );
    mkdirSync(folder, { recursive: true });
    cpSync(good, join(folder, 'good.so'));
    const text = await onTerminal(['check', join(folder, 'good.so'), '--filter', 'calls/*'], { columns });
    const lines = shownLines(text).filter((line) => line.startsWith('['));
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => widthOf(line) >= columns)).toEqual([]);
    expect(lines.at(-1)).toMatch(/^\[#+\] \d+\/\d+ .*\/[a-z…]/);
  });

  test('shows the check before the name of the file', () => {
    const progress = { path: '/some/where/plugin.so', id: 'calls/plain', done: 5, total: 10 };
    expect(progressText(progress, 79)).toBe(
      '[############............] 5/10 /some/where/plugin.so calls/plain',
    );
    expect(progressText(progress, 45)).toBe('[####....] 5/10 …/where/plugin.so calls/plain');
    expect(progressText(progress, 30)).toBe('[####....] 5/10 calls/plain');
    expect(progressText(progress, 20)).toBe('[####....] 5/10 cal…');
  });
});

describe.skipIf(!canCheck)('--in-process', () => {
  test('runs all scenarios in one process in the foreground, and prints them', async () => {
    const run = await check([good, '--in-process']);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/^tenon: \d+ scenarios in one process: .*tenon-checker abi\/load,/);
    for (const id of ['abi/load', 'calls/plain']) expect(run.stderr).toContain(`tenon-checker: ${id}\n`);
    expect(run.stderr).toMatch(/tenon-checker: findings: 0\n$/);
  });

  test('continues after a finding, and exits with the code of the suite', async () => {
    const found = await check([broken, '--in-process', ...ONLY]);
    expect(found).toMatchObject({ code: 1, stderr: expect.stringContaining('FINDING: it returned 42') });
    expect(found.stderr).toContain('findings: 1');
    expect((await check([broken, '--in-process', '--filter', 'file/*'])).code).toBe(2);
    expect((await check([process.execPath, '--in-process'])).code).not.toBe(0);
  });

  test('reports an incomplete scenario', needs('cargo'), async () => {
    const run = await check([pluginFile('grep'), '--in-process', ...ONLY]);
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('INCOMPLETE: new failed') });
  });

  test('reports a plugin that ends the process, unless the scenario must end it', async () => {
    const left = await check([faultFile('constructor-exit'), '--in-process', '--filter', 'abi/load']);
    expect(left).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the process called exit during abi/load'),
    });
    const all = await check([good, '--in-process', '--level', 'torture', '--filter', '*/*e*']);
    expect(all).toMatchObject({ code: 0, stderr: expect.stringMatching(/tenon-checker: findings: 0\n$/) });
    const alone = await check([good, '--in-process', '--level', 'torture', '--filter', 'lifecycle/exit']);
    expect(alone.code).toBe(0);
  });

  test('runs the input of --reproduce with each method, and prints the method', async () => {
    const input = join(temporaryFolder(), 'input');
    writeFileSync(input, '\xff', 'latin1');
    const reproduce = ['--in-process', '--filter', 'fuzz/methods', '--reproduce', input];
    const trip = join(tripsDir, 'fuzz-methods.so');
    const run = await check([trip, ...reproduce]);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('was ended by SIGSEGV') });
    const stages = [...run.stderr.matchAll(/method \d of packer\/1/g)].map(([name]) => name);
    expect(stages).toEqual(['method 0 of packer/1', 'method 1 of packer/1']);
    const sound = await check([join(tripsDir, 'fuzz-sound.so'), ...reproduce]);
    expect(sound).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/fuzz\/methods\n[\s\S]*findings: 0\n$/),
    });
  });

  test('is refused if the filter selects no scenario', async () => {
    const run = await check([pluginFile('echo'), '--in-process', '--filter', 'fuzz/methods', '--fuzz', '1s']);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('fuzz/methods: it has no kinds') });
    const bytes = await check([good, '--in-process', '--filter', 'file/stack']);
    expect(bytes).toMatchObject({ code: 2, stderr: expect.stringContaining('only reads the bytes') });
  });

  test('installs no signal handlers: a crash ends the process', async () => {
    const run = await check([faultFile('constructor-segfault'), '--in-process', '--filter', 'abi/load']);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('was ended by SIGSEGV') });
  });
});
