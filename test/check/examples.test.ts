/** Examples next to a plugin: which files are used, and what makes a run incomplete. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckOptions, certify, check, type FileVerdict } from '../../src/check/index.js';
import { defineKind, method } from '../../src/index.js';
import { extension, pluginFile, temporaryFolder } from '../support/index.js';
import { canCheck, tripsDir } from './support.js';

/** Returns a folder with a plugin that accepts only inputs which begin with BOX. */
function picky(files: Readonly<Record<string, string>> = {}): string {
  return plugin('calls-succeeds', files);
}

function plugin(trip: string, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  copyFileSync(join(tripsDir, trip + extension), join(folder, 'foo.so'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, 'foo.so');
}

async function verdictOf(path: string, options: CheckOptions = {}): Promise<FileVerdict> {
  const { files } = await check([path], { seed: 1, filter: ['calls/succeeds'], ...options });
  if (files[0] === undefined) throw new Error('there is no verdict');
  return files[0];
}

const succeeds = ({ results }: FileVerdict) => results.find(({ id }) => id === 'calls/succeeds');

describe.skipIf(!canCheck)('a plugin of which no call succeeds', () => {
  test('is incomplete, with what to do', async () => {
    const verdict = await verdictOf(picky());
    expect(verdict.outcome).toBe('incomplete');
    expect(succeeds(verdict)).toMatchObject({
      state: 'incomplete',
      reason: expect.stringContaining('Give an input that the plugin accepts: --input FILE'),
    });
    expect(verdict.examples).toEqual([]);
  });

  test('gets no certificate, and one that passed gets one', async () => {
    const file = join(temporaryFolder(), 'certificates.json');
    expect(await certify(await check([picky()], { seed: 1 }), file)).toBe(0);
    expect(existsSync(file)).toBe(false);
    expect(await certify(await check([pluginFile('echo')], { seed: 1 }), file)).toBe(1);
  });

  test('does not count if the plugin has only methods', async () => {
    const verdict = await verdictOf(pluginFile('math'));
    expect(verdict.outcome).toBe('clean');
    expect(succeeds(verdict)).toMatchObject({
      state: 'skipped',
      reason: expect.stringContaining('supports only the methods of its kinds'),
    });
  });

  test('has no findings', async () => {
    const verdict = await verdictOf(picky(), { filter: [], level: 'basic' });
    expect(verdict.outcome).toBe('incomplete');
    expect(verdict.results.filter(({ state }) => state === 'failed')).toEqual([]);
  });
});

describe.skipIf(!canCheck)('next to a plugin', () => {
  test.each([
    ['an input', { 'foo.input': 'BOX 1' }, ['foo.input']],
    [
      'inputs with extensions, in the order of their names',
      { 'foo.input.b': 'BOX b', 'foo.input.a': 'BOX a' },
      ['foo.input.a', 'foo.input.b'],
    ],
    [
      'a corpus',
      {
        'foo.corpus/1': 'BOX 1',
        'foo.corpus/.hidden': 'x',
        'foo.corpus/empty': '',
        'foo.corpus/folder/2': 'x',
      },
      ['foo.corpus/1'],
    ],
    [
      'an input before a corpus',
      { 'foo.corpus/1': 'BOX 1', 'foo.input': 'BOX 2' },
      ['foo.input', 'foo.corpus/1'],
    ],
  ])('%s is used and shown', async (_what, files, used) => {
    const path = picky(files);
    const verdict = await verdictOf(path);
    expect(succeeds(verdict)?.state).toBe('passed');
    expect(verdict.examples).toEqual(
      used.map((name) => ({ path: join(path, '..', name), use: 'input', found: true })),
    );
    expect(succeeds(verdict)?.reproduce.gdb).toContain(`--input ${join(path, '..', used[0] ?? '')}`);
  });

  test.each([
    { 'bar.input': 'BOX 1' },
    { input: 'BOX 1' },
    { 'foo.inputs': 'BOX 1' },
    { 'corpus/1': 'BOX 1' },
    { 'foo.so.input': 'BOX 1' },
  ])('other files are not used: %j', async (files) => {
    expect((await verdictOf(picky(files as Record<string, string>))).examples).toEqual([]);
  });

  test('files are not used if the user gives inputs, or does not want them', async () => {
    const path = picky({ 'foo.input': 'nonsense', 'foo.corpus/1': 'nonsense' });
    const given = join(temporaryFolder(), 'given');
    writeFileSync(given, 'BOX');
    const verdict = await verdictOf(path, { inputs: [given] });
    expect(succeeds(verdict)?.state).toBe('passed');
    expect(verdict.examples).toEqual([{ path: given, use: 'input', found: false }]);
    const without = await verdictOf(path, { examples: false });
    expect(without.examples).toEqual([]);
    expect(succeeds(without)?.reproduce.command).toContain('--no-examples');
  });

  test('a corpus is used for fuzzing, unless the user gives one', async () => {
    const path = picky({ 'foo.corpus/1': 'BOX 1' });
    const filter = ['fuzz/input'];
    const found = await verdictOf(path, { filter, fuzz: { budget: 50 } });
    const folder = join(path, '..', 'foo.corpus');
    expect(found.examples).toContainEqual({ path: folder, use: 'corpus', found: true });
    const corpus = temporaryFolder();
    const given = await verdictOf(path, { filter, fuzz: { budget: 50, corpus } });
    expect(given.examples).toEqual([{ path: corpus, use: 'corpus', found: false }]);
  });

  test.each([
    ['a folder as input', (path: string) => mkdirSync(join(path, '..', 'foo.input')), 'it is not a file'],
    [
      'a file as corpus',
      (path: string) => writeFileSync(join(path, '..', 'foo.corpus'), ''),
      'it is not a folder',
    ],
  ])('what cannot be used is refused: %s', async (_what, make, why) => {
    const path = picky();
    make(path);
    const verdict = await verdictOf(path);
    expect(verdict).toMatchObject({ outcome: 'incomplete', results: [] });
    expect(verdict.reason).toContain(why);
    expect(verdict.reason).toContain('--no-examples');
  });

  test.skipIf(process.getuid?.() === 0)('an input without permission is refused', async () => {
    const path = picky({ 'foo.input': 'BOX' });
    chmodSync(join(path, '..', 'foo.input'), 0);
    expect((await verdictOf(path)).reason).toContain('EACCES');
  });
});

describe.skipIf(!canCheck)('the description of a kind next to a plugin', () => {
  const kind = (fields: Record<string, 'u8'>, name = 'trip') =>
    JSON.stringify(
      defineKind({ name, version: '1.2.0', methods: { twice: method.bytes(), four: method(fields, {}) } }),
    );
  const four = { a: 'u8', b: 'u8', c: 'u8', d: 'u8' } as const;
  const filter = ['calls/methods-succeed'];

  test('gives the methods valid records', async () => {
    const without = await verdictOf(plugin('calls-methods-succeed', {}), { filter });
    expect(without.outcome).toBe('incomplete');
    const path = plugin('calls-methods-succeed', { 'trip.kind.json': kind(four), 'other.kind.json': '{' });
    const verdict = await verdictOf(path, { filter });
    expect(verdict.outcome).toBe('clean');
    const used = { path: join(path, '..', 'trip.kind.json'), use: 'kind', found: true };
    expect(verdict.examples).toEqual([used]);
  });

  test.each([
    ['{', 'it is not JSON'],
    ['[]', 'must be an object'],
    [kind(four, 'trap'), 'its name is "trap", expected "trip"'],
    [kind(four).replace('1.2.0', '2.0.0'), 'its version is "2.0.0", expected 1.x'],
    ['{"format":1,"name":"trip","version":"1.0.0"}', 'methods'],
    ['{"format":1,"name":"trip","version":"1.0.0","methods":[{"name":"a"}]}', 'methods[0]'],
    [kind(four).replace('"u8"', '"i7"'), 'methods[1].input[0].type'],
  ])('is refused if it is wrong: %s', async (text, why) => {
    const verdict = await verdictOf(plugin('calls-methods-succeed', { 'trip.kind.json': text }), { filter });
    expect(verdict.outcome).toBe('incomplete');
    expect(verdict.reason).toContain(why);
  });
});
