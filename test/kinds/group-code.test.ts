/** Many records are encoded and decoded together exactly as one by one. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BatchResult } from '../../src/base/batch.js';
import { TenonError } from '../../src/base/errors.js';
import { decode, encode } from '../../src/kinds/codec.js';
import { encodeManySource } from '../../src/kinds/group-code.js';
import { SCALAR_SIZE, type Scalar } from '../../src/kinds/layout.js';
import { RecordResults } from '../../src/kinds/many.js';
import type { FieldModel, TypeModel } from '../../src/kinds/model.js';
import { decoderOf, rangeDecoderOf } from '../../src/kinds/span-coder.js';
import { manyEncoder } from '../../src/kinds/span-record.js';
import { recordSamples, valueFor } from './random-records.js';

const str: TypeModel = { form: 'str' };
const scalar = fc.constantFrom(...(Object.keys(SCALAR_SIZE) as Scalar[]));

/** Records that are encoded in groups. */
const groupFields = fc
  .array(
    fc.oneof(
      fc.constant(str),
      scalar.map((one): TypeModel => ({ form: 'scalar', scalar: one })),
      scalar.map((one): TypeModel => ({ form: 'option', value: { form: 'scalar', scalar: one } })),
    ),
    { maxLength: 4 },
  )
  .map((types) => [str, ...types].map((type, i): FieldModel => ({ name: `f${i}`, type })));

/** Strings of every length that matters, most of them ASCII. */
const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\x7f'), maxLength: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom('x'.repeat(1023), 'y'.repeat(1025), 'z'.repeat(5000)) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
  { weight: 1, arbitrary: fc.nat(12).map((i) => `${'a'.repeat(i)}é${'a'.repeat(12 - i)}`) },
  { weight: 1, arbitrary: fc.constantFrom('\x80', 'é'.repeat(30), '€'.repeat(2000), '😀'.repeat(7)) },
);

/** Batches of such records. */
const batches = groupFields.chain((fields) =>
  fc
    .array(
      fc.record(
        Object.fromEntries(
          fields.map(({ name, type }) => [name, type.form === 'str' ? text : valueFor(type)]),
        ),
        { noNullPrototype: true },
      ),
      { maxLength: 200 },
    )
    .map((values) => ({ fields, values })),
);

/** Encodes records one by one. */
function oneByOne(
  fields: readonly FieldModel[],
  values: readonly unknown[],
): { offsets: number[]; data: Buffer } {
  const all = values.map((value) => {
    const bytes = encode(fields, value);
    return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
  });
  const offsets = [0];
  for (const { length } of all) offsets.push((offsets.at(-1) ?? 0) + length);
  return { offsets, data: Buffer.concat(all) };
}

/** Returns results with the bytes of records. */
function resultsOf(fields: readonly FieldModel[], offsets: readonly number[], data: Buffer) {
  const refuse = (problem: string): never => {
    throw new TenonError('ERR_TENON_CONTRACT', problem);
  };
  const batch = new BatchResult(Int32Array.from(offsets), data, new Int32Array(offsets.length - 1));
  const one = decoderOf(fields, 'text.find', refuse);
  return new RecordResults(batch, { one, range: rangeDecoderOf(fields) });
}

describe('encoding', () => {
  test('a group has the bytes of its records in memory that was used before, too', () => {
    fc.assert(
      fc.property(batches, ({ fields, values }) => {
        expect(encodeManySource(fields)).not.toBeNull();
        const expected = oneByOne(fields, values);
        const encodeMany = manyEncoder(fields, 'text.find', 8, true);
        for (let i = 0; i < 3; i++) {
          const { offsets, data, release } = encodeMany(values) ?? expect.fail('too long');
          expect([...offsets]).toEqual(expected.offsets);
          expect(data.equals(expected.data)).toBe(true);
          release();
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['in a group', 3, 'a'],
    ['in the last group of several', 400, 'a'.repeat(30)],
    ['behind text that is not ASCII', 400, 'é'.repeat(30)],
    ['behind a long string', 3, 'a'.repeat(2000)],
  ])('a lone surrogate %s is refused with the place of its record', (_, before, one) => {
    const fields: FieldModel[] = [{ name: 'text', type: str }];
    const encodeMany = manyEncoder(fields, 'text.find', 8, true);
    const inputs = Array.from({ length: before }, () => ({ text: one }));
    const wrong = [...inputs, { text: '\ud800' }, { text: 'a' }];
    expect(() => encodeMany(wrong)).toThrow(
      expect.objectContaining({ argument: `text.find[${before}].text` }),
    );
    expect(encodeMany(inputs)?.data.equals(oneByOne(fields, inputs).data)).toBe(true);
  });

  test('every record is read once, in order', () => {
    const fields: FieldModel[] = [{ name: 'text', type: str }];
    const seen: number[] = [];
    const inputs = Array.from({ length: 300 }, (_, i) => ({
      get text() {
        seen.push(i);
        return i % 100 === 50 ? 'ü' : `text ${i}, which is not short`;
      },
    }));
    manyEncoder(fields, 'text.find', 8, true)(inputs);
    expect(seen).toEqual(inputs.map((_, i) => i));
  });
});

describe('decoding', () => {
  test('results that are read in order are those that are read one by one', () => {
    fc.assert(
      fc.property(batches, ({ fields, values }) => {
        const { offsets, data } = oneByOne(fields, values);
        const results = resultsOf(fields, offsets, data);
        const each = values.map((_, i) => results.result(i));
        expect(each).toEqual(values);
        expect([...results]).toEqual(each);
      }),
      { numRuns: 300 },
    );
  });

  test('bytes that are not such a record are refused in both ways', () => {
    fc.assert(
      fc.property(recordSamples(2), fc.nat(), fc.nat(255), ({ fields, value }, place, byte) => {
        const { offsets, data } = oneByOne(
          fields,
          Array.from({ length: 9 }, () => value),
        );
        // The records have no padding behind them, so that their lengths are those of the plain codec.
        const size = encode(fields, value).length;
        if (size === 0 || size % 8 !== 0) return;
        const index = place % 9;
        data[index * size + (place % size)] = byte;
        const results = resultsOf(fields, offsets, data);
        const outcome = (read: () => unknown) => {
          try {
            return read();
          } catch (error) {
            return error instanceof TenonError ? error.message : error;
          }
        };
        const expected = outcome(() => decode(fields, data.subarray(index * size, (index + 1) * size)));
        const ordered = outcome(() => [...results][index]);
        if (typeof expected === 'string') expect(typeof ordered).toBe('string');
        else expect(ordered).toEqual(expected);
        expect(outcome(() => results.result(index))).toEqual(ordered);
      }),
      { numRuns: 300 },
    );
  });

  test('an iteration that failed has ended', () => {
    const fields: FieldModel[] = [{ name: 'n', type: { form: 'scalar', scalar: 'bool' } }];
    const results = resultsOf(fields, [0, 1, 2, 3], Buffer.from([1, 2, 1]))[Symbol.iterator]();
    expect(results.next()).toEqual({ done: false, value: { n: true } });
    expect(() => results.next()).toThrow(TenonError);
    expect(results.next()).toEqual({ done: true, value: undefined });
  });
});

test('a process that forbids code generation has the same bytes and values', () => {
  vi.stubGlobal('Function', function refuseCode() {
    throw new EvalError('Code generation from strings disallowed for this context');
  });
  try {
    fc.assert(
      fc.property(batches, ({ fields, values }) => {
        const { offsets, data } =
          manyEncoder(fields, 'text.find', 8, false)(values) ?? expect.fail('too long');
        const expected = oneByOne(fields, values);
        expect([...offsets]).toEqual(expected.offsets);
        expect(data.equals(expected.data)).toBe(true);
        expect([...resultsOf(fields, expected.offsets, data)]).toEqual(values);
      }),
      { numRuns: 50 },
    );
  } finally {
    vi.unstubAllGlobals();
  }
});
