/**
 * Records: C structs that are the bytes of a call, and their layout. The rules are those of every 64-bit C
 * compiler that tenon supports. Fields have the order of their declaration. Each is at the next multiple of
 * its own alignment. The size is rounded up to the largest alignment. A record without fields has size 0: C
 * has no such struct, so its method takes no bytes. Padding is zero.
 */
import { invalidArgument } from '../base/errors.js';
import { isObject, readOptions } from '../base/options.js';

/**
 * The size of each scalar type in bytes, which is also its alignment. `bool` is the `bool` of C: one byte, 0
 * or 1.
 */
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

/** The name of a scalar type. */
export type Scalar = keyof typeof SCALAR_SIZE;

/**
 * The type of a field of a record: a scalar, or a fixed-size array of scalars such as `f32[4]`.
 *
 * | type | C | JavaScript |
 * | --- | --- | --- |
 * | `i8` `i16` `i32` | `int8_t` to `int32_t` | number |
 * | `u8` `u16` `u32` | `uint8_t` to `uint32_t` | number |
 * | `i64` `u64` | `int64_t` `uint64_t` | bigint |
 * | `f32` `f64` | `float` `double` | number |
 * | `bool` | `bool` | boolean |
 * | `u8[16]` | `uint8_t[16]` | any Uint8Array or an array as input, a Buffer as output |
 * | `bool[4]` | `bool[4]` | an array of booleans |
 * | `f32[4]`, others | `float[4]` | the typed array or an array as input, the typed array as output |
 *
 * An array has a fixed number of elements, which the input must match. The memory of an output array belongs
 * to the caller.
 */
export type FieldType = Scalar | `${Scalar}[${number}]`;

/**
 * The fields of a record: types by name, in the order of the C struct. A name is a letter or `_` and up to 62
 * more letters, digits or `_`. A record has at most 16 MiB.
 */
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

/**
 * The array types of an input field. An input array of `u8` may be any Uint8Array; an output array is a
 * Buffer.
 */
type AcceptedArray<S extends Scalar> =
  | (S extends 'u8' ? Uint8Array : ArrayValue[S])
  | readonly ScalarValue[S][];

/** The type of an input field of type `T`. */
export type FieldInput<T extends FieldType> = T extends Scalar
  ? ScalarValue[T]
  : T extends `${infer S extends Scalar}[${number}]`
    ? AcceptedArray<S>
    : never;

/** The type of an output field of type `T`. */
export type FieldOutput<T extends FieldType> = T extends Scalar
  ? ScalarValue[T]
  : T extends `${infer S extends Scalar}[${number}]`
    ? ArrayValue[S]
    : never;

/** The position of a field in a record. */
export interface FieldLayout {
  /** The name of the field. */
  readonly name: string;
  /** The scalar type of the field, or of its elements. */
  readonly scalar: Scalar;
  /** The number of elements of an array; null for a scalar. */
  readonly length: number | null;
  /** The distance from the beginning of the record, in bytes. */
  readonly offset: number;
  /** The size in bytes. For an array it is the size of the whole array. */
  readonly size: number;
}

/** The layout of a record. */
export interface Layout {
  /** The positions of the fields, in the order of their declaration. */
  readonly fields: readonly FieldLayout[];
  /** The size in bytes, including padding. */
  readonly size: number;
  /** The alignment in bytes; 1 for a record without fields. */
  readonly align: number;
}

/**
 * The maximum size of a record in bytes. Records are for small values; larger ones are passed as plain bytes.
 */
export const MAX_RECORD_SIZE = 2 ** 24;

const ARRAY_TYPE = /^([a-z]+\d*)\[([1-9]\d{0,7})\]$/;

/** Matches names that are valid both as a member of a C struct and in generated code. */
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/**
 * Computes the layout of the fields as a C compiler does. `argument` is the name of the record in error
 * messages.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT if a name or type is invalid
 */
export function layoutOf(fields: Fields, argument = 'fields'): Layout {
  if (!isObject(fields)) {
    throw invalidArgument(argument, "must be an object of field types, { a: 'i32' } for example");
  }
  const laidOut: FieldLayout[] = [];
  let end = 0;
  let align = 1;
  for (const [name, type] of Object.entries(readOptions(argument, fields))) {
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
      `has ${size} bytes, but a record has at most ${MAX_RECORD_SIZE}; use method.bytes()`,
    );
  }
  return { fields: laidOut, size, align };
}

function checkFieldName(argument: string, name: string): void {
  if (FIELD_NAME.test(name) && name !== '__proto__') return;
  const rule = 'the name of a field is a letter or _ and at most 62 more letters, digits or _';
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
