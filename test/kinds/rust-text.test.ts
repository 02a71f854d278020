import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Instance, PluginHost } from '../../src/index.js';
import { decode, encode } from '../../src/kinds/codec.js';
import { readDocument } from '../../src/kinds/document.js';
import { rustModule } from '../../src/kinds/generate/rust.js';
import { eventId, slotsOf } from '../../src/kinds/wire.js';
import { pluginFile, withAddon } from '../support/index.js';
import { needs } from '../support/tools.js';
import { caller, read, slotNamed, text } from './rust-plugins.js';

describe('the plugin text-rs', needs('cargo'), () => {
  const open = async () => {
    const host = new PluginHost();
    const instance = await (await host.load(pluginFile('text-rs'))).new();
    return { host, instance, call: caller(instance, text) };
  };

  test('has the module that the generator writes', () => {
    expect(read('plugins-rust/text/src/text_1.rs')).toBe(rustModule(text));
  });

  test('has facts that agree with its document', async () => {
    const { host } = await open();
    const [facts] = host.manifests[0]?.kindFacts ?? [];
    expect(facts?.id).toBe('text/1');
    expect(readDocument(JSON.parse(facts?.document ?? ''))).toEqual(text);
    const hashes = slotsOf(text).map(({ hash }) => `0x${hash.toString(16).padStart(16, '0')}`);
    expect(facts?.hashes).toEqual(hashes);
    await host.close();
  });

  test('finds places, with a limit and without', async () => {
    const { host, call } = await open();
    const find = (one: string, needle: string, limit?: number) => call('find', { text: one, needle, limit });
    expect(find('one\ntwo aaa\n', 'aa')).toEqual({ total: 1, hits: [{ at: 8, line: 2 }], first: 'two aaa' });
    expect(find('äaä\nä', 'ä')).toEqual({
      total: 3,
      hits: [
        { at: 0, line: 1 },
        { at: 3, line: 1 },
        { at: 6, line: 2 },
      ],
      first: 'äaä',
    });
    expect(find('aaaa', 'a', 2)).toMatchObject({ total: 4, hits: [{ at: 0 }, { at: 1 }] });
    expect(find('x\n\0b', '\0b', 0)).toEqual({ total: 1, hits: [], first: '\0b' });
    expect(find('', 'a')).toEqual({ total: 0, hits: [], first: '' });
    expect(() => find('a', '')).toThrow(/needle must not be empty/);
    await host.close();
  });

  test.runIf(withAddon)('counts words and emits progress', async () => {
    const { host, instance, call } = await open();
    expect(call('count', { text: ' one\ttwo\n\v\f\rthree\u00a0four ' })).toEqual({ words: 3n });
    const [progress] = text.events;
    if (progress === undefined) throw new Error('text has no event');
    const seen: unknown[] = [];
    const all = new Promise<void>((resolve) =>
      instance.on('message', (message) => {
        expect(message.readBigUInt64LE(0)).toBe(eventId(text, progress));
        seen.push(decode(progress.fields, message.subarray(8)));
        if (seen.length === 2) resolve();
      }),
    );
    const of = BigInt(2 * 2 ** 20 + 5);
    call('find', { text: 'x'.repeat(Number(of)), needle: 'y' });
    await all;
    expect(seen).toEqual([1n, 2n].map((done) => ({ done: done * 2n ** 20n, of })));
    await host.close();
  });

  test('returns lines by cursors, each of which is closed once', async () => {
    const { host, call } = await open();
    const { cursor } = call('lines_open', { text: 'one\n\nthree' }) as { cursor: bigint };
    const other = call('lines_open', { text: 'a\n' });
    expect([cursor, other]).toEqual([1n, { cursor: 2n }]);
    expect(call('lines_next', { cursor, max: 0 })).toEqual({ items: [], done: false });
    const items = [
      { at: 0n, line: 'one' },
      { at: 4n, line: '' },
    ];
    expect(call('lines_next', { cursor, max: 2 })).toEqual({ items, done: false });
    const rest = { items: [{ at: 5n, line: 'three' }], done: true };
    expect(call('lines_next', { cursor, max: 2 ** 32 - 1 })).toEqual(rest);
    expect(call('lines_next', { cursor: 2n, max: 9 })).toEqual({
      items: [{ at: 0n, line: 'a' }],
      done: true,
    });
    call('lines_close', { cursor });
    for (const name of ['lines_close', 'lines_next'])
      expect(() => call(name, { cursor, max: 1 })).toThrow(/no cursor 1/);
    await host.close();
  });

  test('answers exactly as the plugin in C', async () => {
    const { host, instance } = await open();
    const inC = await (await host.load(pluginFile('text'))).new();
    const piece = fc.constantFrom('a', 'aa', 'b', ' ', '\n', '\r\n', '\t', '\0', 'ä', '\u{1f600}', '\v\f');
    const some = fc.array(piece, { maxLength: 30 }).map((all) => all.join(''));
    const limit = fc.option(fc.nat(4), { nil: undefined });
    const answer = (one: Instance, name: string, input: object): unknown => {
      try {
        return caller(one, text)(name, input);
      } catch (error) {
        const { status, message } = error as { status?: string; message: string };
        return [status, message.replace(/^.*?: /, '').replaceAll('text-rs', 'text')];
      }
    };
    const linesOf = (one: Instance, cursor: bigint): unknown[] => {
      const all: unknown[] = [];
      for (let done = false; !done; ) {
        const part = caller(one, text)('lines_next', { cursor, max: 3 }) as { items: []; done: boolean };
        expect(part.items.length).toBeLessThanOrEqual(3);
        all.push(...part.items);
        done = part.done;
      }
      return all;
    };
    let cursor = 0n;
    fc.assert(
      fc.property(some, fc.oneof(piece, some), limit, (one, needle, most) => {
        const ask = (name: string, input: object) =>
          expect(answer(instance, name, input)).toEqual(answer(inC, name, input));
        ask('find', { text: one, needle, limit: most });
        ask('count', { text: one });
        ask('lines_open', { text: one });
        cursor += 1n;
        expect(linesOf(instance, cursor)).toEqual(linesOf(inC, cursor));
        ask('lines_close', { cursor });
        ask('lines_close', { cursor });
      }),
      { numRuns: 300 },
    );
    await host.close();
  });

  const hostile: [string, (message: Buffer) => Buffer, RegExp][] = [
    ['is too short', (one) => one.subarray(0, 23), /the input has 23 bytes, expected at least 24/],
    ['is empty', () => Buffer.alloc(0), /the input has 0 bytes/],
    ['has a string outside', (one) => patched(one, 4, 1000), /input\.text is a span that goes beyond/],
    ['has a string of 4 GiB', (one) => patched(one, 4, 2 ** 32 - 1), /goes beyond/],
    [
      'has strings that overlap',
      (one) => patched(one, 8, 25),
      /input\.needle is a span at 25, before the end/,
    ],
    ['has strings that share a byte', (one) => patched(one, 8, 26), /input\.needle is a span at 26, before/],
    ['has a string in the fixed part', (one) => patched(one, 0, 4), /input\.text is a span at 4, before/],
    ['has an empty string with a place', (one) => patched(one, 4, 0), /is an empty span that is not at 0/],
    ['has bytes that are not UTF-8', (one) => patched(one, 24, 0xff, 1), /input\.text is not UTF-8/],
    ['has a bool of 2', (one) => patched(one, 16, 2, 1), /input\.limit is 2, expected 0 or 1/],
  ];
  test.each(hostile)('refuses a message that %s', async (_, change, problem) => {
    const { host, instance } = await open();
    const good = encode(slotNamed(text, 'find')[0].input ?? [], { text: 'abc', needle: 'b', limit: 1 });
    const find = instance.method('text/1', 0);
    expect(find.callSync(good).length).toBeGreaterThan(0);
    expect(() => find.callSync(change(Buffer.from(good)))).toThrow(
      expect.objectContaining({ status: 'TENON_INVALID', message: expect.stringMatching(problem) }),
    );
    await host.close();
  });

  test('refuses or answers random changes of a message, and stays usable', async () => {
    const { host, instance } = await open();
    const good = encode(slotNamed(text, 'find')[0].input ?? [], { text: 'abcabc', needle: 'b', limit: 1 });
    const find = instance.method('text/1', 0);
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const message = Buffer.from(good);
        for (const [at, value] of changes) message[at] = value;
        try {
          find.callSync(message);
        } catch (error) {
          expect(error).toMatchObject({ status: 'TENON_INVALID' });
        }
      }),
      { numRuns: 2000 },
    );
    expect(find.callSync(good).length).toBeGreaterThan(0);
    await host.close();
  });
});

function patched(message: Buffer, at: number, value: number, size = 4): Buffer {
  message.writeUIntLE(value, at, size);
  return message;
}
