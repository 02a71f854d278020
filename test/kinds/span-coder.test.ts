/** Generated code encodes and decodes records exactly as the plain codec does. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { decode, decodeWith, encode } from '../../src/kinds/codec.js';
import type { FieldModel } from '../../src/kinds/model.js';
import { decoderOf, encoderOf, grow, sinkOver, viewOver } from '../../src/kinds/span-coder.js';
import { manyEncoder } from '../../src/kinds/span-record.js';
import { place } from '../../src/kinds/wire.js';
import { recordSamples } from './random-records.js';

const refuse = (problem: string): never => {
  throw new TenonError('ERR_TENON_CONTRACT', problem);
};
const problemOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    if (error instanceof TenonError) return `${error.code} ${error.argument ?? ''}`;
    throw error;
  }
};

/** Runs work as it is, or in a process that forbids code generation. */
const ways: [string, (work: () => void) => void][] = [
  ['generated', (work) => work()],
  [
    'with coders',
    (work) => {
      vi.stubGlobal('Function', function refuseCode() {
        throw new EvalError('Code generation from strings disallowed for this context');
      });
      try {
        work();
      } finally {
        vi.unstubAllGlobals();
      }
    },
  ],
];

describe.each(ways)('%s', (_, run) => {
  test('records are encoded to the same bytes, at any place of memory that was used before', () => {
    run(() =>
      fc.assert(
        fc.property(recordSamples(), fc.integer({ min: 0, max: 3 }), ({ fields, value }, words) => {
          const expected = encode(fields, value);
          const write = encoderOf(fields, 'text.find');
          const small = sinkOver(Buffer.alloc(0));
          const length = write(value, small, 0);
          expect(small.memory.subarray(0, length)).toEqual(expected);
          const base = 8 * words;
          const used = sinkOver(Buffer.alloc(4096));
          for (let i = 0; i < 2; i++) {
            const size = write(value, used, base);
            expect(used.memory.subarray(base, base + size)).toEqual(expected);
            // Only the tail of the memory may be used by another record of the method.
            used.memory.fill(0xff, base + place(fields).size);
          }
        }),
        { numRuns: 1000 },
      ),
    );
  });

  test('records are decoded to the same values, and others are refused', () => {
    run(() =>
      fc.assert(
        fc.property(recordSamples(), fc.infiniteStream(fc.nat()), ({ fields, value }, numbers) => {
          const read = decoderOf(fields, 'text.find', refuse);
          const bytes = encode(fields, value);
          const next = (below: number): number => numbers.next().value % below;
          const memory = Buffer.concat([Buffer.alloc(16, 0xff), bytes, Buffer.alloc(16, 0xff)]);
          const decodeAt = () => read(memory, viewOver(memory), 16, bytes.length);
          expect(decodeAt()).toEqual(value);
          for (let i = 0; i < 3 && bytes.length > 0; i++)
            memory[16 + next(bytes.length)] = [0, 1, 4, 255, next(256)][next(5)] as number;
          const changed = memory.subarray(16, 16 + bytes.length);
          const plain = problemOf(() => decode(fields, changed));
          expect(problemOf(decodeAt)).toBe(plain);
          if (plain === 'none') expect(decodeAt()).toEqual(decode(fields, changed));
        }),
        { numRuns: 2000 },
      ),
    );
  });

  test('hostile spans are refused with the place that the plain codec finds', () => {
    const str = { form: 'str' } as const;
    const hit = { form: 'record', fields: [{ name: 'line', type: str }] } as const;
    const fields: FieldModel[] = [
      { name: 'all', type: { form: 'list', element: hit } },
      { name: 'last', type: str },
    ];
    const words: number[][] = [
      [17, 1, 0, 0, 0, 0, 0],
      [8, 1, 0, 0, 0, 0],
      [16, 2 ** 32 - 1, 0, 0],
      [16, 1, 0, 0, 16, 4],
      [16, 1, 20, 1, 0, 0],
      [16, 1, 24, 9, 0, 0],
      [16, 0, 0, 0],
    ];
    run(() => {
      for (const one of words) {
        const bytes = Buffer.from(Uint32Array.from(one).buffer);
        const problems: string[] = [];
        const note = (problem: string): never => {
          problems.push(problem);
          return refuse(problem);
        };
        const read = decoderOf(fields, 'text.find', note);
        expect(() => read(bytes, viewOver(bytes), 0, bytes.length)).toThrow(TenonError);
        expect(() => decodeWith(fields, bytes, 'text.find', note)).toThrow(TenonError);
        expect(problems[0]).toBe(problems[1]);
        expect(problems[0]).toMatch(/^text\.find\.(all|last)/);
      }
    });
  });

  test('a value that does not fit is refused with its place', () => {
    run(() => {
      const fields: FieldModel[] = [
        { name: 'n', type: { form: 'scalar', scalar: 'u8' } },
        { name: 'text', type: { form: 'str' } },
        { name: 'all', type: { form: 'list', element: { form: 'str' } } },
      ];
      let index = 3;
      const write = encoderOf(fields, () => `text.find[${index}]`);
      const out = sinkOver(Buffer.alloc(64));
      const refused = (value: unknown) => problemOf(() => write(value, out, 0)).split(' ')[1];
      expect(refused({ n: 256, text: '', all: [] })).toBe('text.find[3].n');
      index = 4;
      expect(refused({ n: 1, text: 5, all: [] })).toBe('text.find[4].text');
      expect(refused({ n: 1, text: '\ud800', all: [] })).toBe('text.find[4].text');
      expect(refused({ n: 1, text: `${'x'.repeat(100)}\udfff`, all: [] })).toBe('text.find[4].text');
      expect(refused({ n: 1, text: '', all: ['a', '\ud800'] })).toBe('text.find[4].all[1]');
      expect(refused(5)).toBe('text.find[4]');
      const broken = {
        n: 1,
        text: '',
        get all(): never {
          throw new RangeError('mine');
        },
      };
      expect(() => write(broken, out, 0)).toThrow(expect.objectContaining({ cause: new RangeError('mine') }));
      expect(write({ n: 1, text: 'äö', all: [] }, out, 0)).toBe(24);
    });
  });
});

test('many records are encoded one behind the other, in memory that is used again', () => {
  const fields: FieldModel[] = [
    { name: 'a', type: { form: 'option', value: { form: 'scalar', scalar: 'u64' } } },
    { name: 'text', type: { form: 'str' } },
    { name: 'all', type: { form: 'list', element: { form: 'array', scalar: 'f64', length: 1 } } },
  ];
  const encodeMany = manyEncoder(fields, 'text.find', 8, true);
  const value = fc.record({
    a: fc.option(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), { nil: undefined }),
    text: fc.string({ maxLength: 40 }),
    all: fc.array(fc.tuple(fc.double()), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), (values) => {
      const encoded = encodeMany(values);
      if (encoded === null) throw new Error('too long');
      const { offsets, data, release } = encoded;
      values.forEach((one, i) => {
        const record = data.subarray(offsets[i], offsets[i + 1]);
        const expected = encode(fields, one);
        expect((offsets[i] ?? 1) % 8).toBe(0);
        expect(record.subarray(0, expected.length)).toEqual(expected);
        expect(record.subarray(expected.length).every((byte) => byte === 0)).toBe(true);
      });
      expect(offsets.length).toBe(values.length + 1);
      release();
    }),
    { numRuns: 300 },
  );
});

test('a getter of a record may encode many records itself', () => {
  const fields: FieldModel[] = [{ name: 'text', type: { form: 'str' } }];
  const encodeMany = manyEncoder(fields, 'text.find', 8, true);
  encodeMany([{ text: 'x' }])?.release();
  const inner: Buffer[] = [];
  const tricky = {
    get text() {
      inner.push(Buffer.from(encodeMany([{ text: 'inner' }])?.data ?? []));
      return 'outer';
    },
  };
  const data = encodeMany([{ text: 'first' }, tricky])?.data ?? Buffer.alloc(0);
  expect(data.toString()).toContain('first');
  expect(data.toString()).toContain('outer');
  expect(inner[0]?.toString()).toContain('inner');
});

test('more than 4 GiB is refused before any memory is allocated', () => {
  const large = Buffer.alloc(2 ** 29);
  const fields: FieldModel[] = [{ name: 'all', type: { form: 'list', element: { form: 'bytes' } } }];
  const out = sinkOver(Buffer.alloc(8));
  const write = encoderOf(fields, 'text.find');
  expect(problemOf(() => write({ all: Array(9).fill(large) }, out, 0))).toMatch(/text\.find\.all\[7\]$/);
  expect(out.memory.length).toBe(8);
});

test('memory that grows keeps the records before the place', () => {
  const out = sinkOver(Buffer.from('abcdefgh'));
  grow(out, 8, 100);
  expect(out.memory.subarray(0, 8).toString()).toBe('abcdefgh');
  expect(out.memory.length).toBe(108);
});
