/**
 * The rules of the scalar types of a record: the values that each accepts, and the typed array that stores
 * it.
 */
import type { Scalar } from './layout.js';

/**
 * The rule of one scalar type. It has the same condition twice: as a function, and as source text for
 * generated code. A test compares the two.
 */
export interface ScalarRule {
  /** Returns whether the value can be stored unchanged, except for the rounding of f32. */
  readonly accepts: (value: unknown) => boolean;
  /** The same condition as an expression of `$`. */
  readonly source: string;
  /** The accepted values, in words. */
  readonly expected: string;
}

/** The lowest number that is closer to infinity than to the largest f32. */
const F32_LIMIT = 2 ** 128 - 2 ** 103;

const isI8 = (value: unknown) => typeof value === 'number' && (value << 24) >> 24 === value;
const isU8 = (value: unknown) => typeof value === 'number' && (value & 0xff) === value;
const isI16 = (value: unknown) => typeof value === 'number' && (value << 16) >> 16 === value;
const isU16 = (value: unknown) => typeof value === 'number' && (value & 0xffff) === value;
const isI32 = (value: unknown) => typeof value === 'number' && (value | 0) === value;
const isU32 = (value: unknown) => typeof value === 'number' && value >>> 0 === value;
const isI64 = (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value;
const isU64 = (value: unknown) => typeof value === 'bigint' && BigInt.asUintN(64, value) === value;
const isF64 = (value: unknown) => typeof value === 'number';
const isBool = (value: unknown) => typeof value === 'boolean';
const isF32 = (value: unknown) =>
  typeof value === 'number' && ((value < F32_LIMIT && value > -F32_LIMIT) || !Number.isFinite(value));

/** The rules of all scalar types. */
export const SCALARS: Readonly<Record<Scalar, ScalarRule>> = {
  i8: { accepts: isI8, source: number('($ << 24 >> 24) === $'), expected: integer('-128', '127') },
  u8: { accepts: isU8, source: number('($ & 0xff) === $'), expected: integer('0', '255') },
  i16: { accepts: isI16, source: number('($ << 16 >> 16) === $'), expected: integer('-32768', '32767') },
  u16: { accepts: isU16, source: number('($ & 0xffff) === $'), expected: integer('0', '65535') },
  i32: { accepts: isI32, source: number('($ | 0) === $'), expected: integer('-2147483648', '2147483647') },
  u32: { accepts: isU32, source: number('($ >>> 0) === $'), expected: integer('0', '4294967295') },
  i64: {
    accepts: isI64,
    source: bigint('BigInt.asIntN(64, $) === $'),
    expected: 'a bigint from -(2n ** 63n) to 2n ** 63n - 1n',
  },
  u64: {
    accepts: isU64,
    source: bigint('BigInt.asUintN(64, $) === $'),
    expected: 'a bigint from 0n to 2n ** 64n - 1n',
  },
  f32: {
    accepts: isF32,
    source: number(`($ < ${F32_LIMIT} && $ > -${F32_LIMIT} || !Number.isFinite($))`),
    expected: 'a number within the range of f32',
  },
  f64: { accepts: isF64, source: "typeof $ === 'number'", expected: 'a number' },
  bool: { accepts: isBool, source: "typeof $ === 'boolean'", expected: 'true or false' },
};

function number(condition: string): string {
  return `typeof $ === 'number' && ${condition}`;
}

function bigint(condition: string): string {
  return `typeof $ === 'bigint' && ${condition}`;
}

function integer(from: string, to: string): string {
  return `an integer from ${from} to ${to}`;
}

/** A typed array of numbers. */
export type NumberView =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;
/** A typed array that stores a scalar. No array holds both numbers and bigints. */
export type View = NumberView | BigInt64Array | BigUint64Array;

/** Returns the typed array of a scalar over all whole elements of `memory`. */
export function viewOf(scalar: Scalar, memory: ArrayBuffer): View {
  const { constructor: Type, size } = VIEWS[scalar];
  return new Type(memory, 0, Math.floor(memory.byteLength / size));
}

/** Returns a new typed array of a scalar. */
export function newArray(scalar: Scalar, length: number): View {
  const { constructor: Type } = VIEWS[scalar];
  return new Type(length);
}

/** Returns the class name of a scalar's typed array. */
export function arrayClass(scalar: Scalar): string {
  return VIEWS[scalar].constructor.name;
}

interface ViewType {
  readonly size: number;
  readonly constructor: (new (
    length: number,
  ) => View) &
    (new (
      memory: ArrayBuffer,
      at: number,
      length: number,
    ) => View);
}

const VIEWS: Readonly<Record<Scalar, ViewType>> = {
  i8: { size: 1, constructor: Int8Array },
  u8: { size: 1, constructor: Uint8Array },
  i16: { size: 2, constructor: Int16Array },
  u16: { size: 2, constructor: Uint16Array },
  i32: { size: 4, constructor: Int32Array },
  u32: { size: 4, constructor: Uint32Array },
  i64: { size: 8, constructor: BigInt64Array },
  u64: { size: 8, constructor: BigUint64Array },
  f32: { size: 4, constructor: Float32Array },
  f64: { size: 8, constructor: Float64Array },
  bool: { size: 1, constructor: Uint8Array },
};
