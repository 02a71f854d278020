/**
 * The source of the code that encodes the records of one method. All names and places are constants in it, which is
 * several times faster than a loop over the fields. The model has been checked, so all names are identifiers.
 */
import { SCALAR_SIZE, type Scalar } from './layout.js';
import type { FieldModel, TypeModel } from './model.js';
import { SCALARS } from './scalars.js';
import { place, sizeOf } from './wire.js';

/** The ends of the names of a DataView's functions. */
export const ACCESSOR: Readonly<Record<Scalar, string>> = {
  i8: 'Int8',
  u8: 'Uint8',
  i16: 'Int16',
  u16: 'Uint16',
  i32: 'Int32',
  u32: 'Uint32',
  i64: 'BigInt64',
  u64: 'BigUint64',
  f32: 'Float32',
  f64: 'Float64',
  bool: 'Uint8',
};

/** A record whose encoder is written: its fields with the steps of each. */
export interface RecordSource {
  readonly size: number;
  /** Reads the members of `input` into variables v0, v1, … */
  readonly take: readonly string[];
  readonly check: readonly string[];
  /** Writes the variables at `base` of the memory of `out`, and sets `end` to the size of the record. */
  readonly write: readonly string[];
}

/** Returns the steps of the encoder of a record. */
export function recordSource(fields: readonly FieldModel[]): RecordSource {
  const { fields: placed, size } = place(fields);
  const forms = placed.map(({ field }) => writerOf(field.type));
  const each = (make: (form: Writer, i: number, name: string, offset: number) => string): string[] =>
    placed.map(({ field, offset }, i) => make(forms[i] as Writer, i, field.name, offset));
  const take = [
    'if (typeof input !== "object" || input === null) notObject(input);',
    `let ${fields.map((_, i) => `v${i}`).join(', ')};`,
    'try {',
    ...each((form, i, name) => `v${i} = ${form.take(`input.${name}`, i)};`),
    '} catch (cause) { unreadable(cause); }',
  ];
  return {
    size,
    take: fields.length === 0 ? [] : take,
    check: each((form, i) => form.check(`v${i}`, i)),
    write: [
      `let bound = ${size};`,
      ...each((form, i) => form.bound(`v${i}`, i)),
      'let { memory, view } = out;',
      'if (base + bound > memory.length) {',
      `bound = ${size};`,
      ...each((form, i) => form.exact(`v${i}`, i)),
      'if (base + bound > memory.length) { grow(out, base, bound); ({ memory, view } = out); }',
      '}',
      `let end = ${size};`,
      ...each((form, i, _, offset) => form.write(`v${i}`, offset, i)),
    ],
  };
}

/**
 * Returns the source of `encode(input, out, base)`: it reads the members of the object, checks them, and writes the
 * record at `base` of the memory of `out`. It returns the size of the record.
 */
export function encodeSource(fields: readonly FieldModel[]): string {
  const { take, check, write } = recordSource(fields);
  return ['function encode(input, out, base) {', ...take, ...check, ...write, 'return end;', '}'].join('\n');
}

/** The steps of a field, as source. `v` is the variable with its value. */
export interface Writer {
  take(v: string, i: number): string;
  check(v: string, i: number): string;
  /** Adds the most bytes of the field's spans to `bound`. */
  bound(v: string, i: number): string;
  /** Adds the exact number. */
  exact(v: string, i: number): string;
  write(v: string, offset: number, i: number): string;
}

const same = (v: string): string => v;
const nothing = (): string => '';

/** Returns the steps of a field. */
export function writerOf(type: TypeModel): Writer {
  if (type.form === 'scalar') return scalarWriter(type.scalar);
  if (type.form === 'str')
    return {
      take: same,
      check: (v, i) => `if (typeof ${v} !== "string") refuse(${i}, ${v});`,
      bound: (v) => `bound += 3 * ${v}.length;`,
      exact: (v) => `bound += byteLength(${v});`,
      write: (v, offset, i) =>
        `{ const at = base + end, to = encodeUtf8(${v}, memory, at);
if (to < 0) refuse(${i}, ${v});
view.setUint32(base + ${offset}, to === at ? 0 : end, true);
view.setUint32(base + ${offset + 4}, to - at, true);
end += to - at; }`,
    };
  if (type.form === 'option' && type.value.form === 'scalar') return optionWriter(type.value.scalar);
  return otherWriter(sizeOf(type));
}

/** An option of a scalar. The value of an absent option is zero. */
function optionWriter(scalar: Scalar): Writer {
  const value = scalarWriter(scalar);
  const at = SCALAR_SIZE[scalar];
  const zero = ACCESSOR[scalar].startsWith('Big') ? '0n' : '0';
  const absent = (v: string): string => `${v} === undefined || ${v} === null`;
  return {
    ...value,
    check: (v, i) => `if (!(${absent(v)})) ${value.check(v, i)}`,
    write: (v, offset, i) =>
      `if (${absent(v)}) { view.setUint8(base + ${offset}, 0); view.set${ACCESSOR[scalar]}(base + ${offset + at}, ${zero}, true); }
else { view.setUint8(base + ${offset}, 1); ${value.write(v, offset + at, i)} }`,
  };
}

function scalarWriter(scalar: Scalar): Writer {
  const test = (v: string): string => SCALARS[scalar].source.replaceAll('$', () => v);
  const order = SCALAR_SIZE[scalar] > 1 ? ', true' : '';
  return {
    take: same,
    check: (v, i) => `if (!(${test(v)})) refuse(${i}, ${v});`,
    bound: nothing,
    exact: nothing,
    write: (v, offset) => {
      const stored = scalar === 'bool' ? `${v} ? 1 : 0` : v;
      return `view.set${ACCESSOR[scalar]}(base + ${offset}, ${stored}${order});`;
    },
  };
}

/** A field of any other type: its coder does the work. */
function otherWriter(size: number): Writer {
  return {
    take: (v, i) => `take(${i}, ${v})`,
    check: nothing,
    bound: (v, i) => `bound = extend(${i}, ${v}, bound);`,
    exact: (v, i) => `bound = extend(${i}, ${v}, bound);`,
    write: (v, offset, i) => `end = writeOther(${i}, ${v}, out, base, ${offset}, ${size}, end);`,
  };
}
