/**
 * Records: C structs that travel as the bytes of a call, and their layout. The rules are those of every 64-bit C compiler
 * that tenon supports: fields in the order in which they are declared, each at the next multiple of its own alignment, the
 * size rounded up to the largest alignment. A record without fields has size 0 (C knows no such struct: its method takes no
 * bytes). Padding is zero.
 */
import { invalidArgument } from '../base/errors.js';

/** Size of each scalar type in bytes, which is its alignment too. `bool` is C's `bool`: one byte, 0 or 1. */
export const SCALAR_SIZE = {
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
  bool: 1,
} as const;

export type Scalar = keyof typeof SCALAR_SIZE;

/** A type of a field: a scalar, or a fixed array of scalars as in `f32[4]`. */
export type FieldType = Scalar | `${Scalar}[${number}]`;

/** The fields of a record, in the order of the C struct. */
export type Fields = Readonly<Record<string, FieldType>>;

interface ScalarValue {
  i8: number;
  u8: number;
  i16: number;
  u16: number;
  i32: number;
  u32: number;
  i64: bigint;
  u64: bigint;
  f32: number;
  f64: number;
  bool: boolean;
}

interface ArrayValue {
  i8: Int8Array;
  u8: Buffer;
  i16: Int16Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  i64: BigInt64Array;
  u64: BigUint64Array;
  f32: Float32Array;
  f64: Float64Array;
  bool: boolean[];
}

/** An array of `u8` may come in as any Uint8Array; results are Buffers. */
type AcceptedArray<S extends Scalar> =
  | (S extends 'u8' ? Uint8Array : ArrayValue[S])
  | readonly ScalarValue[S][];

/** What a field of type `T` accepts. */
export type FieldInput<T extends FieldType> = T extends Scalar
  ? ScalarValue[T]
  : T extends `${infer S extends Scalar}[${number}]`
    ? AcceptedArray<S>
    : never;

/** What a field of type `T` gives. */
export type FieldOutput<T extends FieldType> = T extends Scalar
  ? ScalarValue[T]
  : T extends `${infer S extends Scalar}[${number}]`
    ? ArrayValue[S]
    : never;

/** Where a field lies. */
export interface FieldLayout {
  readonly name: string;
  readonly scalar: Scalar;
  /** Elements of an array, null for a scalar. */
  readonly length: number | null;
  /** In bytes from the beginning of the record. */
  readonly offset: number;
  /** In bytes, of the whole array for an array. */
  readonly size: number;
}

/** Where all fields lie. */
export interface Layout {
  readonly fields: readonly FieldLayout[];
  readonly size: number;
  /** 1 for a record without fields. */
  readonly align: number;
}

/** Records are for small things: larger ones go as plain bytes. */
export const MAX_RECORD_SIZE = 2 ** 24;

const ARRAY_TYPE = /^([a-z]+\d*)\[([1-9]\d{0,7})\]$/;

/** What can be a member of a C struct and stand in generated code. */
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/**
 * Lays out the fields as a C compiler does.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT for a name or type that is none; `argument` is what its message calls the record
 */
export function layoutOf(fields: Fields, argument = 'fields'): Layout {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw invalidArgument(argument, "must be an object of field types, { a: 'i32' } for example");
  }
  const laidOut: FieldLayout[] = [];
  let end = 0;
  let align = 1;
  for (const [name, type] of Object.entries(fields)) {
    checkFieldName(argument, name);
    const { scalar, length } = parseType(`${argument}.${name}`, type);
    const unit = SCALAR_SIZE[scalar];
    const field = { name, scalar, length, offset: roundUp(end, unit), size: unit * (length ?? 1) };
    laidOut.push(field);
    end = field.offset + field.size;
    align = Math.max(align, unit);
  }
  const size = roundUp(end, align);
  if (size > MAX_RECORD_SIZE) {
    throw invalidArgument(
      argument,
      `has ${size} bytes, at most ${MAX_RECORD_SIZE} are possible; use a method of plain bytes`,
    );
  }
  return { fields: laidOut, size, align };
}

function checkFieldName(argument: string, name: string): void {
  if (FIELD_NAME.test(name) && name !== '__proto__') return;
  const rule = 'a field is named by a letter or _ and at most 62 more letters, digits or _';
  throw invalidArgument(argument, `has a field ${JSON.stringify(name)}, but ${rule}`);
}

function parseType(argument: string, type: unknown): { scalar: Scalar; length: number | null } {
  if (typeof type === 'string') {
    if (isScalar(type)) return { scalar: type, length: null };
    const [, element = '', length = ''] = ARRAY_TYPE.exec(type) ?? [];
    if (isScalar(element)) return { scalar: element, length: Number(length) };
  }
  const scalars = Object.keys(SCALAR_SIZE).join(', ');
  const found = typeof type === 'string' ? JSON.stringify(type) : typeof type;
  throw invalidArgument(
    argument,
    `must be one of ${scalars}, or an array of them such as 'f32[4]', not ${found}`,
  );
}

function isScalar(type: string): type is Scalar {
  return Object.hasOwn(SCALAR_SIZE, type);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
