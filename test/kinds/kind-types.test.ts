/** The types that TypeScript infers for a kind. `npm test` compiles this file, which checks them. */
import { expect, expectTypeOf, test } from 'vitest';
import type { CallOptions } from '../../src/index.js';
import { defineKind, type KindApi, type KindApiSync, method } from '../../src/kinds/kind.js';

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
  expectTypeOf<AsyncShapes['none']>().toEqualTypeOf<(options?: CallOptions) => Promise<{ count: number }>>();
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
