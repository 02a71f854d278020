/** Random records for tests: fields, with a value that they accept. */
import fc from 'fast-check';
import { SCALAR_SIZE, type Scalar } from '../../src/kinds/layout.js';
import type { FieldModel, MemberModel, TypeModel } from '../../src/kinds/model.js';
import { newArray, SCALARS } from '../../src/kinds/scalars.js';

/** A record and a value of it, as decoding returns it. */
export interface RecordSample {
  readonly fields: readonly FieldModel[];
  readonly value: Record<string, unknown>;
}

const scalars = Object.keys(SCALAR_SIZE) as Scalar[];
const scalar = fc.constantFrom(...scalars);

/** Records and values of them. */
export function recordSamples(depth = 3): fc.Arbitrary<RecordSample> {
  return fieldsOf(depth).chain((fields) => valueOfFields(fields).map((value) => ({ fields, value })));
}

/** Fields of a record. */
export function fieldsOf(depth: number, least = 0): fc.Arbitrary<readonly FieldModel[]> {
  return fc
    .array(typeModel(depth), { minLength: least, maxLength: 5 })
    .map((types) => types.map((type, i) => ({ name: `f${i}`, type })));
}

const members = (most: number): fc.Arbitrary<MemberModel[]> =>
  fc
    .integer({ min: 1, max: most })
    .map((count) => Array.from({ length: count }, (_, i) => ({ name: `m${i}` })));

function typeModel(depth: number): fc.Arbitrary<TypeModel> {
  const flat: fc.Arbitrary<TypeModel>[] = [
    scalar.map((one) => ({ form: 'scalar', scalar: one })),
    fc.record({ form: fc.constant('array'), scalar, length: fc.integer({ min: 1, max: 5 }) }),
    fc.constant({ form: 'str' }),
    fc.constant({ form: 'bytes' }),
    fc.record({ form: fc.constant('enum'), members: members(5), open: fc.boolean() }),
    fc.record({ form: fc.constant('flags'), members: members(32), open: fc.boolean() }),
  ];
  if (depth === 0) return fc.oneof(...flat);
  const inner = typeModel(depth - 1);
  return fc.oneof(
    ...flat,
    fieldsOf(depth - 1, 1).map((fields): TypeModel => ({ form: 'record', fields })),
    inner.map((element): TypeModel => ({ form: 'list', element })),
    inner.filter(({ form }) => form !== 'option').map((value): TypeModel => ({ form: 'option', value })),
    fc
      .record({ types: fc.array(fc.option(inner), { minLength: 1, maxLength: 4 }), open: fc.boolean() })
      .map(({ types, open }): TypeModel => {
        const all = types.map((type, i) => ({ name: `m${i}`, type }));
        return { form: 'union', members: all, open };
      }),
  );
}

function valueOfFields(fields: readonly FieldModel[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(fields.map(({ name, type }) => [name, valueFor(type)])), {
    noNullPrototype: true,
  });
}

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const bytes = fc.uint8Array({ maxLength: 8 }).map((one) => Buffer.from(one));

/** Values of a type, as decoding returns them. */
export function valueFor(type: TypeModel): fc.Arbitrary<unknown> {
  switch (type.form) {
    case 'scalar':
      return scalarOf(type.scalar);
    case 'array':
      return arrayOf(type.scalar, type.length, type.length);
    case 'str':
      return text;
    case 'bytes':
      return bytes;
    case 'list':
      if (type.element.form === 'scalar') return arrayOf(type.element.scalar, 0, 5);
      return fc.array(valueFor(type.element), { maxLength: 4 });
    case 'option':
      return fc.option(valueFor(type.value), { nil: undefined });
    case 'record':
      return valueOfFields(type.fields);
    case 'enum':
      return fc.constantFrom(
        ...names(type.members),
        ...(type.open ? [type.members.length, 2 ** 32 - 1] : []),
      );
    case 'flags': {
      const spare = type.open
        ? Array.from({ length: 32 - type.members.length }, (_, i) => i + type.members.length)
        : [];
      return fc.subarray([...names(type.members), ...spare]);
    }
    case 'union':
      return fc.oneof(
        ...type.members.map((member) =>
          member.type === null
            ? fc.constant({ tag: member.name })
            : valueFor(member.type).map((value) => ({ tag: member.name, value })),
        ),
      );
  }
}

const names = (all: readonly MemberModel[]): (string | number)[] => all.map(({ name }) => name);

/** Values of a scalar, as decoding returns them. */
export function scalarOf(type: Scalar): fc.Arbitrary<unknown> {
  if (type === 'bool') return fc.boolean();
  if (type === 'f64') return fc.double();
  if (type === 'f32') return fc.float();
  if (type === 'i64') return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  if (type === 'u64') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const bits = 8 * SCALAR_SIZE[type];
  const [min, max] = type.startsWith('i') ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return fc
    .integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) })
    .filter(SCALARS[type].accepts);
}

function arrayOf(type: Scalar, minLength: number, maxLength: number): fc.Arbitrary<unknown> {
  return fc.array(scalarOf(type), { minLength, maxLength }).map((elements) => {
    if (type === 'bool') return elements;
    if (type === 'u8') return Buffer.from(elements as number[]);
    const array = newArray(type, elements.length);
    elements.forEach((element, i) => {
      (array as { [index: number]: unknown })[i] = element;
    });
    return array;
  });
}
