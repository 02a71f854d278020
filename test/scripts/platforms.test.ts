/** The results of `npm run test:platforms`: a crash and a missing tool are reported, and nothing else counts as passed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTrial, tableLines } from '../../scripts/lib/platform-table.mjs';
import { root } from '../support/index.js';

const lines = (...records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const passed = (group: string, name: string) => ({ group, name, ok: true });

test('cases are counted by tier, and those that failed are named', () => {
  const failed = { group: 'thread', name: 'echo', ok: false, problem: 'it hangs' };
  const text = lines(passed('inline', 'echo'), passed('inline', 'math'), failed, { end: true });
  const { groups, problems, ended } = readTrial(text);
  expect([...groups]).toEqual([
    ['inline', { passed: 2, failed: 0 }],
    ['thread', { passed: 0, failed: 1 }],
  ]);
  expect({ problems, ended }).toEqual({ problems: ['thread: echo: it hangs'], ended: true });
});

test('a trial that ended early names the case that ran', () => {
  const text = lines({ begins: 'inline: echo' }, passed('inline', 'echo'), { begins: 'inline: math' });
  expect(readTrial(text)).toMatchObject({ problems: ['ended during: inline: math'], ended: false });
  expect(readTrial('').problems).toEqual(['ended during: starting']);
});

test('the table gives the reason why a platform was skipped', () => {
  const row = { name: 'win32-x64', runtime: '–', state: 'skipped' as const, reason: 'wine is missing' };
  expect(tableLines([row])).toEqual(['  win32-x64  –  skipped  wine is missing']);
});

test('a name that is not a platform is refused', () => {
  const program = join(root, 'scripts', 'test-platforms.mjs');
  const { status, stderr } = spawnSync(process.execPath, [program, 'linux-mips'], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('There is no platform linux-mips, only linux-x64-gnu, linux-arm64-gnu,');
});
