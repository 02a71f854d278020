/** The Rust modules that are generated from kinds, in plugins that return what they receive. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { decode, encode } from '../../src/kinds/codec.js';
import { rustModule } from '../../src/kinds/generate/rust.js';
import { rustImplementation } from '../../src/kinds/generate/skeleton.js';
import type { FieldModel, KindModel, TypeModel } from '../../src/kinds/model.js';
import { needs } from '../support/tools.js';
import { clashing, documented, least, many, sharing } from './generate/nasty-kinds.js';
import { recordSamples } from './random-records.js';
import { build, caller, check, echoing, text } from './rust-plugins.js';

describe('random kinds', needs('cargo'), () => {
  const COUNT = 10;
  const samples = fc.sample(recordSamples(), {
    numRuns: COUNT,
    seed: Number(process.env['TENON_SEED'] ?? 7),
  });
  const kinds = samples.map(({ fields }, i) => {
    return [echoing(`k${i}`, fields), fields] as const;
  });
  let file = '';
  beforeAll(() => {
    file = build(kinds, 'echoes');
  }, 300_000);

  test('return every value as they received it, and refuse or answer changed messages', async () => {
    await using host = new PluginHost();
    const instance = await (await host.load(file)).new();
    for (const [i, [kind, fields]] of kinds.entries()) {
      const sample = samples[i];
      if (sample === undefined) continue;
      const call = caller(instance, kind);
      expect(call('nothing', {})).toEqual({});
      expect(call('echo', sample.value), `${kind.name} ${JSON.stringify(fields)}`).toEqual(sample.value);
      const message = Buffer.from(encode(fields, sample.value));
      const echo = instance.method(`${kind.name}/1`, 0);
      fc.assert(
        fc.property(fc.nat(Math.max(0, message.length - 1)), fc.nat(255), (at, value) => {
          const changed = Buffer.from(message);
          if (at < changed.length) changed[at] = value;
          let answer: Buffer;
          try {
            answer = echo.callSync(changed);
          } catch (error) {
            expect(['TENON_INVALID', 'TENON_FAILED']).toContain((error as { status?: string }).status);
            return;
          }
          // Both readers agree on what is valid.
          expect(decode(fields, answer)).toEqual(decode(fields, changed));
        }),
        { numRuns: 200 },
      );
    }
  });
});

describe('names that are keywords or that collide', needs('cargo'), () => {
  const words = [
    'type',
    'self',
    'Self',
    'crate',
    'super',
    'fn',
    'async',
    'union',
    'r',
    'w',
    'at',
    '_',
    'a_b',
    'aB',
  ];
  const words2 = [
    ...words,
    'Option',
    'Result',
    'Ok',
    'Err',
    'Kind',
    'new',
    'wrap',
    'input',
    'out',
    'value',
    'unknown',
  ];
  const all: FieldModel[] = words2.map((name) => ({ name, type: { form: 'scalar', scalar: 'u8' } }));
  const names = words2.map((name) => ({ name }));
  const fields: FieldModel[] = [
    ...all,
    { name: 'list', type: { form: 'list', element: { form: 'record', fields: all, as: 'Option' } } },
    { name: 'mode', type: { form: 'enum', members: names, open: true, as: 'Result' } },
    { name: 'bits', type: { form: 'flags', members: names, open: false, as: 'EchoIn' } },
    {
      name: 'one',
      type: { form: 'union', members: names.map((one) => ({ ...one, type: null })), open: true, as: 'List' },
    },
  ];

  test('compile without a warning, and work', async () => {
    const kind: KindModel = { ...echoing('type', fields), name: 'type' };
    await using host = new PluginHost();
    const instance = await (await host.load(build([[kind, fields]], 'keywords'))).new();
    const record = Object.fromEntries(words2.map((name, i) => [name, i]));
    const value = { ...record, list: [record], mode: 'crate', bits: ['Self', 'unknown'], one: { tag: 'fn' } };
    expect(caller(instance, kind)('echo', value)).toEqual(value);
    expect(caller(instance, kind)('echo', { ...value, mode: 999 })).toEqual({ ...value, mode: 999 });
  });
});

test('difficult kinds compile without a warning', {
  ...needs('cargo'),
  timeout: 120_000,
}, () => {
  const kinds = [sharing, clashing, documented, many, least].map((kind) => [kind, []] as const);
  check(kinds, 'nasty', (kind) => rustImplementation(kind, 'Echo'));
  const source = rustModule(sharing);
  for (const type of ['enum FindInMode', 'struct FindInMarks', 'enum FindInShapes', 'struct FindInPlaces'])
    expect(source.match(new RegExp(`pub ${type}\\b`, 'g')), type).toHaveLength(1);
  expect(source.match(/pub (?:enum|struct) /g)).toHaveLength(15);
});

test('a kind of 60 methods with 60 fields each way, and long arrays', {
  ...needs('cargo'),
  timeout: 120_000,
}, async () => {
  const fields: FieldModel[] = Array.from({ length: 58 }, (_, i) => ({
    name: `f${i}`,
    type: i % 2 === 0 ? { form: 'str' } : { form: 'scalar', scalar: 'i16' },
  }));
  fields.push({ name: 'long', type: { form: 'array', scalar: 'u8', length: 5000 } });
  fields.push({
    name: 'maybe',
    type: { form: 'option', value: { form: 'array', scalar: 'bool', length: 5000 } },
  });
  const kind = echoing('large', fields);
  const more = Array.from({ length: 57 }, (_, i) => ({
    ...{ name: `m${i}`, since: '1.1.0', form: 'record' },
    ...{ input: fields, output: fields },
  }));
  const large = { ...kind, version: '1.1.0', methods: [...kind.methods, ...more] } as KindModel;
  await using host = new PluginHost();
  const instance = await (await host.load(build([[large, fields]], 'large'))).new();
  const value: Record<string, unknown> = Object.fromEntries(
    fields.slice(0, 58).map(({ name }, i) => [name, i % 2 === 0 ? `value ${i}` : -i]),
  );
  value['long'] = Buffer.alloc(5000, 7);
  value['maybe'] = Array.from({ length: 5000 }, (_, i) => i % 3 === 0);
  expect(caller(instance, large)('echo', value)).toEqual(value);
  expect(caller(instance, large)('echo', { ...value, maybe: undefined })).toEqual({
    ...value,
    maybe: undefined,
  });
  expect(() => caller(instance, large)('m56', value)).toThrow(
    expect.objectContaining({ status: 'TENON_UNSUPPORTED' }),
  );
});

test(
  'an output that is written carelessly is refused, and the instance stays usable',
  needs('cargo'),
  async () => {
    const str: TypeModel = { form: 'str' };
    const union: TypeModel = { form: 'union', open: false, members: [{ name: 'text', type: str }] };
    const output: FieldModel[] = [
      { name: 'a', type: str },
      { name: 'b', type: { form: 'list', element: str } },
      { name: 'c', type: union },
    ];
    const input: FieldModel[] = [{ name: 'how', type: str }];
    const kind: KindModel = {
      name: 'careless',
      version: '1.0.0',
      methods: [{ name: 'm', form: 'record', input, output }],
      events: [],
    };
    const write = () => `impl careless_1::Careless for Echo {
    fn m(&mut self, input: careless_1::MIn<'_>, mut out: careless_1::MOut<'_>) -> Result<(), Error> {
        let c = careless_1::MOutC::Text("c");
        match input.how {
            "well" => { out.a("a")?; out.b(["b1", "b2"])?; out.c(c) }
            "late" => { out.b(["b"])?; out.a("a")?; out.c(c) }
            "twice" => { out.a("a")?; out.a("a")?; out.c(c) }
            _ => out.a("a"),
        }
    }
}`;
    await using host = new PluginHost();
    const instance = await (await host.load(build([[kind, input]], 'careless', write))).new();
    const m = (how: string) => caller(instance, kind)('m', { how });
    const failed = (message: RegExp) =>
      expect.objectContaining({ status: 'TENON_FAILED', message: expect.stringMatching(message) });
    expect(() => m('late')).toThrow(failed(/`a` is written too late/));
    expect(() => m('twice')).toThrow(failed(/`a` is written too late/));
    expect(() => m('missing')).toThrow(failed(/careless\.m: the plugin must write c/));
    expect(m('well')).toEqual({ a: 'a', b: ['b1', 'b2'], c: { tag: 'text', value: 'c' } });
  },
);

test('a document is left out on request', () => {
  expect(rustModule(text, { document: false })).toContain('const DOCUMENT: &str = "";');
});
