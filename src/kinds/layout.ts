/** The types of the fields of a C struct, and their values in JavaScript. */

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
 * The type of a field of a fixed size: a scalar, or a fixed-size array of scalars such as `f32[4]`.
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

/** The JavaScript value of each scalar type. */
export interface ScalarValue {
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

/** The JavaScript value of several scalars. */
export interface ArrayValue {
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
export type AcceptedArray<S extends Scalar> =
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

/**
 * The maximum size of the fixed part of a record in bytes. Records are for small values; larger ones are lists or
 * bytes.
 */
export const MAX_RECORD_SIZE = 2 ** 24;
