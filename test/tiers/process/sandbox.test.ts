/** The sandbox: what each system call does in it, and that real programs work in it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type LoadOptions, PluginHost } from '../../../src/index.js';
import { buildDir, root, temporaryFolder } from '../../support/index.js';
import { compiled, hasProcesses, openHost } from '../../support/processes.js';
import { sanitizer } from '../../support/sanitized.js';
import { needs } from '../../support/tools.js';

const EPERM = '1';
const ENOSYS = '38';
/** Numbers beyond the table. */
const BEYOND = 64;
/** Calls that end or stop their caller as they should. */
const FINAL = ['exit', 'exit_group', 'pause', 'rt_sigreturn'];
/** uretprobe and uprobe of x64, for which the kernel ends the caller whatever a filter says. */
const INSTRUMENTS = process.arch === 'x64' ? [335, 336] : [];

const transports = new PluginHost().capabilities.transports;
/** A sanitizer's runtime makes calls that no plugin needs. */
const runs = hasProcesses && sanitizer === undefined;

/** Returns the table of the sandbox as its test program prints it. */
function table(): { readonly number: number; readonly name: string }[] {
  execFileSync('cmake', ['--build', buildDir, '--target', 'tenon-sandbox_test'], { stdio: 'pipe' });
  const printed = execFileSync(join(buildDir, 'test-native', 'sandbox_test'), ['list'], { encoding: 'utf8' });
  return printed
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([number, name = '']) => ({ number: Number(number), name }));
}

const folder = mkdtempSync(join(tmpdir(), 'tenon-sandbox-'));
const built = new Map<boolean, string>();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(runs).each(transports)('in the sandbox over %s', (transport) => {
  const options = { isolation: 'process', transport, restart: false } as const;
  const load = async (file: string, more: LoadOptions = {}) => {
    const plugin = await openHost().load(file, { ...options, sandbox: true, ...more });
    const instance = await plugin.new();
    return { plugin, ask: (what: string) => instance.callSync(Buffer.from(what)).toString() };
  };

  test('every system call is in the list, fails with EPERM, or is unknown', { timeout: 60_000 }, async () => {
    const { plugin, ask } = await load(compiled('test/tiers/fixtures/caller.c'));
    if (plugin.process?.missing.includes('seccomp')) return;
    const allowed = table();
    const numbers = new Set(allowed.map(({ number }) => number));
    const highest = Math.max(...numbers);
    const passed: number[] = [];
    for (let number = 0; number <= highest + BEYOND; number++) {
      if (INSTRUMENTS.includes(number)) continue;
      if (allowed.some((call) => call.number === number && FINAL.includes(call.name))) continue;
      const found = ask(String(number));
      if (found !== EPERM && found !== ENOSYS) passed.push(number);
    }
    expect(passed.filter((number) => !numbers.has(number))).toEqual([]);
    // And the list is in force, not a filter that refuses everything.
    expect(passed.length).toBeGreaterThan(100);
    expect(plugin.state).toBe('running');
  });

  const everyday = (rust: boolean): string => {
    const found = built.get(rust);
    if (found !== undefined) return found;
    const output = join(folder, rust ? 'rust' : 'cpp', 'everyday.so');
    mkdirSync(join(output, '..'));
    const source = (name: string) => join(root, 'test', 'tiers', 'fixtures', name);
    const more: string[] = [];
    if (rust) {
      const library = join(folder, 'libeveryday.a');
      const flags = ['--edition', '2021', '--crate-type', 'staticlib', '-C', 'opt-level=1'];
      execFileSync('rustc', [...flags, source('everyday.rs'), '-o', library], { stdio: 'pipe' });
      more.push('-DEVERYDAY_RUST', library);
    }
    const flags = ['-std=c++17', '-shared', '-fPIC', '-fvisibility=hidden', '-pthread'];
    const includes = `-I${join(root, 'include')}`;
    execFileSync('c++', [...flags, includes, source('everyday.cc'), ...more, '-o', output, '-ldl']);
    built.set(rust, output);
    return output;
  };

  const work = async (rust: boolean) => {
    const readable = temporaryFolder();
    const file = join(readable, 'file');
    writeFileSync(file, 'some text');
    const { ask, plugin } = await load(everyday(rust), { sandbox: { read: [readable] } });
    expect(ask(file)).toBe('');
    expect(readFileSync(file, 'utf8')).toBe('some text');
    expect(plugin.state).toBe('running');
  };

  test('a C++ plugin with threads, files, time and memory works', { timeout: 60_000 }, () => work(false));
  test('so does a Rust plugin with the standard library', { timeout: 60_000, ...needs('cargo') }, () =>
    work(true),
  );

  test('what the kernel does not give is missing, and nothing else', async () => {
    const { plugin } = await load(compiled('test/tiers/fixtures/caller.c'));
    const { enforced = [], missing = [] } = plugin.process ?? {};
    const parts = ['no-new-privileges', 'seccomp', 'landlock', 'signal-scope'];
    expect([...enforced, ...missing].filter((name) => parts.includes(name)).sort()).toEqual(parts.sort());
  });
});
