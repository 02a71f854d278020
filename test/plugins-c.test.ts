import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Config, defineKind, type Instance, method, PluginHost } from '../src/index.js';
import { refusal } from './faults/support.js';
import { pluginFile, withAddon } from './support/index.js';

const TEXT = readFileSync(new URL('../include/tenon.h', import.meta.url));

async function make(name: string, config?: Config): Promise<Instance> {
  return (await new PluginHost().load(pluginFile(name))).new(config);
}

const counts = (result: Buffer) =>
  Array.from({ length: result.length / 8 }, (_, index) => Number(result.readBigUInt64LE(index * 8)));

describe('echo', () => {
  test('returns its input, whether it is empty or large', async () => {
    const echo = await make('echo');
    for (const input of [Buffer.alloc(0), TEXT, Buffer.alloc(5_000_000, 'x')]) {
      expect(echo.callSync(input).equals(input)).toBe(true);
    }
  });
});

describe('wordcount', () => {
  const words = (text: string) => text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== '');
  const texts = [
    '',
    ' ',
    'a',
    'a b',
    '\n\n',
    ' a\tb\vc\fd\re \n',
    'word '.repeat(1000),
    `${'x'.repeat(300)} `.repeat(9),
    'höher 中文字 ß',
  ];

  test.each([...texts, TEXT.toString()])(
    'counts lines, words and bytes like JavaScript (input %#)',
    async (text) => {
      const input = Buffer.from(text);
      const expected = [text.split('\n').length - 1, words(text).length, input.length];
      expect(counts((await make('wordcount')).callSync(input))).toEqual(expected);
      expect(counts((await make('wordcount', { only: 'words' })).callSync(input))).toEqual([
        words(text).length,
      ]);
    },
  );

  test.each([1, 2, 3, 6])('counts only words of at least %i characters with minLength', async (minLength) => {
    const counter = await make('wordcount', { minLength });
    for (const text of texts) {
      const long = words(text).filter((word) => [...word].length >= minLength);
      expect(counts(counter.callSync(Buffer.from(text)))[1]).toBe(long.length);
    }
  });

  test('treats the same bytes as white space as JavaScript does', async () => {
    const counter = await make('wordcount');
    for (let byte = 0; byte < 256; byte++) {
      const space = byte === 32 || (byte >= 9 && byte <= 13);
      expect(counts(counter.callSync(Buffer.from([97, byte, 97])))[1]).toBe(space ? 2 : 1);
    }
  });

  test.each(['null', '{}', ' { "minLength" : 3 , "only" : "words" } ', undefined])(
    'accepts the config %s',
    async (config) => {
      expect((await make('wordcount', config)).closed).toBe(false);
    },
  );

  const refused: readonly (readonly [string, string])[] = [
    ['{"minLength":0}', 'from 1 to 1000000'],
    ['{"minLength":1.5}', 'whole number'],
    ['{"minLength":1e3}', 'whole number'],
    ['{"minLength":99999999999999999999}', 'whole number'],
    ['{"minLength":"3"}', 'whole number'],
    ['{"minLen":3}', "unknown key 'minLen'"],
    ['{"only":"lines"}', 'must be "words"'],
    ['{"minLength":3', 'is not JSON at'],
    ['{"minLength":3} 4', "is not JSON at '4'"],
    ['{"minLength":03}', "is not JSON at '}'"],
    ['[]', 'expected an object'],
    [' 4', "expected an object, not '4'"],
    ['{"', 'is not JSON at'],
    ['{"\\"', 'is not JSON at'],
  ];
  test.each(refused)('refuses the config %s and gives the reason', async (config, reason) => {
    const error = await refusal(() => make('wordcount', config));
    expect(error.code).toBe('ERR_TENON_NEW_FAILED');
    expect(error.message).toContain(reason);
  });
});

describe('gzip', () => {
  const codec = defineKind({
    name: 'codec',
    version: '1.0.0',
    methods: { encode: method.bytes(), decode: method.bytes() },
  });
  const inputs = [Buffer.alloc(0), Buffer.from('a'), TEXT, Buffer.alloc(3_000_000, 'much of the same ')];

  test.each([undefined, 0, 1, 9])(
    'is compatible with node:zlib in both directions (level %s)',
    async (level) => {
      const gzip = await make('gzip', level === undefined ? undefined : { level });
      const decode = gzip.method('codec/1', 1);
      for (const input of inputs) {
        const packed = gzip.callSync(input);
        expect(gunzipSync(packed).equals(input)).toBe(true);
        expect(decode.callSync(packed).equals(input)).toBe(true);
        expect(decode.callSync(gzipSync(input)).equals(input)).toBe(true);
        expect(gzip.method('codec/1', 0).callSync(input).equals(packed)).toBe(true);
      }
    },
  );

  test('decodes a file with several members', async () => {
    const decode = (await make('gzip')).method('codec/1', 1);
    const members = Buffer.concat([gzipSync('one '), gzipSync(''), gzipSync('two')]);
    expect(String(decode.callSync(members))).toBe('one two');
  });

  const packed = gzipSync(TEXT);
  const broken: readonly (readonly [string, Buffer, string])[] = [
    ['an empty input', Buffer.alloc(0), 'unexpected end'],
    ['plain text', TEXT, 'incorrect header check'],
    ['a truncated file', packed.subarray(0, -1), 'unexpected end'],
    ['a wrong checksum', Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8)]), 'incorrect data check'],
    ['bytes after the end', Buffer.concat([packed, Buffer.from('junk')]), 'incorrect header check'],
  ];
  test.each(broken)('refuses %s with the message of zlib, and still works', async (_what, input, words) => {
    const gzip = await make('gzip');
    const decode = gzip.method('codec/1', 1);
    const error = await refusal(() => decode.callSync(input));
    expect(error).toMatchObject({ code: 'ERR_TENON_CALL_FAILED', status: 'TENON_INVALID' });
    expect(error.message).toContain(words);
    expect(decode.callSync(packed).equals(TEXT)).toBe(true);
  });

  test('decodes at most maxOutput bytes', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    const decode = async (maxOutput: number) =>
      (await make('gzip', { maxOutput })).method('codec/1', 1).callSync(bomb);
    expect((await decode(1_000_000)).length).toBe(1_000_000);
    expect(await refusal(() => decode(999_999))).toMatchObject({ status: 'TENON_INVALID' });
  });

  test('has its methods by name if the host knows the kind', async () => {
    const host = new PluginHost({ kinds: [codec] });
    const gzip = await (await host.load(pluginFile('gzip'))).new();
    expect(gzip.method('decode').callSync(gzip.method('encode').callSync(TEXT)).equals(TEXT)).toBe(true);
  });
});

describe('math', () => {
  const math = defineKind({
    name: 'math',
    version: '1.0.0',
    methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
  });

  test('returns the minimum of two integers from a typed call', async () => {
    const { min } = (await make('math')).asSync(math);
    const pairs = [
      [1, 2],
      [2, 1],
      [-7, 7],
      [5, 5],
      [-2147483648, 2147483647],
    ] as const;
    for (const [a, b] of pairs) expect(min({ a, b }).result).toBe(Math.min(a, b));
  });

  test('refuses a record of the wrong size, and a call of something', async () => {
    const instance = await make('math');
    const short = await refusal(() => instance.method('math/1', 0).callSync(Buffer.alloc(7)));
    expect(short).toMatchObject({ code: 'ERR_TENON_CALL_FAILED', status: 'TENON_INVALID' });
    const other = await refusal(() => instance.callSync(Buffer.alloc(8)));
    expect(other).toMatchObject({ code: 'ERR_TENON_CALL_FAILED', status: 'TENON_UNSUPPORTED' });
    expect(other.message).toContain('math/1.0.0');
  });
});

describe('metronome', () => {
  test.runIf(withAddon)('emits its ticks in order, and stops after `count` of them', async () => {
    const metronome = await make('metronome', { interval: 1, count: 5 });
    const ticks: number[] = [];
    metronome.on('message', (data) => ticks.push(Number(data.readBigUInt64LE())));
    while (ticks.length < 5) await once(metronome, 'message');
    expect(ticks).toEqual([1, 2, 3, 4, 5]);
    expect(counts(metronome.callSync(Buffer.alloc(0)))).toEqual([5]);
    metronome.close();
  });

  test('counts its ticks even without a listener', async () => {
    const metronome = await make('metronome', { interval: 1, count: 3 });
    const ticks = () => counts(metronome.callSync(Buffer.alloc(0)))[0];
    while (ticks() !== 3) await new Promise((resolve) => setTimeout(resolve, 1));
    metronome.close();
  });

  test('closes immediately, even with a long interval', async () => {
    const metronome = await make('metronome', { interval: 86_400_000 });
    metronome.close();
    expect(metronome.closed).toBe(true);
  });
});

describe('shout, in C++', () => {
  test('returns its input in capitals, with an exclamation mark', async () => {
    const shout = await make('shout', { any: 'config' });
    expect(String(shout.callSync(Buffer.from('mind the gap ß')))).toBe('MIND THE GAP ß!');
    expect(String(shout.callSync(Buffer.alloc(0)))).toBe('!');
  });

  test('an exception poisons only its instance', async () => {
    const plugin = await new PluginHost().load(pluginFile('shout'));
    const [first, second] = [await plugin.new(), await plugin.new()];
    const thrown = await refusal(() => first.callSync(Buffer.from('a\0b')));
    expect(thrown.code).toBe('ERR_TENON_PANIC');
    expect(thrown.message).toContain('cannot shout a NUL byte');
    expect((await refusal(() => first.callSync(Buffer.from('a')))).code).toBe('ERR_TENON_POISONED');
    expect(String(second.callSync(Buffer.from('a')))).toBe('A!');
    plugin.close();
  });

  test('an exception in a constructor is an error of `new`', async () => {
    const error = await refusal(() => make('shout', '{"a":"\0"}'));
    expect(error.code).toBe('ERR_TENON_PANIC');
    expect(error.message).toContain('a config with a NUL byte');
  });
});
