/** Records are encoded and decoded as wire.ts describes it; anything else is refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { decode, encode } from '../../src/kinds/codec.js';
import type { FieldModel, TypeModel } from '../../src/kinds/model.js';
import { recordSamples } from './random-records.js';

const u32: TypeModel = { form: 'scalar', scalar: 'u32' };
const str: TypeModel = { form: 'str' };
const field = (name: string, type: TypeModel): FieldModel => ({ name, type });
const HIT: TypeModel = { form: 'record', fields: [field('at', u32), field('line', str)] };
const FIND = [field('total', u32), field('hits', { form: 'list', element: HIT }), field('first', str)];

const failureOf = (work: () => unknown): TenonError => {
  try {
    work();
  } catch (error) {
    if (error instanceof TenonError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};
const refused = (fields: readonly FieldModel[], value: unknown): string | undefined => {
  const error = failureOf(() => encode(fields, value, 'text.find'));
  expect(error.code).toBe('ERR_TENON_INVALID_ARGUMENT');
  return error.argument;
};
const malformed = (fields: readonly FieldModel[], bytes: Uint8Array): string => {
  const error = failureOf(() => decode(fields, bytes, 'text.find'));
  expect(error.code).toBe('ERR_TENON_CONTRACT');
  return error.message;
};
/** A message of 32-bit words, with text behind them. */
const message = (words: number[], tail = ''): Buffer =>
  Buffer.concat([Buffer.from(Uint32Array.from(words).buffer), Buffer.from(tail)]);

describe('encoding', () => {
  test('every value is decoded to the value that was encoded', () => {
    fc.assert(
      fc.property(recordSamples(), ({ fields, value }) => {
        expect(decode(fields, encode(fields, value))).toEqual(value);
      }),
      { numRuns: 2000 },
    );
  });

  test('the spans of a message are in the order in which they are visited', () => {
    const bytes = encode(FIND, {
      total: 7,
      hits: [
        { at: 1, line: 'ab' },
        { at: 2, line: '' },
      ],
      first: 'ö',
    });
    expect(bytes).toEqual(message([7, 20, 2, 46, 2, 1, 44, 2, 2, 0, 0], 'abö'));
  });

  test('an empty list, string or option takes no tail, and a null option is absent', () => {
    const fields = [field('a', { form: 'option', value: str }), field('b', { form: 'list', element: str })];
    expect(encode(fields, { a: null, b: [] })).toEqual(Buffer.alloc(20));
    expect(decode(fields, Buffer.alloc(20))).toEqual({ a: undefined, b: [] });
  });

  test('a union refers to the fixed part of its value', () => {
    const members = [
      { name: 'none', type: null },
      { name: 'span', type: { form: 'array', scalar: 'f64', length: 1 } as const },
    ];
    const fields = [field('what', { form: 'union', members, open: true })];
    expect(encode(fields, { what: { tag: 'span', value: [0] } })).toEqual(message([1, 16, 8, 0, 0, 0]));
    expect(encode(fields, { what: { tag: 'none' } })).toEqual(message([0, 0, 0]));
    expect(decode(fields, message([9, 12, 4, 1]))).toEqual({ what: { tag: 9 } });
  });
});

describe('a value that does not fit is refused with its place', () => {
  const hits = (line: unknown) => [
    { at: 1, line: 'a' },
    { at: 2, line },
  ];
  const tests: [string, unknown, string][] = [
    ['the wrong type deep inside', { total: 1, hits: hits(3), first: '' }, 'text.find.hits[1].line'],
    ['a lone surrogate', { total: 1, hits: hits('\ud800'), first: '' }, 'text.find.hits[1].line'],
    ['a number out of range', { total: -1, hits: [], first: '' }, 'text.find.total'],
    ['a missing field', { total: 1, hits: [] }, 'text.find.first'],
    ['a list that is not an array', { total: 1, hits: 'abc', first: '' }, 'text.find.hits'],
    ['no object', 5, 'text.find'],
  ];
  test.each(tests)('%s', (_, value, place) => {
    expect(refused(FIND, value)).toBe(place);
  });

  test('members that a closed enum, flags or union does not have', () => {
    const members = [{ name: 'a' }, { name: 'b' }];
    const closed = (form: 'enum' | 'flags') => [field('x', { form, members, open: false })];
    expect(refused(closed('enum'), { x: 'c' })).toBe('text.find.x');
    expect(refused(closed('enum'), { x: 2 })).toBe('text.find.x');
    expect(refused(closed('flags'), { x: ['a', 'c'] })).toBe('text.find.x[1]');
    const union = [field('x', { form: 'union', members: [{ name: 'a', type: u32 }], open: true })];
    expect(refused(union, { x: { tag: 'c' } })).toBe('text.find.x.tag');
    expect(refused(union, { x: { tag: 'a', value: -1 } })).toBe('text.find.x.value');
  });

  test('more than 4 GiB, before any memory is allocated', () => {
    const large = Buffer.alloc(2 ** 29);
    const fields = [field('all', { form: 'list', element: { form: 'bytes' } })];
    expect(refused(fields, { all: Array(9).fill(large) })).toBe('text.find.all[7]');
    const endless = new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 53 - 1 : 1) });
    expect(refused(fields, { all: endless })).toBe('text.find.all');
  });

  test('memory that a getter detaches after it was read', () => {
    const bytes = new Uint8Array(8);
    const tricky = {
      a: bytes,
      get b() {
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
        return bytes;
      },
    };
    expect(refused([field('a', { form: 'bytes' }), field('b', { form: 'bytes' })], tricky)).toBe(
      'text.find.a',
    );
  });

  test('members are read once, and what a getter throws is the cause', () => {
    let reads = 0;
    const counted = new Proxy(
      { total: 1, hits: [], first: '' },
      {
        get: (target, key) => {
          reads += 1;
          return Reflect.get(target, key);
        },
      },
    );
    encode(FIND, counted);
    expect(reads).toBe(3);
    const broken = {
      total: 1,
      get hits(): never {
        throw new RangeError('mine');
      },
    };
    const error = failureOf(() => encode(FIND, broken, 'text.find'));
    expect(error).toMatchObject({ argument: 'text.find.hits', cause: new RangeError('mine') });
  });
});

describe('decoding refuses', () => {
  const two = [field('a', str), field('b', str)];
  const list = [field('a', { form: 'list', element: HIT })];
  const tests: [string, readonly FieldModel[], Buffer, RegExp][] = [
    ['a message that is too short', two, Buffer.alloc(15), /15 bytes.*at least 16/],
    ['a record without spans of another size', [field('a', u32)], Buffer.alloc(8), /8 bytes.*has 4/],
    ['a span that overlaps the fixed part', two, message([12, 4, 0, 0], 'abcd'), /find\.a begins at byte 12/],
    ['spans that overlap', two, message([16, 3, 18, 2], 'abcd'), /find\.b begins at byte 18/],
    ['spans that go backwards', two, message([18, 2, 16, 2], 'abcd'), /find\.b begins at byte 16/],
    ['a span beyond the message', two, message([16, 5, 0, 0], 'abcd'), /find\.a ends at byte 21/],
    ['a span of 2^32 bytes', two, message([16, 2 ** 32 - 1, 0, 0], 'abcd'), /ends at byte 4294967311/],
    ['a list of 2^32 records', list, message([8, 2 ** 32 - 1]), /find\.a ends/],
    ['a misaligned list', list, message([9, 1, 0, 0, 0, 0]), /multiple of 4/],
    ['an empty span with a place', two, message([16, 0, 0, 0]), /find\.a is an empty span at 16/],
    ['bytes that are not UTF-8', two, Buffer.concat([message([16, 1, 0, 0]), Buffer.of(0xff)]), /not UTF-8/],
    [
      'an encoded surrogate',
      two,
      Buffer.concat([message([16, 3, 0, 0]), Buffer.of(0xed, 0xa0, 0x80)]),
      /UTF-8/,
    ],
    ['a bool that is 2', [field('a', { form: 'scalar', scalar: 'bool' })], Buffer.of(2), /bool that is 2/],
    ['a span in a list element', list, message([8, 1, 1, 8, 2]), /find\.a\[0\]\.line begins at byte 8/],
  ];
  test.each(tests)('%s', (_, fields, bytes, problem) => {
    expect(malformed(fields, bytes)).toMatch(problem);
  });

  test('unknown members of closed types, and values of another size in a union', () => {
    const members = [{ name: 'a' }, { name: 'b' }];
    const names = (form: 'enum' | 'flags') => [field('x', { form, members, open: false })];
    expect(malformed(names('enum'), message([2]))).toMatch(/x is member 2, but there are 2/);
    expect(malformed(names('flags'), message([4]))).toMatch(/x has bit 2, but there are 2/);
    const union = [field('x', { form: 'union', members: [{ name: 'a', type: u32 }], open: false })];
    expect(malformed(union, message([1, 0, 0]))).toMatch(/x is member 1/);
    expect(malformed(union, message([0, 12, 8, 0, 0]))).toMatch(/value of 8 bytes, but a has 4/);
  });

  test('a replacement character that is really there is accepted', () => {
    expect(decode([field('a', str)], encode([field('a', str)], { a: '\ufffd' }))).toEqual({ a: '\ufffd' });
  });

  test('arbitrary bytes are decoded to a value that can be encoded, or are refused', () => {
    fc.assert(
      fc.property(recordSamples(), fc.infiniteStream(fc.nat()), ({ fields, value }, numbers) => {
        const bytes = encode(fields, value);
        const next = (below: number): number => numbers.next().value % below;
        for (let i = 0; i < 3 && bytes.length > 0; i++)
          bytes[next(bytes.length)] = [0, 1, 4, 255, next(256)][next(5)] as number;
        try {
          encode(fields, decode(fields, bytes));
        } catch (error) {
          // A union member that the kind does not know is read without its value, so it cannot be written.
          if (error instanceof TenonError && error.argument?.endsWith('.tag')) return;
          expect(error).toMatchObject({ code: 'ERR_TENON_CONTRACT' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
