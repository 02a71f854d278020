/** Ordinary libraries are recognised as such, quickly and without loading them: a false positive is a bug. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { check } from '../../src/check/index.js';
import { compile, pluginFile, temporaryFolder } from '../support/index.js';
import { canCheck } from './support.js';

const WANTED = 200;

/** Returns the files below the folder of the C library that have the name and magic of a library. */
function systemLibraries(): string[] {
  const path = execFileSync('cc', ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  const folder = dirname(execFileSync('realpath', [path], { encoding: 'utf8' }).trim());
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.so(\.|$)/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).toString('latin1', 0, 4) === '\x7fELF')
    .sort();
}

/** Selects the largest files, and a regular sample of the others. */
function chosen(files: readonly string[]): string[] {
  const bySize = files.toSorted((a, b) => statSync(b).size - statSync(a).size);
  const [large, rest] = [bySize.slice(0, WANTED / 2), bySize.slice(WANTED / 2)];
  const step = Math.max(1, rest.length / (WANTED / 2));
  const others = Array.from({ length: WANTED / 2 }, (_, i) => rest[Math.floor(i * step)] ?? '');
  return [...large, ...others.filter((file) => file !== '')];
}

/**
 * Replaces the checker with a script that only writes a mark when it starts. Returns the path of the mark.
 */
function markChecker(): string {
  const folder = temporaryFolder();
  const mark = join(folder, 'started');
  const program = join(folder, 'checker');
  writeFileSync(program, `#!/bin/sh\necho "$@" >> '${mark}'\n`);
  chmodSync(program, 0o755);
  const before = process.env['TENON_CHECKER'];
  process.env['TENON_CHECKER'] = program;
  onTestFinished(() => {
    if (before === undefined) delete process.env['TENON_CHECKER'];
    else process.env['TENON_CHECKER'] = before;
  });
  return mark;
}

/** Returns the files that are mapped into this process. */
const mapped = () => new Set(readFileSync('/proc/self/maps', 'utf8').match(/\/\S+$/gm));

describe.skipIf(!canCheck)('ordinary libraries', () => {
  test('of the system are recognised without loading them, 200 in all', async () => {
    const mark = markChecker();
    const files = chosen(systemLibraries());
    expect(files.length).toBe(WANTED);
    const before = mapped();
    const { files: verdicts, outcome } = await check(files, { level: 'torture', seed: 1 });
    const taken = verdicts.filter((verdict) => verdict.outcome !== 'not-a-plugin');
    expect(taken.map(({ path, reason }) => ({ path, reason }))).toEqual([]);
    expect(outcome).toBe('findings');
    expect(verdicts.filter(({ results, sha256 }) => results.length > 0 || sha256 !== null)).toEqual([]);
    expect(existsSync(mark)).toBe(false);
    expect([...mapped()].filter((file) => !before.has(file) && files.includes(file))).toEqual([]);

    const times = verdicts.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const [median = 0, longest = 0] = [times[WANTED / 2], times.at(-1)];
    console.info(
      `${WANTED} libraries: median ${median.toFixed(2)} ms, longest ${longest.toFixed(2)} ms (limit 100)`,
    );
  });

  test('are compared with a plugin, which does start the checker', async () => {
    const mark = markChecker();
    await check([pluginFile('echo')], { filter: ['abi/load'] });
    expect(readFileSync(mark, 'utf8')).toMatch(/^abi\/load /);
  });
});

const EXPORTED = '__attribute__((visibility("default")))';

test('a library with only one of the entry points is not a plugin', async () => {
  const file = compile(temporaryFolder(), 'other', `${EXPORTED} const char *get_name(void) { return "x"; }`);
  const { files } = await check([file]);
  expect(files[0]).toMatchObject({ outcome: 'not-a-plugin', results: [] });
});

test('a library with two of the entry points is an incomplete plugin, which is a finding', async () => {
  const source = `${EXPORTED} const char *get_name(void) { return "x"; }
    ${EXPORTED} const char *get_version(void) { return "1.0.0"; }`;
  const { files } = await check([compile(temporaryFolder(), 'half', source)]);
  expect(files[0]?.outcome).toBe('findings');
  expect(files[0]?.results.find(({ id }) => id === 'file/entry-points')?.state).toBe('failed');
});
