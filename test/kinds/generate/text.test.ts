/**
 * The plugin `text` in C and in C++: the generated code and the hand-written methods do what the kind's document says,
 * with the same bytes, and refuse malformed messages.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { TenonError } from '../../../src/base/errors.js';
import { type Instance, PluginHost } from '../../../src/index.js';
import { decode, encode } from '../../../src/kinds/codec.js';
import { readDocument } from '../../../src/kinds/document.js';
import { eventId, slotsOf } from '../../../src/kinds/wire.js';
import { pluginFile, root, withAddon } from '../../support/index.js';

const kind = readDocument(
  JSON.parse(readFileSync(join(root, 'examples', 'kinds', 'text.kind.json'), 'utf8')),
);
const slots = slotsOf(kind);
const host = new PluginHost();
afterAll(() => host.close());

const open = async (name: string): Promise<Instance> => (await host.load(pluginFile(name))).new();

/** Calls a slot with a value, and returns the decoded result. */
function call(instance: Instance, name: string, value: unknown): Record<string, unknown> {
  const slot = slots.findIndex((one) => one.name === name);
  const { input, output } = slots[slot] ?? {};
  if (!input || !output) throw new Error(`no slot ${name}`);
  return decode(output, instance.method('text/1', slot).callSync(encode(input, value)));
}

const raw = (instance: Instance, name: string, bytes: Buffer): Buffer =>
  instance
    .method(
      'text/1',
      slots.findIndex((one) => one.name === name),
    )
    .callSync(bytes);

function refusal(work: () => unknown): TenonError {
  try {
    work();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** `find` as its document describes it. */
function found(text: string, needle: string, limit?: number) {
  const bytes = Buffer.from(text);
  const sought = Buffer.from(needle);
  const hits: { at: number; line: number }[] = [];
  for (let at = bytes.indexOf(sought); at >= 0; at = bytes.indexOf(sought, at + sought.length))
    hits.push({ at, line: bytes.subarray(0, at).toString('latin1').split('\n').length });
  const first = hits[0] === undefined ? '' : (text.split('\n')[hits[0].line - 1] ?? '');
  return { total: hits.length, hits: hits.slice(0, limit), first };
}

function linesOf(text: string) {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let at = 0n;
  return lines.map((line) => {
    const item = { at, line };
    at += BigInt(Buffer.byteLength(line) + 1);
    return item;
  });
}

const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '\n', ' ', '\t', '\0', '🙂'), maxLength: 60 });
const needles = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '\n'), minLength: 1, maxLength: 2 });

describe.each(['text', 'text-cpp'].filter((name) => existsSync(pluginFile(name))))('%s', (name) => {
  test('find returns places, lines and the first line', async () => {
    const instance = await open(name);
    fc.assert(
      fc.property(
        texts,
        needles,
        fc.option(fc.nat({ max: 4 }), { nil: undefined }),
        (text, needle, limit) => {
          expect(call(instance, 'find', { text, needle, limit })).toEqual(found(text, needle, limit));
        },
      ),
      { numRuns: 500 },
    );
    instance.close();
  });

  test('an empty needle is refused, and the instance stays usable', async () => {
    const instance = await open(name);
    const error = refusal(() => call(instance, 'find', { text: 'a', needle: '' }));
    expect(error).toMatchObject({ code: 'ERR_TENON_CALL_FAILED', status: 'TENON_INVALID' });
    expect(error.message).toContain('needle must not be empty');
    expect(call(instance, 'count', { text: 'one  two\vthree\n' })).toEqual({ words: 3n });
    instance.close();
  });

  test('lines returns the lines in pieces, and closes a cursor once', async () => {
    const instance = await open(name);
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 5 }), (text, max) => {
        const { cursor } = call(instance, 'lines_open', { text });
        const items: unknown[] = [];
        for (let done: unknown = false; done !== true; ) {
          const piece = call(instance, 'lines_next', { cursor, max });
          expect((piece['items'] as unknown[]).length).toBeLessThanOrEqual(max);
          items.push(...(piece['items'] as unknown[]));
          done = piece['done'];
        }
        expect(items).toEqual(linesOf(text));
        raw(instance, 'lines_close', encode(slots[3]?.input ?? [], { cursor }));
        const again = refusal(() => call(instance, 'lines_close', { cursor }));
        expect(again.message).toContain(`no cursor ${cursor}`);
      }),
      { numRuns: 100 },
    );
    const { cursor } = call(instance, 'lines_open', { text: 'a\n'.repeat(5000) });
    const { items } = call(instance, 'lines_next', { cursor, max: 2 ** 32 - 1 });
    expect((items as unknown[]).length).toBe(4096);
    instance.close(); // with the cursor open
  });

  test.runIf(withAddon)('find emits progress after each MiB', async () => {
    const instance = await open(name);
    const [progress] = kind.events;
    if (progress === undefined) throw new Error('no event');
    const seen: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      instance.on('message', (bytes: Buffer) => {
        expect(bytes.readBigUInt64LE()).toBe(eventId(kind, progress));
        seen.push(decode(progress.fields, bytes.subarray(8)));
        if (seen.length === 2) resolve();
      });
    });
    const text = 'x'.repeat(2.5 * 2 ** 20);
    expect(call(instance, 'find', { text, needle: 'xyz' })['total']).toBe(0);
    await all;
    const of = BigInt(text.length);
    expect(seen).toEqual([
      { done: 2n ** 20n, of },
      { done: 2n ** 21n, of },
    ]);
    instance.close();
  });

  const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  const input = (...values: number[]) => Buffer.concat([words(...values), Buffer.from('abcdef')]);
  test.each<[string, Buffer, string]>([
    ['no bytes', Buffer.alloc(0), 'the record is too short'],
    ['a cut fixed part', words(24, 2, 26, 2, 0), 'the record is too short'],
    ['spans that overlap', input(24, 4, 26, 2, 0, 0), 'needle begins before the end of the field before it'],
    ['spans that go backwards', input(26, 2, 24, 2, 0, 0), 'needle begins before the end'],
    ['a span in the fixed part', input(8, 2, 26, 2, 0, 0), 'text begins before the end'],
    ['a span outside', input(24, 2, 26, 5, 0, 0), 'needle ends outside the message'],
    ['a span that begins outside', input(24, 2, 400, 5, 0, 0), 'needle ends outside the message'],
    ['a length of 2^32 - 1', input(24, 2 ** 32 - 1, 26, 2, 0, 0), 'text ends outside the message'],
    ['an end of 2^32', input(2 ** 32 - 8, 8, 26, 2, 0, 0), 'text ends outside the message'],
    ['an empty span with a place', input(24, 0, 26, 2, 0, 0), 'text is empty and must begin at 0'],
    [
      'bytes that are not UTF-8',
      Buffer.concat([words(24, 1, 25, 1, 0, 0), Buffer.from([0xff, 0x61])]),
      'text is not UTF-8',
    ],
    [
      'a surrogate',
      Buffer.concat([words(24, 3, 27, 1, 0, 0), Buffer.from([0xed, 0xa0, 0x80, 0x61])]),
      'text is not UTF-8',
    ],
    ['a bool that is 2', input(24, 2, 26, 2, 2, 0), 'limit has a bool that is neither 0 nor 1'],
  ])('%s is TENON_INVALID, and the message says why', async (_, bytes, reason) => {
    const instance = await open(name);
    const error = refusal(() => raw(instance, 'find', bytes));
    expect(error).toMatchObject({ code: 'ERR_TENON_CALL_FAILED', status: 'TENON_INVALID' });
    expect(error.message).toContain('text.find');
    expect(error.message).toContain(reason);
    expect(call(instance, 'find', { text: 'ab', needle: 'b' })['total']).toBe(1);
    instance.close();
  });

  test('bytes between and behind the spans have no meaning', async () => {
    const instance = await open(name);
    const bytes = input(25, 2, 28, 1, 0, 0); // "bc", "e", and "f" behind them
    expect(raw(instance, 'find', bytes).readUInt32LE()).toBe(0);
    instance.close();
  });
});
