/** The facts about kinds in the files of plugins, and hosts whose definition differs. */
import { describe, expect, test } from 'vitest';
import { inspectFileSync, PluginHost } from '../../src/index.js';
import { findKindFacts } from '../../src/inspect/kind-facts.js';
import { defineKind, method, modelOf } from '../../src/kinds/kind.js';
import { slotsOf } from '../../src/kinds/wire.js';
import { compile, pluginFile, temporaryFolder, withAddon } from '../support/index.js';
import { type FactsParts, factsParts, factsSource, kindPlugin } from './facts-source.js';

const pair = defineKind({
  name: 'pair-up',
  version: '1.1.0',
  methods: {
    swap: method({ a: 'i32', b: 'i32' }, { a: 'i32', b: 'i32' }),
    copy: method({ a: 'u64' }, { a: 'u64' }),
  },
});
const SYMBOL = 'tenon_kind_pair_up_1';
const model = modelOf(pair);
const valid = factsParts(model);
const TIERS = withAddon ? (['inline', 'thread', 'process'] as const) : (['inline'] as const);

/** Compiles a plugin of the kind with these facts; with none if they are null. */
function plugin(parts: Partial<FactsParts> | null = {}, kinds = 'pair-up/1.1.0'): string {
  const facts = parts === null ? '' : factsSource(SYMBOL, { ...valid, ...parts });
  return compile(temporaryFolder(), 'pairs', kindPlugin('pairs', kinds, 2, facts));
}

describe('facts in a file', () => {
  test('are read with the version, the hashes and the document', () => {
    const hashes = slotsOf(model).map(({ hash }) => `0x${hash.toString(16).padStart(16, '0')}`);
    const file = plugin();
    const found = inspectFileSync(file);
    const { document } = valid;
    expect(found.kindFacts).toEqual([{ id: 'pair-up/1', version: '1.1.0', hashes, document }]);
    expect(found.kindProblems).toEqual({});
  });

  test('may lack the document, or be absent', () => {
    const bare = inspectFileSync(plugin(factsParts(model, false)));
    expect(bare.kindFacts).toMatchObject([{ id: 'pair-up/1', document: null }]);
    expect(inspectFileSync(plugin(null))).toMatchObject({ kindFacts: [], kindProblems: {} });
    expect(inspectFileSync(pluginFile('echo')).kindFacts).toEqual([]);
  });

  const least = 88 + 16;
  test.each<[string, Partial<FactsParts>, RegExp]>([
    ['another magic', { magic: 'TENONX\0\x01' }, /begin with 54454e4f4e580001, expected 54454e4f4e4b0001/],
    ['a later format', { magic: 'TENONK\0\x02' }, /format has version 2, but this host knows only version 1/],
    ['no slots', { slots: 0 }, /state 0 slots, expected 1 to 256/],
    ['too many slots', { slots: 2 ** 32 - 1 }, /state 4294967295 slots/],
    ['more slots than bytes', { slots: 200 }, /size of \d+ bytes, expected 1688 to/],
    ['a size below the hashes', { size: least - 1 }, new RegExp(`expected ${least} to`)],
    ['a size of 4 GiB', { size: 2 ** 32 - 1 }, /size of 4294967295 bytes, expected/],
    ['a size beyond the file', { size: 4 * 1024 * 1024 }, /4194304 bytes are not in the file/],
    ['a document in the hashes', { documentAt: least - 8 }, /document is in bytes 96 to/],
    ['a document beyond the end', { documentSize: valid.documentSize + 1 }, /expected a place from 104 to/],
    ['a document near 2^32', { documentAt: 2 ** 32 - 1, documentSize: 2 ** 32 - 1 }, /expected a place/],
    ['a document without bytes', { documentSize: 0 }, /expected a place/],
    ['a document that is not UTF-8', { document: '\xff'.repeat(valid.documentSize) }, /is not UTF-8/],
    ['another name', { kind: 'pair_up/1.1.0' }, /about "pair_up\/1.1.0", but the descriptor lists pair-up/],
    ['another version', { kind: 'pair-up/1.0.0' }, /about "pair-up\/1.0.0", but/],
    ['an endless name', { kind: 'x'.repeat(64) }, /not terminated within 64 bytes/],
  ])('with %s are refused at inspect', async (_, parts, problem) => {
    const file = plugin(parts);
    expect(inspectFileSync(file)).toMatchObject({
      kindFacts: [],
      kindProblems: { 'pair-up/1': expect.stringMatching(problem) },
    });
    await using host = new PluginHost();
    await expect(host.load(file)).rejects.toMatchObject({
      code: 'ERR_TENON_BAD_DESCRIPTOR',
      gate: 'inspect',
      message: expect.stringMatching(problem),
    });
  });

  test('that are a function are refused', () => {
    const code = `__attribute__((visibility("default"))) int ${SYMBOL}(void) { return 1; }`;
    const file = compile(temporaryFolder(), 'pairs', kindPlugin('pairs', 'pair-up/1.1.0', 2, code));
    expect(inspectFileSync(file).kindProblems).toEqual({
      'pair-up/1': `${SYMBOL} is exported as a function, expected data`,
    });
  });

  test('are looked up only for the kinds of the descriptor', () => {
    expect(inspectFileSync(plugin({}, 'other/1.1.0'))).toMatchObject({ kindFacts: [], kindProblems: {} });
    const asked: string[] = [];
    const find = (name: string) => {
      asked.push(name);
      return null;
    };
    findKindFacts({ find } as unknown as Parameters<typeof findKindFacts>[0], { 'a-b': '12.3.4' });
    expect(asked).toEqual(['tenon_kind_a_b_12']);
  });
});

const swap = { a: 'i32', b: 'i32' } as const;
const kindOf = (version: string, methods: Parameters<typeof defineKind>[0]['methods']) =>
  defineKind({ name: 'pair-up', version, methods });
const swapsFloats = (version: string) =>
  kindOf(version, { swap: method({ a: 'f32', b: 'f32' }, swap), copy: method({ a: 'u64' }, { a: 'u64' }) });

describe.each(TIERS)('a host with another definition, in the tier %s', (isolation) => {
  const refusal = (message: RegExp, gate = {}) =>
    expect.objectContaining({
      code: 'ERR_TENON_MISSING_KIND',
      ...gate,
      message: expect.stringMatching(message),
    });

  test('is refused at inspect with both layouts if the kind is in its options', async () => {
    const file = plugin();
    await using host = new PluginHost({ kinds: [swapsFloats('1.1.0')] });
    const both =
      /^Cannot load .*: the host and the plugin define the method pair-up\.swap \(slot 0\) differently\. The host \(pair-up 1\.1\.0\) has \{f32,f32\}->\{i32,i32\}\. The plugin \(pair-up 1\.1\.0\) has \{i32,i32\}->\{i32,i32\}\. Both have the same version/;
    await expect(host.load(file, { isolation })).rejects.toEqual(refusal(both, { gate: 'inspect' }));
    expect((await host.discover({ isolation })).refused).toEqual([]);
    const { refused } = await new PluginHost({
      paths: [file.replace(/\/[^/]*$/, '')],
      kinds: { use: [swapsFloats('1.1.0')] },
    }).discover({ isolation });
    expect(refused).toEqual([refusal(both, { gate: 'inspect' })]);
  });

  test('is refused by as and asSync before any call if the kind is not', async () => {
    await using host = new PluginHost();
    const instance = await (await host.load(plugin(), { isolation })).new();
    const message = /^Cannot use plugin pairs as pair-up 1\.1\.0: .*slot 0/;
    expect(() => instance.as(swapsFloats('1.1.0'))).toThrow(refusal(message));
    expect(() => instance.asSync(swapsFloats('1.1.0'))).toThrow(refusal(message));
    expect(instance.asSync(pair).copy({ a: 7n })).toEqual({ a: 7n });
    expect(await instance.as(pair).swap({ a: 7, b: 8 })).toEqual({ a: 7, b: 8 });
  });
});

describe('the message about another definition', () => {
  const messageFor = async (host: PluginHost, file: string) => {
    const error: unknown = await host.load(file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof Error ? error.message : 'accepted';
  };

  test('names the side with the older version', async () => {
    const file = plugin();
    const older = await messageFor(new PluginHost({ kinds: [swapsFloats('1.0.0')] }), file);
    expect(older).toMatch(
      /The host has the older version: rebuild it with the plugin's definition of pair-up 1\.1\.0/,
    );
    expect(older).toContain("'tenon kind bind FILE --lang ts'");
    const newer = await messageFor(new PluginHost({ kinds: [swapsFloats('1.2.0')] }), file);
    expect(newer).toMatch(/The plugin has the older version: rebuild it for pair-up 1\.2\.0\.$/);
  });

  test('has the hashes if the file has no document, or a wrong one', async () => {
    const host = new PluginHost({ kinds: [swapsFloats('1.1.0')] });
    const [hash] = slotsOf(model).map((slot) => slot.hash.toString(16).padStart(16, '0'));
    const text = new RegExp(
      `\\{f32,f32\\}->\\{i32,i32\\}, hash 0x[0-9a-f]{16}\\. The plugin .* has the hash 0x${hash}\\.`,
    );
    expect(await messageFor(host, plugin(factsParts(model, false)))).toMatch(text);
    const other = modelOf(swapsFloats('1.1.0'));
    const { document, documentSize, size } = factsParts(other);
    expect(await messageFor(host, plugin({ document, documentSize, size }))).toMatch(text);
    const broken = `{${'x'.repeat(valid.documentSize - 1)}`;
    expect(await messageFor(host, plugin({ document: broken }))).toMatch(text);
  });

  test("has the plugin's name of the method if it has another", async () => {
    const host = new PluginHost({
      kinds: [kindOf('1.1.0', { swap: method(swap, swap), twice: method({ a: 'u8' }, { a: 'u64' }) })],
    });
    expect(await messageFor(host, plugin())).toContain('pair-up.twice (slot 1, where the plugin has copy)');
  });
});

describe('a method that only one side has', () => {
  test('does not refuse an older host', async () => {
    const older = kindOf('1.0.0', { swap: method(swap, swap) });
    await using host = new PluginHost({ kinds: [older] });
    const instance = await (await host.load(plugin())).new();
    expect(instance.asSync(older)['swap']).toBeTypeOf('function');
  });

  test('does not refuse an older plugin', async () => {
    const newer = kindOf('1.2.0', { ...pair.methods, more: method(swap, swap) });
    await using host = new PluginHost({ kinds: [newer] });
    expect((await host.load(plugin())).manifest.kindFacts).toMatchObject([{ version: '1.1.0' }]);
  });

  test('a renamed field or method is accepted', async () => {
    const renamed = kindOf('1.1.0', {
      exchange: method({ x: 'i32', y: 'i32' }, { x: 'i32', y: 'i32' }),
      copy: method({ a: 'u64' }, { a: 'u64' }),
    });
    await using host = new PluginHost({ kinds: [renamed] });
    const instance = await (await host.load(plugin())).new();
    const { exchange } = instance.asSync(renamed) as unknown as {
      exchange(input: object): unknown;
    };
    expect(exchange({ x: 1, y: 2 })).toEqual({ x: 1, y: 2 });
  });
});

describe("kinds: { facts: 'required' }", () => {
  const required = { kinds: { facts: 'required' } } as const;
  const refused = (message: RegExp) => ({
    code: 'ERR_TENON_BAD_DESCRIPTOR',
    gate: 'inspect',
    message: expect.stringMatching(message),
  });

  test.each(TIERS)(
    'refuses a kind without facts in the tier %s, and accepts one with them',
    async (isolation) => {
      await using host = new PluginHost(required);
      await expect(host.load(plugin(null), { isolation })).rejects.toMatchObject(
        refused(/has no facts about its kind pair-up 1\.1\.0, and this host requires facts about kinds/),
      );
      expect((await host.load(plugin(), { isolation })).name).toBe('pairs');
      expect((await host.load(pluginFile('echo'), { isolation })).name).toBe('echo');
    },
  );

  test('refuses a plugin whose kinds are unknown, because it has no descriptor', async () => {
    await using host = new PluginHost(required);
    const source = kindPlugin('pairs', 'pair-up/1.1.0', 2, '').replace(/TENON_PLUGIN_WITH.*/, '');
    const exports = `static const tenon_plugin vtable = {sizeof vtable, 0, get_version, get_name, tenon_new_nothing,
      tenon_drop_nothing, answer, extension};
TENON_EXPORT const tenon_plugin *get_plugin(void) { return &vtable; }`;
    const named = (name: string, value: string) =>
      `TENON_EXPORT const char *${name}(void) { return "${value}"; }\n`;
    const file = compile(
      temporaryFolder(),
      'bare',
      source + named('get_version', '1.0.0') + named('get_name', 'bare') + exports,
    );
    await expect(host.load(file)).rejects.toMatchObject(
      refused(/no tenon_descriptor, so its kinds are unknown/),
    );
  });
});
