import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Verdicts } from '../../src/admission/verdicts.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-verdicts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const verdict = { name: 'wordcount', version: '1.0.0', size: 56, flags: 0, date: '2026-01-01T00:00:00.000Z' };

test('all hosts of a process share their verdicts', async () => {
  await new Verdicts().add('digest-a', verdict);
  expect(await new Verdicts().get('digest-a')).toEqual(verdict);
  expect(await new Verdicts().get('digest-b')).toBeUndefined();
});

test('a process that sees new versions without end keeps only the latest verdicts', async () => {
  const verdicts = new Verdicts();
  for (let i = 0; i < 4096; i++) await verdicts.add(`version-${i}`, verdict);
  expect(await verdicts.get('version-0')).toEqual(verdict);
  await verdicts.add('version-0', verdict);
  await verdicts.add('version-4096', verdict);
  expect(await verdicts.get('version-0')).toEqual(verdict);
  expect(await verdicts.get('version-1')).toBeUndefined();
  expect(await verdicts.get('version-4096')).toEqual(verdict);
});

test('two hosts that write the same verdicts file lose no verdict', async () => {
  const path = join(folder, 'verdicts.json');
  const [one, two] = [new Verdicts(path), new Verdicts(path)];
  await one.get('x');
  await two.get('x');
  await one.add('digest-c', verdict);
  await two.add('digest-d', verdict);
  const { verdicts } = JSON.parse(await readFile(path, 'utf8')) as { verdicts: object };
  expect(Object.keys(verdicts).sort()).toEqual(['digest-c', 'digest-d']);
});

test('a verdict is read from the file', async () => {
  const path = join(folder, 'kept.json');
  await new Verdicts(path).add('digest-e', verdict);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('digest-e', 'digest-from-file'));
  expect(await new Verdicts(path).get('digest-from-file')).toEqual(verdict);
});

test.each([
  ['invalid JSON', 'banana'],
  ['another format', JSON.stringify({ format: 'other', verdicts: { 'digest-f': verdict } })],
  ['an unexpected shape', JSON.stringify({ format: 'other', verdicts: 5 })],
])('a verdicts file with %s is read as empty', async (_, text) => {
  const path = join(folder, 'bad.json');
  await writeFile(path, text);
  expect(await new Verdicts(path).get('digest-f')).toBeUndefined();
});

test('a verdicts file that cannot be read or written is an error', async () => {
  await expect(new Verdicts(folder).get('digest-g')).rejects.toMatchObject({ code: 'ERR_TENON_UNREADABLE' });
  const nowhere = new Verdicts(join(folder, 'none', 'verdicts.json'));
  await expect(nowhere.add('digest-h', verdict)).rejects.toMatchObject({ code: 'ERR_TENON_UNREADABLE' });
});
