/** `tenon call` and `tenon inspect` for plugins whose file describes their kinds. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromJson, toJson } from '../../src/cli/kind/typed-json.js';
import { UsageError } from '../../src/cli/usage.js';
import { inspectFileSync } from '../../src/index.js';
import { decode, encode } from '../../src/kinds/codec.js';
import { documentedModel } from '../../src/kinds/documented.js';
import type { FieldModel } from '../../src/kinds/model.js';
import { kindPlugin } from '../kinds/facts-source.js';
import { compile, pluginFile, temporaryFolder } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';
import { tenon } from './run.js';

const TEXT = pluginFile('text');
const call = (...args: string[]) => tenon(['call', TEXT, ...args]);

describe('tenon call of a typed method', () => {
  test.runIf(hasProcesses)('takes an object and prints JSON', async () => {
    const { code, stdout, stderr } = await call('text.find', '--json', '{"text":"a\\nbab","needle":"b"}');
    expect([code, stderr]).toEqual([0, '']);
    const hits = [
      { at: 2, line: 2 },
      { at: 4, line: 2 },
    ];
    expect(JSON.parse(stdout)).toEqual({ total: 2, hits, first: 'bab' });
  });

  test('prints a line of JSON for each item of a cursor', async () => {
    const text = Array.from({ length: 600 }, (_, i) => `line ${i}`).join('\n');
    const { code, stdout } = await tenon(['call', TEXT, 'text.lines', '--json', '-'], {
      input: JSON.stringify({ text }),
    });
    const lines = stdout.trimEnd().split('\n');
    expect([code, lines.length, lines[599]]).toEqual([0, 600, '{"at":5281,"line":"line 599"}']);
  });

  test('takes the JSON of a file, and an input without fields as given', async () => {
    const file = join(temporaryFolder(), 'in.json');
    writeFileSync(file, '{"text":"one two"}');
    expect((await call('text.count', '--json', `@${file}`)).stdout).toBe('{\n  "words": 2\n}\n');
    expect((await call('--method', 'text.count', '--json', '{"text":""}')).stdout).toBe(
      '{\n  "words": 0\n}\n',
    );
  });

  test('takes and returns bytes with --input', async () => {
    const bytes = Buffer.from('0800000001000000780000000000000000', 'hex').subarray(0, 9);
    const { code, out } = await tenon(['call', TEXT, 'text.count', '--input', '-'], { input: bytes });
    expect([code, out.toString('hex')]).toEqual([0, '0100000000000000']);
  });

  test.each([
    [['text.fnd', '--json', '{}'], 1, /has no method 'fnd' in text\/1.*Did you mean 'find'\?/],
    [['txt.find', '--json', '{}'], 1, /has no kind 'txt'.*Did you mean 'text'\?/s],
    [
      ['text.find', '--json', '{"text":"a","nedle":"b"}'],
      2,
      /text\.find: \$: expected text, needle, limit, got "nedle"\. Did you mean 'needle'\?/,
    ],
    [['text.find', '--json', '{"text":"a"}'], 2, /text\.find: \$\.needle: expected a string, got nothing/],
    [['text.find'], 2, /text\.find: \$\.text: expected a string, got nothing/],
    [['text.find', '--json', '{"text":1,"needle":"b"}'], 2, /\$\.text: expected a string, got 1\./],
    [['text.find', '--json', '[]'], 2, /\$: expected an object with text, needle, limit, got an array/],
    [
      ['text.find', '--json', '{"text":"","needle":"b","limit":-1}'],
      2,
      /\$\.limit: expected an integer from 0 to 4294967295, got -1/,
    ],
    [['text.find', '--json', '{"text":'], 2, /--json is not JSON: line 1/],
    [['text.find', '--json', '{}', '--input', 'x'], 2, /exclude each other/],
    [['--json', '{}'], 2, /--json is for a typed method/],
    [['text/1#0', '--json', '{}'], 2, /--json is for a typed method/],
    [['text.find', '--method', 'text.count'], 2, /given twice/],
    [['text.find', '--json', '{"text":"a","needle":""}'], 1, /needle must not be empty/],
  ])('%j is refused', async (args, code, message) => {
    const found = await call(...args);
    expect(found.stderr).toMatch(message);
    expect(found).toMatchObject({ code, stdout: '' });
  });
});

test('a plugin whose file does not describe its kind is called by slots, and the message says so', async () => {
  const file = compile(temporaryFolder(), 'bare', kindPlugin('bare', 'pair/1.0.0', 1, ''));
  const { code, stderr } = await tenon(['call', file, 'pair.swap', '--json', '{}']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /does not describe pair\/1: it has no facts about the kind\. Give the slot.*pair\/1#0/s,
  );
  expect((await tenon(['call', file, 'pair#0', '--input', 'x'])).stdout).toBe('x');
});

test('tenon inspect prints the methods, events and types of a kind', async () => {
  const { code, stdout } = await tenon(['inspect', TEXT]);
  expect(code).toBe(0);
  for (const line of [
    'kind        text/1, version 1.1.0',
    '  find(text: str, needle: str, limit: u32?) -> (total: u32, hits: list of hit, first: str)',
    '  lines(text: str) -> cursor of (at: u64, line: str)',
    '  count(text: str) -> (words: u64)  since 1.1.0',
    '  event progress(done: u64, of: u64)',
    '  type hit = { at: u32, line: u32 }',
  ])
    expect(stdout).toContain(`  ${line}\n`);
  const [found] = JSON.parse((await tenon(['inspect', TEXT, '--json'])).stdout) as [{ kinds: unknown }];
  expect(found.kinds).toMatchObject([
    { id: 'text/1', version: '1.1.0', problem: null, document: { name: 'text' } },
  ]);
});

describe('JSON of values', () => {
  const fields: FieldModel[] = [
    { name: 'big', type: { form: 'scalar', scalar: 'u64' } },
    { name: 'far', type: { form: 'list', element: { form: 'scalar', scalar: 'i64' } } },
    { name: 'raw', type: { form: 'bytes' } },
    { name: 'odd', type: { form: 'array', scalar: 'f64', length: 3 } },
    { name: 'none', type: { form: 'option', value: { form: 'str' } } },
    {
      name: 'one',
      type: {
        form: 'union',
        open: false,
        members: [
          { name: 'empty', type: null },
          { name: 'bytes', type: { form: 'bytes' } },
        ],
      },
    },
    { name: 'bits', type: { form: 'flags', members: [{ name: 'a' }, { name: 'b' }], open: true } },
    { name: 'four', type: { form: 'array', scalar: 'u8', length: 4 } },
    { name: 'names', type: { form: 'list', element: { form: 'str' } } },
    { name: 'mode', type: { form: 'enum', members: [{ name: 'plain' }, { name: 'regex' }], open: false } },
    {
      name: 'deep',
      type: {
        form: 'list',
        element: {
          form: 'record',
          fields: [
            {
              name: 'at',
              type: { form: 'record', fields: [{ name: 'x', type: { form: 'scalar', scalar: 'f32' } }] },
            },
          ],
        },
      },
    },
  ];
  const json = {
    big: '18446744073709551615',
    far: [1, '-9223372036854775808'],
    raw: 'AP8=',
    odd: [0.5, 'NaN', '-Infinity'],
    none: null,
    one: { tag: 'bytes', value: 'AA==' },
    bits: ['b', 7],
    four: 'AAECAw==',
    names: ['a', ''],
    mode: 'regex',
    deep: [{ at: { x: 0.5 } }],
  };

  test('has every value, and returns it unchanged', () => {
    const bytes = encode(fields, fromJson(fields, json, '$'), 'm');
    expect(toJson(decode(fields, bytes))).toEqual(json);
  });

  test.each<[string, unknown, string]>([
    [
      'big',
      1.5,
      '$.big: expected an integer from 0 to 18446744073709551615, in quotes if it is above 2^53, got 1.5.',
    ],
    ['big', 'many', '$.big: expected an integer from 0 to'],
    ['big', 2 ** 60, '$.big: expected an integer from 0 to'],
    ['big', '18446744073709551616', '$.big: expected an integer from 0 to'],
    ['big', -1, '$.big: expected an integer from 0 to'],
    ['far', [1, true], '$.far[1]: expected an integer from -9223372036854775808 to'],
    ['far', { length: 1 }, '$.far: expected an array, got an object.'],
    ['raw', '%%', '$.raw: expected a string in base64, got "%%".'],
    ['raw', [1], '$.raw: expected a string in base64, got an array.'],
    ['odd', [1, 2], '$.odd: expected an array of 3 elements, got 2.'],
    ['odd', ['1', 2, 3], '$.odd[0]: expected a number, got "1".'],
    ['none', 5, '$.none: expected a string, got 5.'],
    ['none', '\ud800', '$.none: expected a string without lone surrogates, got "\\ud800".'],
    ['one', { tag: 'other' }, '$.one.tag: expected empty, bytes, got "other".'],
    ['one', { tag: 'bytes' }, '$.one.value: expected a string in base64, got nothing.'],
    ['one', { tag: 'empty', value: 1 }, '$.one: expected only tag, got "value".'],
    ['one', 'empty', '$.one: expected an object with the member tag, got "empty".'],
    ['bits', ['a', 32], '$.bits[1]: expected a, b, got 32.'],
    ['bits', 'a', '$.bits: expected an array of flags, got "a".'],
    ['four', 'AAA=', '$.four: expected an array of 4 elements, got 2.'],
    ['four', [1, 2, 3, 256], '$.four[3]: expected an integer from 0 to 255, got 256.'],
    ['names', ['a', 'b', 'c', 5], '$.names[3]: expected a string, got 5.'],
    ['deep', [{ at: { x: null } }], '$.deep[0].at.x: expected a number within the range of f32, got null.'],
    ['deep', [{ at: { x: 1, y: 2 } }], '$.deep[0].at: expected x, got "y".'],
    ['mode', 'reg', '$.mode: expected plain, regex, got "reg".'],
  ])('a value of %s that does not fit is refused with its place: %j', (name, value, message) => {
    const read = () => fromJson(fields, { ...json, [name]: value }, '$');
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
  });
});

/** The plugins that the package has, and an input and an output of each method of their kinds. */
const CALLS: readonly [plugin: string, method: string, json: string, output: unknown][] = [
  ['math', 'math.min', '{"a":7,"b":-3}', { result: -3 }],
  ...['text', 'text-cpp', 'text-rs'].flatMap((name): (typeof CALLS)[number][] => [
    [name, 'text.find', '{"text":"ab","needle":"b"}', { total: 1, hits: [{ at: 1, line: 1 }], first: 'ab' }],
    [name, 'text.count', '{"text":"one two"}', { words: 2 }],
    [name, 'text.lines', '{"text":"one"}', { at: 0, line: 'one' }],
  ]),
  ['wordcount', 'state.save', '{}', { format: 1, data: 'A'.repeat(32) }],
  ['wordcount', 'state.restore', `{"format":1,"data":"${'A'.repeat(32)}"}`, {}],
  ['metronome-rs', 'state.save', '{}', { format: 1 }],
  ['metronome-rs', 'state.restore', '{"format":1,"data":"AAAAAAAAAAA="}', {}],
  ['gzip', 'codec.decode', '"H4sIAAAAAAAAAwMAAAAAAAAAAAA="', ''],
];

test.each(CALLS.filter(([name]) => existsSync(pluginFile(name))))(
  '%s: %s takes and returns JSON',
  async (plugin, method, json, output) => {
    const { code, stdout, stderr } = await tenon(['call', pluginFile(plugin), method, '--json', json]);
    expect(code, stderr).toBe(0);
    expect({ output: JSON.parse(stdout) }).toMatchObject({ output });
  },
);

test('every method of the kinds of these plugins is called above', () => {
  const methods = CALLS.flatMap(([name]) => {
    if (!existsSync(pluginFile(name))) return [];
    return inspectFileSync(pluginFile(name)).kindFacts.flatMap((facts) => {
      const found = documentedModel(facts);
      if (!('model' in found)) return [];
      return found.model.methods.map((one) => `${name} ${found.model.name}.${one.name}`);
    });
  });
  const called = new Set(CALLS.map(([plugin, method]) => `${plugin} ${method}`));
  // Both methods of a codec have the same form.
  expect(methods.filter((one) => !called.has(one) && !one.endsWith(' codec.encode'))).toEqual([]);
});
