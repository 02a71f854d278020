/** tenon.hpp: a tenon::Error is an answer, any other exception disables the instance, and configs are checked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { type Config, type Instance, type Plugin, PluginHost } from '../../src/index.js';
import { decode, encode } from '../../src/kinds/codec.js';
import { readDocument } from '../../src/kinds/document.js';
import { cppHeader } from '../../src/kinds/generate/cpp.js';
import { slotsOf } from '../../src/kinds/wire.js';
import { compile, cppCompilers } from '../abi/compilers.js';
import { extension, root } from '../support/index.js';

const documentOf = (name: string) =>
  readDocument(JSON.parse(readFileSync(join(root, 'examples', 'kinds', `${name}.kind.json`), 'utf8')));
const slots = slotsOf(documentOf('text'));
const folder = mkdtempSync(join(tmpdir(), 'tenon-classes-'));
const host = new PluginHost();
let plugin: Plugin;

beforeAll(async () => {
  const library = join(folder, `classes${extension}`);
  writeFileSync(join(folder, 'codec.kind.hpp'), cppHeader(documentOf('codec')));
  const source = join(root, 'test', 'include', 'classes.cc');
  const includes = [`-I${folder}`, `-I${join(root, 'plugins-c')}`];
  const [compiler = 'c++'] = cppCompilers;
  compile(compiler, ['-std=c++17', '-Wconversion', '-shared', ...includes, source, '-o', library]);
  plugin = await host.load(library);
}, 120_000);

afterAll(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const make = (config?: Config): Promise<Instance> => plugin.new(config);

function callFind(instance: Instance, needle: string): Buffer {
  return instance.method('text/1', 0).callSync(encode(slots[0]?.input ?? [], { text: 'text', needle }));
}

function refusal(work: () => unknown): TenonError {
  try {
    work();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('an Error is the result of the call, without what was written before', async () => {
  const instance = await make();
  for (const needle of ['x', 'ok', 'y']) {
    const error = refusal(() => callFind(instance, needle));
    const status = needle === 'ok' ? 'TENON_FAILED' : 'TENON_UNSUPPORTED';
    expect(error).toMatchObject({ code: 'ERR_TENON_CALL_FAILED', status });
    expect(error.message).toContain(needle === 'ok' ? 'a failure is never' : `cannot find ${needle}`);
  }
  expect(refusal(() => instance.callSync(Buffer.from('x'))).message).toContain('the input must be empty');
  expect(refusal(() => instance.method('codec/1', 1).callSync(Buffer.from('x'))).message).toContain(
    'the data is damaged',
  );
  const count = instance.method('text/1', slots.length - 1);
  const missing = refusal(() =>
    count.callSync(encode([{ name: 'text', type: { form: 'str' } }], { text: '' })),
  );
  expect(missing).toMatchObject({ status: 'TENON_UNSUPPORTED' });
  expect(missing.message).toContain('text.count is not implemented');
  expect(instance.method('codec/1', 0).callSync(Buffer.from('abc')).toString()).toBe('abc0');
  instance.close();
});

test.each([
  ['bug', 'a bug in find'],
  ['number', 'an exception that is not a std::exception'],
])('another exception disables the instance (%s)', async (needle, message) => {
  const instance = await make();
  const error = refusal(() => callFind(instance, needle));
  expect(error.code).toBe('ERR_TENON_PANIC');
  expect(error.message).toContain(message);
  expect(refusal(() => callFind(instance, 'x')).code).not.toBe('ERR_TENON_CALL_FAILED');
  instance.close();
});

test('cursors fail like methods, and are destroyed once', async () => {
  const instance = await make();
  const call = (slot: number, value: unknown) =>
    decode(
      slots[slot]?.output ?? [],
      instance.method('text/1', slot).callSync(encode(slots[slot]?.input ?? [], value)),
    );
  expect(refusal(() => call(1, { text: '' })).message).toContain('returned no cursor');
  const { cursor } = call(1, { text: 'x' });
  const items = [0n, 1n].map((at) => ({ at, line: 'again' }));
  expect(call(2, { cursor, max: 2 })).toEqual({ items, done: false });
  expect(refusal(() => call(2, { cursor, max: 2 }))).toMatchObject({ status: 'TENON_BUSY' });
  expect(call(2, { cursor, max: 2 })).toEqual({ items, done: false });
  call(1, { text: 'left open' });
  expect(instance.method('codec/1', 0).callSync(Buffer.alloc(0)).toString()).toBe('0');
  instance.method('text/1', 3).callSync(encode(slots[3]?.input ?? [], { cursor }));
  expect(instance.method('codec/1', 0).callSync(Buffer.alloc(0)).toString()).toBe('1');
  expect(refusal(() => call(2, { cursor, max: 2 })).message).toContain(`no cursor ${cursor}`);
  instance.close();
  const next = await make();
  expect(next.method('codec/1', 0).callSync(Buffer.alloc(0)).toString()).toBe('2');
  next.close();
});

test('a config is read by its keys', async () => {
  const plain = await make();
  expect(plain.callSync(Buffer.alloc(0)).toString()).toBe('6 1.000000 quiet 0 none');
  plain.close();
  const given = await make({ level: 9, factor: -2.5e1, loud: true, mode: 'other', name: 'ä\n' });
  expect(given.callSync(Buffer.alloc(0)).toString()).toBe('9 -25.000000 loud 1 ä\n');
  given.close();
});

test.each<[Config, string]>([
  [{ level: 10 }, '"level" must be a whole number from 0 to 9'],
  [{ factor: '1' }, '"factor" must be a number'],
  [{ loud: 1 }, '"loud" must be true or false'],
  [{ mode: 'plai' }, '"mode" must be "plain" or "other"'],
  [{ name: 'too long for it' }, '"name" must be a string of at most 8 bytes'],
  [{ name: 'a\0b' }, '"name" must be a string'],
  [{ nam: 'x' }, "unknown key 'nam'"],
])('the config %j is refused', async (config, message) => {
  const error = await make(config).catch((cause: unknown) => cause as TenonError);
  expect(error).toMatchObject({ code: 'ERR_TENON_NEW_FAILED', status: 'TENON_INVALID' });
  expect((error as TenonError).message).toContain(message);
});

test('an exception in the constructor is a failure of new', async () => {
  const error = await make({ name: 'bug' }).catch((cause: unknown) => cause as TenonError);
  expect((error as TenonError).message).toContain('a bug in new');
});
