/** The checks of the group `fuzz`: behaviour that the matrix does not cover. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readBreadcrumb } from '../../src/check/fuzz/breadcrumb.js';
import { minimise } from '../../src/check/fuzz/minimise.js';
import { type CheckOptions, type CheckResult, check } from '../../src/check/index.js';
import { extension, pluginFile, pluginsDir, root, temporaryFolder } from '../support/index.js';
import { needs, pluginsToTest } from '../support/tools.js';
import { canCheck, tripsDir } from './support.js';
import { corpus } from './table-fuzz.js';

const trip = (name: string) => join(tripsDir, `fuzz-${name}${extension}`);
const ENOUGH = 120_000;

async function resultOf(path: string, id: string, options: CheckOptions): Promise<CheckResult> {
  const { files } = await check([path], { filter: [id], seed: 1, ...options });
  const result = files[0]?.results.find((one) => one.id === id);
  if (result === undefined) throw new Error(`there is no result of ${id}`);
  return result;
}

const fuzzed = (name: string, options: CheckOptions = {}) =>
  resultOf(trip(name), 'fuzz/input', { fuzz: { budget: ENOUGH, corpus }, ...options });

const message = ({ findings }: CheckResult) => findings[0]?.message ?? '';

describe.skipIf(!canCheck)('generated inputs', () => {
  test('depend only on the seed', async () => {
    const numberOf = async (seed: number) =>
      /number (\d+) of seed/.exec(message(await fuzzed('breach', { seed })))?.[1];
    const [first, again] = [await numberOf(7), await numberOf(7)];
    expect(first).toMatch(/^\d+$/);
    expect(again).toBe(first);
    const others = await Promise.all([8, 9, 10].map(numberOf));
    expect(others.some((number) => number !== first)).toBe(true);
  });

  test('that crash only after earlier ones are reported as such', async () => {
    const text = message(await fuzzed('state'));
    expect(text).toContain('It was ended by SIGSEGV');
    expect(text).toContain('this input alone does not reproduce it, so earlier inputs contribute');
  });

  test('are only used with the option fuzz, or at the level torture', async () => {
    const filter = ['calls/plain', 'fuzz/*'];
    for (const options of [{ level: 'strict' }, { level: 'torture', fuzz: false }] as const) {
      const { files } = await check([trip('input')], { ...options, filter });
      expect(files[0]?.results.some(({ group }) => group === 'fuzz')).toBe(false);
    }
  });

  test('are some thousand at the level torture', async () => {
    const { files } = await check([trip('sound')], { level: 'torture', filter: ['fuzz/input'], seed: 1 });
    const result = files[0]?.results.find(({ id }) => id === 'fuzz/input');
    expect(result?.state).toBe('passed');
    const [tried] = result?.measures ?? [];
    expect(tried?.type === 'value' && tried.value).toBeGreaterThan(10);
    expect(tried?.type === 'value' && tried.value).toBeLessThanOrEqual(3000);
  });

  test('are run for the given time and counted', async () => {
    const { state, measures } = await fuzzed('sound', { fuzz: { budget: 300, corpus } });
    expect(state).toBe('passed');
    const [tried] = measures;
    expect(tried).toMatchObject({ type: 'value', name: 'inputs tried' });
    expect(tried?.type === 'value' && tried.value).toBeGreaterThan(10);
  });

  test('for methods are skipped for a plugin without kinds', async () => {
    const options = { fuzz: { budget: 100 } };
    const { state, reason } = await resultOf(pluginFile('echo'), 'fuzz/methods', options);
    expect({ state, reason }).toEqual({ state: 'skipped', reason: 'it has no kinds' });
  });
});

describe.skipIf(!canCheck)('an input that causes a finding', () => {
  test('is minimised and saved, and the command in the finding runs it alone', async () => {
    const artifacts = temporaryFolder();
    const result = await fuzzed('input', { artifacts });
    const { input } = result.findings[0] ?? {};
    expect(input).toMatchObject({ size: 4, role: 'input', file: expect.stringContaining(artifacts) });
    expect(readFileSync(input?.file ?? '')).toEqual(Buffer.from('BOX\xff', 'latin1'));

    expect(result.reproduce.command).toContain(`--reproduce ${input?.file}`);
    expect(result.reproduce.gdb).toContain(`--reproduce ${input?.file}`);
    const { code, stdout } = await shell(`${result.reproduce.command} --format compact`);
    expect(stdout).toContain('It was ended by SIGSEGV');
    expect(stdout).toContain('a call with 4 bytes: "BOX\\xff"');
    expect(code).toBe(1);
  });

  test('is the only one that runs with the option reproduce', async () => {
    const file = join(temporaryFolder(), 'one');
    writeFileSync(file, 'BOX\x01x');
    const { state, measures } = await fuzzed('input', { fuzz: { budget: ENOUGH, corpus, reproduce: file } });
    expect(state).toBe('passed');
    expect(measures).toEqual([{ type: 'value', name: 'inputs tried', unit: 'count', value: 1 }]);
  });

  test('is run with each method of the kinds, and the finding has the one that fails', async () => {
    const file = join(temporaryFolder(), 'one');
    writeFileSync(file, '\xff', 'latin1');
    const fuzz = { budget: ENOUGH, reproduce: file };
    const result = await resultOf(trip('methods'), 'fuzz/methods', { fuzz });
    expect(message(result)).toContain('method 1 of packer/1 with 1 bytes: "\\xff"');
    expect((await resultOf(trip('sound'), 'fuzz/methods', { fuzz })).state).toBe('passed');
  });

  test('is run with no checks of other groups than those it needs', async () => {
    const fuzz = { budget: 1, reproduce: join(corpus, 'box') };
    const { files } = await check([trip('sound')], { level: 'torture', fuzz });
    const groups = files[0]?.results.map(({ group }) => group);
    expect(groups?.filter((group) => group === 'fuzz')).toHaveLength(3);
    expect(groups).not.toContain('resources');
  });

  test.each([
    [{ budget: 1, reproduce: '/does/not/exist' }, 'fuzz.reproduce'],
    [{ budget: 1, reproduce: corpus }, 'fuzz.reproduce'],
    [{ budget: 1, corpus: join(corpus, 'box') }, 'fuzz.corpus'],
    [{ budget: 0 }, 'fuzz.budget'],
  ])('is refused with invalid options: %o', async (fuzz, mentions) => {
    const refused = check([trip('sound')], { fuzz });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_TENON_INVALID_ARGUMENT',
      message: expect.stringContaining(mentions),
    });
  });
});

describe.skipIf(!canCheck)('valid plugins survive generated inputs, configs and records', () => {
  const names = pluginsToTest().filter((name) => !name.startsWith('shout'));
  test.each(names)('%s', async (name) => {
    const pluginConfig = name.startsWith('grep') ? '{"pattern":"fox"}' : undefined;
    const options = { filter: ['fuzz/*'], fuzz: { budget: 500 }, seed: 1, pluginConfig };
    const { files } = await check([join(pluginsDir, name)], options);
    const failed = files[0]?.results.filter(({ state }) => state === 'failed' || state === 'incomplete');
    expect(failed?.map(({ id, findings }) => [id, findings[0]?.message])).toEqual([]);
  });

  test('a panic is a finding even if the SDK caught it', async () => {
    const result = await resultOf(pluginFile('shout'), 'fuzz/input', { fuzz: { budget: ENOUGH } });
    expect(message(result)).toContain(
      'A call: it panicked: "cannot shout a NUL byte"; a call with 1 bytes: "\\x00"',
    );
  });

  test('they include Rust plugins', needs('cargo'), () => {
    expect(names).toContain(`grep${extension}`);
  });
});

describe('an input is minimised', () => {
  const least = (bytes: string, shows: (text: string) => boolean, attempts = Number.POSITIVE_INFINITY) => {
    let left = attempts;
    const options = {
      shows: async (candidate: Buffer) => {
        left -= 1;
        return shows(candidate.toString());
      },
      expired: () => left <= 0,
    };
    return minimise(Buffer.from(bytes), options).then(String);
  };

  test('to the bytes that are needed', async () => {
    expect(await least('the quick brown fox', (text) => text.includes('k') && text.includes('x'))).toBe('kx');
  });

  test('to an empty input if no byte is needed', async () => {
    expect(await least('anything', () => true)).toBe('');
  });

  test('to itself if all bytes are needed', async () => {
    expect(await least('all', (text) => text === 'all')).toBe('all');
  });

  test('only until the time is used up', async () => {
    const text = await least(`${'x'.repeat(1000)}!`, (candidate) => candidate.endsWith('!'), 3);
    expect(text.length).toBeLessThan(1001);
    expect(text.length).toBeGreaterThan(1);
  });
});

describe('a breadcrumb', () => {
  test.each([
    ['is missing', undefined],
    ['is too short', Buffer.from('TENONFUZ')],
    ['has a different magic', Buffer.alloc(200, 'x')],
    ['states more bytes than it has', Buffer.concat([Buffer.from('TENONFUZ'), Buffer.alloc(120, 1)])],
  ])('is read as null if it %s', (_what, bytes) => {
    const file = join(temporaryFolder(), 'breadcrumb');
    if (bytes !== undefined) writeFileSync(file, bytes);
    expect(readBreadcrumb(file)).toBeNull();
  });
});

function shell(command: string): Promise<{ code: unknown; stdout: string }> {
  const here = `${process.execPath} ${join(root, 'dist', 'cli', 'main.js')}`;
  const args = ['-c', command.replace('npx tenon', here)];
  return new Promise((resolve) => {
    execFile('/bin/sh', args, (error, stdout) => resolve({ code: error?.code ?? 0, stdout }));
  });
}
