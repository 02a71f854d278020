/** `tenon check` on terminals, in CI jobs, under signals, and in debuggers. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canCheck } from '../check/support.js';
import { faultFile, hasRust, pluginFile, temporaryFolder } from '../support/index.js';
import { broken, check, ENV, good, ONLY } from './check-run.js';
import { main } from './run.js';

describe.skipIf(!canCheck)('the surroundings', () => {
  test('on GitHub annotations follow what is for people, and stand beside a file', async () => {
    const env = { GITHUB_ACTIONS: 'true' };
    const both = await check([broken, ...ONLY], { env });
    expect(both.stdout).toMatch(/There are findings\.\n::error file=/);
    expect((await check([broken, ...ONLY, '--format', 'json'], { env })).stdout).not.toContain('::error');
    const output = join(temporaryFolder(), 'x.sarif');
    const beside = await check([broken, ...ONLY, '--format', 'sarif', '--output', output], { env });
    expect(beside.stdout).toMatch(/^::error file=.*\n$/);
    expect(existsSync(output)).toBe(true);
  });

  /** On a terminal of its own; standard output and error output are the same there. */
  function onTerminal(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const quoted = [process.execPath, main, 'check', ...args].map((arg) => `'${arg}'`).join(' ');
    const all = { ...process.env, ...ENV, TERM: 'xterm', ...env };
    const child = spawn('script', ['-qec', quoted, '/dev/null'], {
      env: all,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve(text));
    });
  }

  test('a terminal has colors and a progress bar, which goes before the verdict comes', async () => {
    const text = await onTerminal([broken, ...ONLY]);
    expect(text).toContain('\u001B[31mERROR');
    expect(text).toMatch(/\r\[#+\.*\] \d+\/\d+ .* file\/format/);
    const bar = text.lastIndexOf('] ', text.indexOf('calls-plain 1.0.0'));
    expect(text.slice(bar).split('\n')[0]).toContain('\r\u001B[K');
  });

  test('NO_COLOR has no colors, CI no progress bar, and what is no terminal neither', async () => {
    const plain = await onTerminal([broken, ...ONLY], { NO_COLOR: '1' });
    expect(plain).not.toContain('\u001B[31m');
    const ci = await onTerminal([broken, ...ONLY], { CI: 'true' });
    expect(ci).not.toContain('[#');
    expect(ci).toContain('\u001B[31m');
    const dumb = await onTerminal([broken, ...ONLY], { TERM: 'dumb' });
    expect(dumb).not.toContain('\u001B');
    const piped = await check([broken, ...ONLY]);
    expect(piped.stdout + piped.stderr).not.toContain('\u001B');
  });

  test('SIGINT ends the run: what was done is shown, the rest is incomplete', async () => {
    const hangs = faultFile('constructor-hang');
    const child = spawn(process.execPath, [main, 'check', hangs, '--timeout', '10m'], {
      env: { ...process.env, ...ENV },
    });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    // Handlers are set by the time the checker runs.
    await untilChecking(hangs);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stdout).toMatch(/INCOMPLETE {2}abi\/load +[\d.]+ ms +the run was ended before it was done/);
    expect(stdout).toContain('this is no pass');
    expect(checkersOf(hangs)).toEqual([]);
  });
});

/** Processes of the checker that have the file on their command line. */
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

describe.skipIf(!canCheck)('--in-process', () => {
  test('runs all scenarios in one process in the foreground, and prints for people', async () => {
    const run = await check([good, '--in-process']);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/^tenon: \d+ scenarios in one process: .*tenon-checker abi\/load,/);
    for (const id of ['abi/load', 'calls/plain']) expect(run.stderr).toContain(`tenon-checker: ${id}\n`);
    expect(run.stderr).toMatch(/tenon-checker: findings: 0\n$/);
  });

  test('goes on after a finding, and gives the exit code of the suite', async () => {
    const found = await check([broken, '--in-process', ...ONLY]);
    expect(found).toMatchObject({ code: 1, stderr: expect.stringContaining('FINDING: it returned 42') });
    expect(found.stderr).toContain('findings: 1');
    expect((await check([broken, '--in-process', '--filter', 'file/*'])).code).toBe(2);
    expect((await check([process.execPath, '--in-process'])).code).not.toBe(0);
  });

  test.skipIf(!hasRust)('tells what could not be tried', async () => {
    const run = await check([pluginFile('grep'), '--in-process', ...ONLY]);
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('INCOMPLETE: new failed') });
  });

  test('a plugin that ends the process is found out, and one that is to live to its end is not', async () => {
    const left = await check([faultFile('constructor-exit'), '--in-process', '--filter', 'abi/load']);
    expect(left).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ended by exit, in the middle of abi/load'),
    });
    const all = await check([good, '--in-process', '--level', 'torture', '--filter', '*/*e*']);
    expect(all).toMatchObject({ code: 0, stderr: expect.stringMatching(/tenon-checker: findings: 0\n$/) });
    const alone = await check([good, '--in-process', '--level', 'torture', '--filter', 'lifecycle/exit']);
    expect(alone.code).toBe(0);
  });

  test('leaves signals alone: a crash ends the process', async () => {
    const run = await check([faultFile('constructor-segfault'), '--in-process', '--filter', 'abi/load']);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('was ended by SIGSEGV') });
  });
});
