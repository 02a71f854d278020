/** The types that TypeScript infers for a kind. `npm test` compiles this file, which checks them. */
import { expect, expectTypeOf, test } from 'vitest';
import type { CallOptions } from '../../src/index.js';
import type { EventValue, KindApi, KindApiSync, PlainCall } from '../../src/kinds/api.js';
import { cursor, defineKind, method } from '../../src/kinds/kind.js';
import type { RecordResults } from '../../src/kinds/many.js';
import { doc, enumeration, flags, list, option, record, union } from '../../src/kinds/types.js';

const shapes = defineKind({
  name: 'shapes',
  version: '1.0.0',
  methods: {
    all: method(
      {
        i: 'i32',
        u: 'u8',
        big: 'i64',
        huge: 'u64',
        f: 'f32',
        yes: 'bool',
        v: 'f32[4]',
        key: 'u8[16]',
        bits: 'bool[3]',
        n: 'i64[2]',
      },
      { i: 'i32', big: 'u64', yes: 'bool', v: 'f32[4]', key: 'u8[16]', bits: 'bool[3]', n: 'i64[2]' },
    ),
    none: method({}, { count: 'u32' }),
    raw: method.bytes(),
  },
});
type Shapes = KindApiSync<typeof shapes>;
type AsyncShapes = KindApi<typeof shapes>;

test('arguments and results of a record have the types of their fields', () => {
  expectTypeOf<Parameters<Shapes['all']>[0]>().toEqualTypeOf<{
    readonly i: number;
    readonly u: number;
    readonly big: bigint;
    readonly huge: bigint;
    readonly f: number;
    readonly yes: boolean;
    readonly v: Float32Array | readonly number[];
    readonly key: Uint8Array | readonly number[];
    readonly bits: boolean[] | readonly boolean[];
    readonly n: BigInt64Array | readonly bigint[];
  }>();
  expectTypeOf<ReturnType<Shapes['all']>>().toEqualTypeOf<{
    i: number;
    big: bigint;
    yes: boolean;
    v: Float32Array;
    key: Buffer;
    bits: boolean[];
    n: BigInt64Array;
  }>();
  expectTypeOf<ReturnType<Shapes['all']>['i']>().not.toBeAny();
});

test('a method without fields takes no argument, and a bytes method takes and returns bytes', () => {
  expectTypeOf<Shapes['none']>().toEqualTypeOf<() => { count: number }>();
  expectTypeOf<Shapes['raw']>().toEqualTypeOf<(input: Uint8Array, options?: CallOptions) => Buffer>();
});

test('asynchronous methods take the same arguments and the options of a call', () => {
  expectTypeOf<AsyncShapes['none']>().toEqualTypeOf<PlainCall<{ count: number }>>();
  expectTypeOf<AsyncShapes['raw']>().toEqualTypeOf<
    (input: Uint8Array, options?: CallOptions) => Promise<Buffer>
  >();
  expectTypeOf<Parameters<AsyncShapes['all']>[0]>().toEqualTypeOf<Parameters<Shapes['all']>[0]>();
  expectTypeOf<Parameters<AsyncShapes['all']>[1]>().toEqualTypeOf<CallOptions | undefined>();
  expectTypeOf<Awaited<ReturnType<AsyncShapes['all']>>>().toEqualTypeOf<ReturnType<Shapes['all']>>();
});

test('invalid calls and definitions do not compile', () => {
  const use = (api: Shapes): void => {
    // @ts-expect-error no such method
    api.other();
    // @ts-expect-error fields are missing
    api.all({ i: 1 });
    // @ts-expect-error an i64 is a bigint
    api.all({ big: 1 });
    // @ts-expect-error a result cannot be assigned to another type
    const text: string = api.none().count;
    expectTypeOf(text).toBeString();
  };
  expect(use).toBeTypeOf('function');
  // @ts-expect-error no such type
  expect(() => method({ a: 'i33' }, {})).toThrow('input.a');
  // @ts-expect-error an array needs a length
  expect(() => method({ a: 'i32[]' }, {})).toThrow('input.a');
});

const text = defineKind({
  name: 'text',
  version: '1.1.0',
  methods: {
    find: method(
      {
        text: 'str',
        limit: option('u32'),
        mode: enumeration(['plain', 'regex'], { open: true }),
        style: flags({ bold: 'Thick.', wide: 'Broad.' }),
        shape: union({ none: null, circle: { radius: 'f64' }, points: doc(list('f32[2]'), 'Corners.') }),
      },
      {
        total: doc('u32', 'All of them.'),
        hits: list({ at: 'u32', line: 'u32' }),
        raw: 'bytes',
        limit: option('u64'),
        mode: enumeration(['plain', 'regex'], { open: true }),
        style: flags(['bold', 'wide']),
        shape: union({ none: null, circle: record({ radius: 'f64' }, { as: 'circle' }) }, { open: true }),
        sizes: list('f64'),
        bits: list('bool'),
        names: list('str'),
      },
    ),
    lines: method({ text: 'str' }, cursor({ at: 'u64', line: 'str' })),
    count: method({ text: 'str' }, { words: 'u64' }, { since: '1.1.0' }),
  },
  events: { progress: { done: 'u64', of: 'u64' }, note: doc({ line: 'str' }, 'A remark.') },
});
type Text = KindApi<typeof text>;
type TextSync = KindApiSync<typeof text>;

test('records with strings, lists, options, names and unions have the types of their values', () => {
  expectTypeOf<Parameters<Text['find']>[0]>().toEqualTypeOf<{
    readonly text: string;
    readonly limit?: number | null | undefined;
    readonly mode: 'plain' | 'regex' | number;
    readonly style: readonly ('bold' | 'wide')[];
    readonly shape:
      | { readonly tag: 'none' }
      | { readonly tag: 'circle'; readonly value: { readonly radius: number } }
      | { readonly tag: 'points'; readonly value: readonly (Float32Array | readonly number[])[] };
  }>();
  expectTypeOf<ReturnType<TextSync['find']>>().toEqualTypeOf<{
    total: number;
    hits: { at: number; line: number }[];
    raw: Buffer;
    limit: bigint | undefined;
    mode: 'plain' | 'regex' | number;
    style: ('bold' | 'wide')[];
    shape: { tag: 'none' } | { tag: 'circle'; value: { radius: number } } | { tag: number };
    sizes: Float64Array;
    bits: boolean[];
    names: string[];
  }>();
  expectTypeOf<Awaited<ReturnType<Text['find']>>>().toEqualTypeOf<ReturnType<TextSync['find']>>();
});

test('a method with since may be undefined', () => {
  expectTypeOf<undefined>().toExtend<Text['count']>();
  expectTypeOf<Parameters<NonNullable<Text['count']>>[0]>().toEqualTypeOf<{ readonly text: string }>();
  expectTypeOf<ReturnType<NonNullable<TextSync['count']>>>().toEqualTypeOf<{ words: bigint }>();
  expectTypeOf<undefined>().not.toExtend<Text['find']>();
});

test('a cursor is an iterable, many calls have many results, and events have values', () => {
  type Line = { at: bigint; line: string };
  expectTypeOf<ReturnType<Text['lines']>>().toEqualTypeOf<AsyncGenerator<Line, void, undefined>>();
  expectTypeOf<ReturnType<TextSync['lines']>>().toEqualTypeOf<Generator<Line, void, undefined>>();
  type Found = Awaited<ReturnType<Text['find']>>;
  expectTypeOf<Awaited<ReturnType<Text['find']['many']>>>().toEqualTypeOf<RecordResults<Found>>();
  expectTypeOf<EventValue<typeof text, 'progress'>>().toEqualTypeOf<{ done: bigint; of: bigint }>();
  expectTypeOf<EventValue<typeof text, 'note'>>().toEqualTypeOf<{ line: string }>();
});
