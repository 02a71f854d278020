/** Arrays of scalars: what users may pass for them, read once and checked. */
import { types } from 'node:util';
import { requirePlainMemory } from '../base/bytes.js';
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import type { Scalar } from './layout.js';
import { arrayClass, newArray, SCALARS, type View } from './scalars.js';

/** Returns the place of a value in an argument, for messages. It is called only for values that do not fit. */
export type Place = () => string;

/**
 * Converts a plain array to a typed array, and reads each element once. Leaves other values to
 * {@link checkArray}. `length` is the number of elements; null for any number.
 */
export function takeArray(at: Place, scalar: Scalar, length: number | null, value: unknown): unknown {
  if (!Array.isArray(value)) {
    if (scalar === 'bool') throw wrongArray(at, scalar, length, value);
    return value;
  }
  const count: number = value.length;
  if (length !== null && count !== length) throw wrongLength(at, length, count);
  const { accepts, expected } = SCALARS[scalar];
  const elements = newArray(scalar, count);
  for (let i = 0; i < count; i++) {
    const element: unknown = value[i];
    if (!accepts(element))
      throw invalidArgument(`${at()}[${i}]`, `must be ${expected}, not ${shown(element)}`);
    store(elements, i, scalar === 'bool' ? Number(element) : element);
  }
  return elements;
}

/** Refuses everything but a typed array of the scalar over ordinary memory. Runs no code of the user. */
export function checkArray(
  at: Place,
  scalar: Scalar,
  length: number | null,
  value: unknown,
): asserts value is View {
  if (!types.isTypedArray(value) || classOf(value) !== arrayClass(scalar))
    throw wrongArray(at, scalar, length, value);
  requirePlainMemory(at(), value);
  if (length !== null && lengthOf(value) !== length) throw wrongLength(at, length, lengthOf(value));
}

/** Stores a value in a view of numbers or bigints. The value has been checked, so it fits. */
export function store(view: View, index: number, value: unknown): void {
  (view as { [index: number]: unknown })[index] = value;
}

/** The accessors of the typed array prototype, which ignore properties that the user added to the array. */
const typedArray = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(Int8Array.prototype)) as {
  readonly length: PropertyDescriptor;
  readonly buffer: PropertyDescriptor;
  readonly byteOffset: PropertyDescriptor;
  readonly byteLength: PropertyDescriptor;
  readonly [Symbol.toStringTag]: PropertyDescriptor;
};

/** Returns the number of elements. */
export function lengthOf(value: NodeJS.TypedArray): number {
  return typedArray.length.get?.call(value);
}

/** Returns a view of the bytes of a typed array. */
export function bytesOf(value: NodeJS.TypedArray): Uint8Array {
  const memory: ArrayBuffer = typedArray.buffer.get?.call(value);
  return new Uint8Array(
    memory,
    typedArray.byteOffset.get?.call(value),
    typedArray.byteLength.get?.call(value),
  );
}

function classOf(value: NodeJS.TypedArray): string {
  return typedArray[Symbol.toStringTag].get?.call(value);
}

function wrongArray(at: Place, scalar: Scalar, length: number | null, value: unknown): Error {
  const accepted = scalar === 'bool' ? 'an array of true and false' : `a ${arrayClass(scalar)} or an array`;
  const size = length === null ? '' : ` with ${length} elements`;
  return invalidArgument(at(), `must be ${accepted}${size}, not ${shown(value)}`);
}

function wrongLength(at: Place, length: number, found: number): Error {
  return invalidArgument(at(), `must have ${length} elements, not ${found}`);
}
