/** `tenon call` and `tenon inspect` for plugins whose file describes their kinds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromJson, toJson } from '../../src/cli/kind/typed-json.js';
import { decode, encode } from '../../src/kinds/codec.js';
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
      /'text\.find\.nedle' is not a field.*'needle'\?/s,
    ],
    [['text.find', '--json', '{"text":"a"}'], 2, /text\.find\.needle/],
    [['text.find', '--json', '{"text":1,"needle":"b"}'], 2, /text\.find\.text/],
    [['text.find', '--json', '[]'], 2, /text\.find/],
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
  ];
  const json = {
    big: '18446744073709551615',
    far: [1, '-9223372036854775808'],
    raw: 'AP8=',
    odd: [0.5, 'NaN', '-Infinity'],
    none: null,
    one: { tag: 'bytes', value: 'AA==' },
    bits: ['b', 7],
  };

  test('has every value, and returns it unchanged', () => {
    const bytes = encode(fields, fromJson(fields, json, 'm'), 'm');
    expect(toJson(decode(fields, bytes))).toEqual(json);
  });

  test.each([
    ['big', 1.5],
    ['big', 'many'],
    ['big', 2 ** 60],
    ['raw', '%%'],
    ['raw', [1]],
    ['odd', [1, 2]],
    ['odd', ['1', 2, 3]],
    ['one', { tag: 'other' }],
  ])('a value of %s that does not fit is refused: %j', (name, value) => {
    expect(() => encode(fields, fromJson(fields, { ...json, [name]: value }, 'm'), 'm')).toThrow(
      expect.objectContaining({
        code: 'ERR_TENON_INVALID_ARGUMENT',
        argument: expect.stringMatching(`^m\\.${name}`),
      }),
    );
  });
});
