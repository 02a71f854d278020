import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pluginFile, temporaryFolder } from '../support/index.js';
import { tenon } from './run.js';

const KEYS = ['path', 'format', 'os', 'arch', 'exports', 'needed', 'descriptor', 'kinds', 'error'];
const wordcount = pluginFile('wordcount');

describe('tenon inspect --json', () => {
  test('prints an array with exactly the documented members', async () => {
    const run = await tenon(['inspect', '--json', wordcount]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const all = JSON.parse(run.stdout) as Record<string, unknown>[];
    expect(all).toHaveLength(1);
    expect(Object.keys(all[0] ?? {})).toEqual(KEYS);
    expect(all[0]).toMatchObject({
      path: wordcount,
      os: process.platform,
      arch: process.arch,
      descriptor: { name: 'wordcount', abi: '1.0.0' },
      error: null,
    });
    const exports = all[0]?.exports as { name: string; type: string }[];
    for (const one of exports) expect(Object.keys(one)).toEqual(['name', 'type']);
    expect(exports.map(({ name, type }) => `${name} ${type}`).sort()).toEqual([
      'get_name function',
      'get_plugin function',
      'get_version function',
      'tenon_descriptor data',
      'tenon_kind_state_1 data',
    ]);
  });

  test('prints the error of each file, in the order of the files, and exits with 1', async () => {
    const folder = temporaryFolder();
    const text = join(folder, 'text.so');
    writeFileSync(text, 'not a library');
    mkdirSync(join(folder, 'dir.so'));
    const files = [text, join(folder, 'missing.so'), wordcount, join(folder, 'dir.so')];
    const run = await tenon(['inspect', ...files, '--json']);
    expect(run).toMatchObject({ code: 1, stderr: '' });
    const all = JSON.parse(run.stdout) as { path: string; error: { code: string; message: string } | null }[];
    expect(all.map((one) => one.path)).toEqual(files);
    expect(all.map((one) => one.error?.code ?? null)).toEqual([
      'ERR_TENON_NOT_A_LIBRARY',
      'ERR_TENON_NOT_FOUND',
      null,
      'ERR_TENON_UNREADABLE',
    ]);
    const nothing = { format: null, os: null, arch: null, exports: [], needed: [], descriptor: null };
    expect(all[0]).toMatchObject(nothing);
    expect(Object.keys(all[0]?.error ?? {})).toEqual(['code', 'message']);
  });
});

describe('tenon inspect', () => {
  test('prints the same facts as text', async () => {
    const run = await tenon(['inspect', wordcount, 'missing.so']);
    expect(run.code).toBe(1);
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain(`${process.platform} ${process.arch}`);
    expect(run.stdout).toMatch(/get_plugin +function/);
    expect(run.stdout).toMatch(/descriptor +wordcount \d+\.\d+\.\d+, tenon ABI 1\.0\.0/);
    expect(run.stdout).toContain('ERR_TENON_NOT_FOUND');
  });

  test('treats arguments after -- as files', async () => {
    const run = await tenon(['inspect', '--json', '--', '--help']);
    expect(JSON.parse(run.stdout)).toMatchObject([
      { path: '--help', error: { code: 'ERR_TENON_NOT_FOUND' } },
    ]);
  });
});
