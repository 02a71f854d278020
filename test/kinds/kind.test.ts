import { describe, expect, test } from 'vitest';
import { TenonError, type TenonErrorCode } from '../../src/base/errors.js';
import { PluginHost } from '../../src/index.js';
import { bindKindSync } from '../../src/kinds/bind.js';
import { bindMethod, findMethod } from '../../src/kinds/find-method.js';
import { defineKind, type Kind, type Methods, method } from '../../src/kinds/kind.js';
import { enumeration, flags, list, option, record, union } from '../../src/kinds/types.js';
import { SOMETHING, type TierBinding, type TierInstance } from '../../src/tiers/tier.js';
import { pluginFile, runNode } from '../support/index.js';
import { loopback } from '../support/record-loopback.js';

const math = defineKind({
  name: 'math',
  version: '1.0.0',
  methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
});
const codec = defineKind({
  name: 'codec',
  version: '1.2.0',
  methods: { encode: method.bytes(), decode: method.bytes() },
});

const caught = (action: () => unknown): TenonError => {
  try {
    action();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
const refused = (action: () => unknown, code: TenonErrorCode = 'ERR_TENON_INVALID_ARGUMENT'): TenonError => {
  const error = caught(action);
  expect(error.code).toBe(code);
  return error;
};

describe('defineKind', () => {
  test('derives the id from the major version and the range from the version', () => {
    expect(codec).toMatchObject({ name: 'codec', version: '1.2.0', id: 'codec/1', range: '^1.2.0' });
    expect(defineKind({ ...codec, version: '2.0.0', range: '2.x' })).toMatchObject({
      id: 'codec/2',
      range: '2.x',
    });
    expect(Object.isFrozen(codec) && Object.isFrozen(codec.methods)).toBe(true);
  });

  test('refuses an invalid member and names it', () => {
    const define = (change: object) => refused(() => defineKind({ ...codec, ...change } as Kind)).argument;
    for (const name of ['', 'Codec', '1a', 'a b', 'a/1', `a${'b'.repeat(32)}`, 5, undefined])
      expect(define({ name })).toBe('name');
    for (const version of ['1', '1.0', 'v1.0.0', '', 1, undefined])
      expect(define({ version })).toBe('version');
    for (const range of ['', 'banana', 1, '^1.3.0', '2.x']) expect(define({ range })).toBe('range');
    for (const methods of [{}, null, [], 5]) expect(define({ methods })).toBe('methods');
    for (const name of ['', 'a-b', '1a', 'then', 'a(){}', 'ä']) {
      expect(define({ methods: { [name]: method.bytes() } })).toBe('methods');
    }
    for (const value of [null, 'bytes', {}, { form: 'record' }, () => 1]) {
      expect(define({ methods: { encode: value } })).toBe('methods.encode');
    }
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`m${i}`, method.bytes()]));
    expect(define({ methods: many })).toBe('methods');
    expect(refused(() => defineKind(null as unknown as Kind)).argument).toBe('definition');
    const endless: Record<string, unknown> = { n: 'u32' };
    endless['a'] = endless;
    expect(refused(() => method(endless as never, {})).message).toContain('nested deeper than 8 levels');
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    for (const make of [enumeration, flags, list, option, record, union] as ((value: unknown) => unknown)[])
      refused(() => make(proxy));
  });
});

describe('methods of kinds, looked up by name', () => {
  const other = defineKind({
    name: 'other',
    version: '1.0.0',
    methods: { flush: method.bytes(), encode: method.bytes() },
  });
  const codec2 = defineKind({ ...codec, version: '2.0.0', range: '^2.0.0' });

  test('are found by their name, or with the prefix of the name or id of the kind', () => {
    expect(findMethod([], 'something')).toBe(SOMETHING);
    expect(findMethod([codec], 'decode')).toEqual({ kind: 'codec/1', slot: 1, name: 'codec.decode' });
    expect(findMethod([codec, other], 'flush')).toEqual({ kind: 'other/1', slot: 0, name: 'other.flush' });
    expect(findMethod([codec, other], 'other.encode')).toEqual({
      kind: 'other/1',
      slot: 1,
      name: 'other.encode',
    });
    expect(findMethod([codec, codec2], 'codec/2.encode')).toMatchObject({ kind: 'codec/2', slot: 0 });
  });

  test('are refused with the valid names if the name is ambiguous or unknown', () => {
    expect(refused(() => findMethod([codec, other], 'encode')).message).toContain(
      'codec.encode, other.encode',
    );
    expect(refused(() => findMethod([codec, codec2], 'codec.encode')).message).toContain(
      'codec/1.encode, codec/2.encode',
    );
    expect(refused(() => findMethod([codec], 'nothing'), 'ERR_TENON_MISSING_KIND').message).toContain(
      'codec.decode',
    );
    expect(refused(() => findMethod([codec], 5 as unknown as string)).argument).toBe('name');
  });
});

/** A tier whose plugin is a JavaScript function, for tests of decisions made before a plugin is called. */
function tierWith(tables: Record<string, number>): TierInstance {
  const unused = (): never => {
    throw new Error('this test must not call it');
  };
  const binding: TierBinding = {
    blocking: true,
    callSync: (input) => Buffer.from(input).reverse(),
    call: unused,
    callManySync: unused,
    callMany: unused,
    callRecord: unused,
    badResult: unused,
    frame: unused,
    record: (inputSize, outputSize) =>
      loopback(inputSize, outputSize, (input, output) => output.set(input.subarray(0, outputSize))),
  };
  return {
    bind: () => binding,
    methodCount: (id) => tables[id] ?? 0,
    present: unused,
    presentSync: unused,
    ref: unused,
    unref: unused,
    close: unused,
  };
}

describe('a kind and a plugin', () => {
  const withMethods = (methods: Methods, range: string) =>
    defineKind({ name: 'codec', version: '1.2.0', range, methods });

  test('are compatible if the version of the plugin is in the range of the kind', () => {
    const tier = tierWith({ 'codec/1': 2 });
    for (const version of ['1.2.0', '1.2.9', '1.10.0']) {
      expect(bindKindSync(codec, tier, { codec: version }).encode(Buffer.from('abc')).toString()).toBe('cba');
    }
    expect(bindKindSync(withMethods(codec.methods, '>=1.0.0 <2.0.0'), tier, { codec: '1.0.0' })).toBeTypeOf(
      'object',
    );
  });

  test('are incompatible otherwise, and the message says which side to upgrade', () => {
    const tier = tierWith({ 'codec/1': 2 });
    const problem = (offered: Record<string, string>, kind: Kind = codec) =>
      refused(() => bindKindSync(kind, tier, offered), 'ERR_TENON_MISSING_KIND').message;
    expect(problem({ codec: '1.1.0' })).toMatch(/version 1\.1\.0 .* accepts \^1\.2\.0\. Upgrade the plugin/);
    expect(problem({ codec: '2.0.0' })).toMatch(/version 2\.0\.0 .* accepts \^1\.2\.0\. Upgrade the host/);
    expect(problem({ codec: '1.3.0' }, withMethods(codec.methods, '1.2.0 || 1.4.0'))).toMatch(
      /Use a version that the host accepts/,
    );
    expect(problem({ codec: 'banana' })).toContain('banana');
    expect(problem({ math: '1.0.0' })).toContain('lists math 1.0.0');
    expect(problem({})).toContain('lists no kinds');
  });

  test('must be compatible even if only one method is looked up by name', () => {
    const tier = tierWith({ 'codec/1': 2 });
    const bytes = Buffer.from('abc');
    for (const name of ['encode', 'codec.encode', 'something']) {
      expect(bindMethod([codec], name, tier, { codec: '1.2.0' }).callSync(bytes).toString()).toBe('cba');
      expect(bindMethod([codec], name, tier, null).callSync(bytes).toString()).toBe('cba');
    }
    const older = refused(
      () => bindMethod([codec], 'encode', tier, { codec: '1.1.0' }),
      'ERR_TENON_MISSING_KIND',
    );
    expect(older.message).toContain('Upgrade the plugin');
  });

  test('are compared by the method table if the plugin has no descriptor', () => {
    expect(bindKindSync(codec, tierWith({ 'codec/1': 2 }), null)).toHaveProperty('decode');
    expect(bindKindSync(codec, tierWith({ 'codec/1': 5 }), null)).toHaveProperty('decode');
    const few = refused(
      () => bindKindSync(codec, tierWith({ 'codec/1': 1 }), null),
      'ERR_TENON_MISSING_KIND',
    );
    expect(few.message).toContain('1 of the 2 methods');
    const none = refused(
      () => bindKindSync(codec, tierWith({ 'codec/2': 2 }), null),
      'ERR_TENON_MISSING_KIND',
    );
    expect(none.message).toContain('does not know codec/1');
    for (const kind of [{}, null, { ...codec }, 'codec']) {
      expect(refused(() => bindKindSync(kind as Kind, tierWith({}), null)).argument).toBe('kind');
    }
  });

  test('may use a reserved word as the name of a method', () => {
    const methods = { constructor: method.bytes(), delete: method({ class: 'i32' }, { default: 'i32' }) };
    const odd = defineKind({ name: 'odd', version: '1.0.0', methods });
    expect(bindKindSync(odd, tierWith({ 'odd/1': 2 }), null).delete({ class: 7 })).toEqual({ default: 7 });
  });
});

describe('the plugin math', () => {
  test('returns the minimum of two integers from a typed call', async () => {
    await using host = new PluginHost();
    const plugin = await host.load(pluginFile('math'));
    const instance = await plugin.new();
    const { min } = instance.asSync(math);
    expect(min({ a: 1, b: 2 }).result).toBe(1);
    expect(min({ a: 2 ** 31 - 1, b: -(2 ** 31) })).toEqual({ result: -(2 ** 31) });
    for (let i = -1000; i < 1000; i++) expect(min({ a: i, b: i + 1 }).result).toBe(i);
    expect(refused(() => min({ a: 1, b: 2.5 })).argument).toBe('math.min.b');
    expect(min({ a: 3, b: 4 }).result).toBe(3);
  });

  test('can be called by the name of a method with bytes', async () => {
    await using host = new PluginHost({ kinds: [math] });
    const instance = await (await host.load(pluginFile('math'))).new();
    const bytes = Buffer.from(Int32Array.of(7, -7).buffer);
    for (const binding of [
      instance.method('min'),
      instance.method('math.min'),
      instance.method('math/1', 0),
    ]) {
      expect(binding.callSync(bytes).readInt32LE()).toBe(-7);
    }
    expect(refused(() => instance.method('max'), 'ERR_TENON_MISSING_KIND').message).toContain('max');
  });

  test('is refused as a kind that it does not provide', async () => {
    await using host = new PluginHost();
    const instance = await (await host.load(pluginFile('math'))).new();
    refused(() => instance.asSync(codec), 'ERR_TENON_MISSING_KIND');
    const newer = defineKind({ ...math, version: '1.1.0', range: '^1.1.0' });
    expect(refused(() => instance.asSync(newer), 'ERR_TENON_MISSING_KIND').message).toContain(
      'Upgrade the plugin',
    );
    const longer = defineKind({ ...math, methods: { ...math.methods, max: method({ a: 'i32' }, {}) } });
    expect(refused(() => instance.asSync(longer), 'ERR_TENON_MISSING_KIND').message).toContain(
      '1 of the 2 methods',
    );
  });

  test('refuses a typed call after close', async () => {
    await using host = new PluginHost();
    const instance = await (await host.load(pluginFile('math'))).new();
    const { min } = instance.asSync(math);
    instance.close();
    refused(() => min({ a: 1, b: 2 }), 'ERR_TENON_CLOSED');
  });

  test('works where code generation from strings is forbidden', async () => {
    const body = `
      let generates = true;
      try { new Function(''); } catch { generates = false; }
      const { defineKind, method, PluginHost } = tenon;
      const math = defineKind({ name: 'math', version: '1.0.0',
        methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) } });
      const host = new PluginHost({ paths: [plugins] });
      const { min } = (await (await host.load('math')).new()).asSync(math);
      let refused;
      try { min({ a: 1, b: 'x' }); } catch (error) { refused = error.argument; }
      console.log(JSON.stringify({ generates, result: min({ a: 5, b: -5 }).result, refused }));
      await host.close();`;
    const ended = await runNode(body, { args: ['--disallow-code-generation-from-strings'] });
    expect(ended.stderr).toBe('');
    expect(JSON.parse(ended.stdout)).toEqual({ generates: false, result: -5, refused: 'math.min.b' });
  });
});
