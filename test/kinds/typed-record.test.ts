import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { SCALAR_SIZE, type Scalar } from '../../src/kinds/layout.js';
import { SCALARS } from '../../src/kinds/scalars.js';
import { compileRecord, type RecordFactory, type RecordMethodCode } from '../../src/kinds/typed-record.js';
import { loopback } from '../support/record-loopback.js';
import { type FlatFields as Fields, layoutOf } from './layout-of.js';

/** Returns one method in two forms: generated code, and the loop used if code generation is forbidden. */
function bothWays(input: Fields, output: Fields): [string, RecordFactory][] {
  const compile = () => compileRecord(layoutOf(input), layoutOf(output));
  const generated = compile();
  vi.stubGlobal('Function', function refuse() {
    throw new EvalError('Code generation from strings disallowed for this context');
  });
  try {
    return [
      ['generated', generated],
      ['loop', compile()],
    ];
  } finally {
    vi.unstubAllGlobals();
  }
}

const argumentOf = (call: () => unknown): string | undefined => {
  try {
    call();
  } catch (error) {
    if (error instanceof TenonError && error.code === 'ERR_TENON_INVALID_ARGUMENT') return error.argument;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe.each(bothWays({ a: 'i32', b: 'i32' }, { result: 'i32', less: 'bool' }))(
  'a record call (%s)',
  (_, factory) => {
    const min = (onCall: () => void = () => undefined): RecordMethodCode['call'] =>
      factory(
        loopback(8, 8, (input, output) => {
          onCall();
          const [a = 0, b = 0] = new Int32Array(input.buffer);
          new Int32Array(output.buffer)[0] = Math.min(a, b);
          output[4] = Number(a < b);
        }),
      ).call;

    test('writes its arguments, calls the plugin, and returns the results', () => {
      expect(min()({ a: 1, b: -2 })).toEqual({ result: -2, less: false });
      expect(min()({ b: 2 ** 31 - 1, a: -(2 ** 31) })).toEqual({ result: -(2 ** 31), less: true });
    });

    test('refuses a value that is not an i32, names the field, and does not call the plugin', () => {
      let calls = 0;
      const call = min(() => calls++);
      const wrong = [
        undefined,
        null,
        '1',
        1n,
        1.5,
        Number.NaN,
        Infinity,
        2 ** 31,
        -(2 ** 31) - 1,
        true,
        {},
        [],
        Symbol('s'),
      ];
      for (const value of wrong) {
        expect(argumentOf(() => call({ a: value, b: 1 }))).toBe('a');
        expect(argumentOf(() => call({ a: 1, b: value }))).toBe('b');
      }
      expect(argumentOf(() => call({ a: 1 }))).toBe('b');
      for (const value of [undefined, null, 1, 'text', () => 1])
        expect(argumentOf(() => call(value))).toBe('input');
      expect(calls).toBe(0);
    });

    test('reads every member before it writes any, so that a getter can make a call', () => {
      const call = min();
      const inner: unknown[] = [];
      const tricky = {
        a: 5,
        get b() {
          inner.push(call({ a: -7, b: -8 }));
          return 6;
        },
      };
      expect(call(tricky)).toEqual({ result: 5, less: true });
      expect(inner).toEqual([{ result: -8, less: false }]);
    });

    test('throws a TenonError whose cause is the error of a getter', () => {
      const call = min();
      const broken = {
        a: 1,
        get b(): number {
          throw new RangeError('mine');
        },
      };
      expect(() => call(broken)).toThrow(
        expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', cause: new RangeError('mine') }),
      );
      expect(call({ a: 1, b: 2 })).toEqual({ result: 1, less: true });
    });

    test('refuses a result whose bool is neither 0 nor 1', () => {
      const { call } = factory(
        loopback(8, 8, (_, output) => {
          output[4] = 2;
        }),
        'math.min',
      );
      expect(() => call({ a: 1, b: 2 })).toThrow(/math\.min\.less has a bool that is neither 0 nor 1/);
    });

    test('throws the error of the binding when the outcome is not 0', () => {
      const call = factory(loopback(8, 8, () => 3)).call;
      expect(() => call({ a: 1, b: 2 })).toThrow(/status 3/);
    });
  },
);

const ARRAYS: Fields = {
  n: 'u8',
  f: 'f32[4]',
  key: 'u8[16]',
  flags: 'bool[2]',
  big: 'i64[1]',
  long: 'i16[50]',
};

describe.each(bothWays(ARRAYS, ARRAYS))('arrays in records (%s)', (_, factory) => {
  const { size } = layoutOf(ARRAYS);
  const echo = (): RecordMethodCode['call'] =>
    factory(loopback(size, size, (input, output) => output.set(input))).call;
  const good = {
    n: 1,
    f: [0.5, -1, 2, Infinity],
    key: Buffer.alloc(16, 'k'),
    flags: [true, false],
    big: [-5n],
    long: Int16Array.from({ length: 50 }, (_, i) => -i),
  };
  const result = { ...good, f: Float32Array.from(good.f), big: BigInt64Array.from(good.big) };

  test('accept typed arrays and plain arrays, and return copies', () => {
    const call = echo();
    const first = call(good) as typeof result;
    expect(first).toEqual(result);
    expect(Buffer.isBuffer(first.key)).toBe(true);
    expect(call({ ...good, f: new Float32Array(4), key: new Uint8Array(16) })).toMatchObject({
      f: new Float32Array(4),
    });
    expect(first).toEqual(result);
  });

  test('refuse a different class, a different length and elements out of range', () => {
    const call = echo();
    const shared = new Float32Array(new SharedArrayBuffer(16));
    const detached = new Float32Array(4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const disguised = new Int32Array(4);
    Object.defineProperty(disguised, Symbol.toStringTag, { value: 'Float32Array' });
    const proxied = new Proxy(new Float32Array(4), {});
    for (const f of [
      new Float64Array(4),
      new Float32Array(3),
      [1, 2, 3],
      1,
      null,
      undefined,
      shared,
      detached,
      disguised,
      proxied,
    ]) {
      expect(argumentOf(() => call({ ...good, f }))).toBe('f');
    }
    const lying = new Float32Array(3);
    Object.defineProperty(lying, 'length', { value: 4 });
    expect(argumentOf(() => call({ ...good, f: lying }))).toBe('f');
    expect(argumentOf(() => call({ ...good, f: [1, 2, 3, '4'] }))).toBe('f[3]');
    expect(argumentOf(() => call({ ...good, f: new Array(4) }))).toBe('f[0]');
    expect(argumentOf(() => call({ ...good, key: new Array(16).fill(256) }))).toBe('key[0]');
    expect(argumentOf(() => call({ ...good, flags: [true, 1] }))).toBe('flags[1]');
    expect(argumentOf(() => call({ ...good, flags: new Uint8Array(2) }))).toBe('flags');
    expect(argumentOf(() => call({ ...good, big: [2n ** 63n] }))).toBe('big[0]');
  });

  test('are refused if a getter of a later member detaches them', () => {
    const call = echo();
    const f = new Float32Array(4);
    const tricky = {
      ...good,
      f,
      get long() {
        structuredClone(f.buffer, { transfer: [f.buffer] });
        return good.long;
      },
    };
    expect(argumentOf(() => call(tricky))).toBe('f');
  });
});

describe('scalar types', () => {
  const edges: unknown[] = [
    0, -0, 1, -1, 127, 128, -128, -129, 255, 256, 32_767, 32_768, -32_769, 65_535, 65_536,
  ]
    .concat([2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, 0.5, Number.MAX_VALUE])
    .concat([
      Math.fround(3.4e38),
      2 ** 128 - 2 ** 104,
      2 ** 128 - 2 ** 103,
      2 ** 128,
      Number.NaN,
      Infinity,
      -Infinity,
    ]);
  const others = [
    0n,
    -1n,
    2n ** 63n - 1n,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
    2n ** 64n - 1n,
    2n ** 64n,
    true,
    '1',
    null,
  ];
  const values = fc.oneof(
    fc.constantFrom(...edges, ...others, undefined, {}),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
  );

  test.each(Object.keys(SCALAR_SIZE) as Scalar[])(
    '%s accepts exactly the values that its typed array stores unchanged',
    (scalar) => {
      const stores: Record<Scalar, (value: never) => unknown> = {
        i8: (value) => Int8Array.of(value)[0],
        u8: (value) => Uint8Array.of(value)[0],
        i16: (value) => Int16Array.of(value)[0],
        u16: (value) => Uint16Array.of(value)[0],
        i32: (value) => Int32Array.of(value)[0],
        u32: (value) => Uint32Array.of(value)[0],
        i64: (value) => BigInt64Array.of(value)[0],
        u64: (value) => BigUint64Array.of(value)[0],
        f32: (value) => (Number.isFinite(value) && !Number.isFinite(Math.fround(value)) ? undefined : value),
        f64: (value) => value,
        bool: (value) => value,
      };
      const { accepts, source } = SCALARS[scalar];
      const generated = new Function('$', `return ${source}`) as (value: unknown) => unknown;
      const type = scalar === 'bool' ? 'boolean' : scalar === 'i64' || scalar === 'u64' ? 'bigint' : 'number';
      const check = (value: unknown): void => {
        const kept =
          typeof value === type && (stores[scalar](value as never) === value || Number.isNaN(value));
        const fits = scalar.startsWith('f') ? kept : kept && !Number.isNaN(value);
        expect(accepts(value), String(value)).toBe(fits);
        expect(generated(value), String(value)).toBe(fits);
      };
      for (const value of [...edges, ...others, undefined]) check(value);
      fc.assert(fc.property(values, check), { seed: 11, numRuns: 500 });
    },
  );
});
