/** The accessors of the fields of flat records, where generated code does not access them itself. */
import { kindOf } from '../base/bytes.js';
import { invalidArgument } from '../base/errors.js';
import { checkArray, type Place, store, takeArray } from './arrays.js';
import type { FieldLayout } from './flat-layout.js';
import { SCALAR_SIZE, type Scalar } from './layout.js';
import { SCALARS, type View } from './scalars.js';

/** Views of each type over the same memory. */
export type Views = Readonly<Record<Scalar, View>>;

/** The accessors of a field in pinned memory. */
export interface Port {
  readonly name: string;
  /** Converts the input value to one that `check` and `write` accept. May run code of the user. */
  readonly take: (value: unknown) => unknown;
  /** Refuses a value that does not fit. Runs no code of the user. */
  readonly check: (value: unknown) => void;
  /** Stores a checked value. */
  readonly write: (value: unknown) => void;
  /** Reads the field as a value that belongs to the caller. */
  readonly read: () => unknown;
}

/** Returns the accessors of a field. `badBool` throws the error for a bool that is neither 0 nor 1. */
export function portOf(field: FieldLayout, views: Views, place: string, badBool: () => never): Port {
  const at = (): string => memberOf(place, field.name);
  return field.length === null
    ? scalarPort(field, views[field.scalar], at, badBool)
    : arrayPort(field, field.length, views[field.scalar], at, badBool);
}

function scalarPort(field: FieldLayout, view: View, at: Place, badBool: () => never): Port {
  const { name, scalar } = field;
  const index = indexOf(field);
  const { accepts, expected } = SCALARS[scalar];
  return {
    name,
    take: (value) => value,
    check: (value) => {
      if (!accepts(value)) throw invalidArgument(at(), `must be ${expected}, not ${show(value)}`);
    },
    write: (value) => store(view, index, scalar === 'bool' ? Number(value) : value),
    read: () => (scalar === 'bool' ? boolOf(view[index], badBool) : view[index]),
  };
}

function arrayPort(field: FieldLayout, length: number, view: View, at: Place, badBool: () => never): Port {
  const { name, scalar } = field;
  const index = indexOf(field);
  const end = index + length;
  return {
    name,
    take: (value) => takeArray(at, scalar, length, value),
    check: (value) => checkArray(at, scalar, length, value),
    write: (value) => copyInto(view, index, value as View, length),
    read: () => {
      if (scalar === 'bool')
        return Array.from(view.subarray(index, end) as Uint8Array, (value) => boolOf(value, badBool));
      return scalar === 'u8' ? Buffer.from(view.subarray(index, end) as Uint8Array) : view.slice(index, end);
    },
  };
}

function boolOf(value: unknown, bad: () => never): boolean {
  return value === 1 || (value === 0 ? false : bad());
}

/** The number of elements up to which a loop is faster than `set`. */
const SHORT = 32;

function copyInto(view: View, index: number, elements: View, length: number): void {
  if (length > SHORT) (view as Uint8Array).set(elements as Uint8Array, index);
  else for (let i = 0; i < length; i++) store(view, index + i, elements[i]);
}

/**
 * Returns the index of a field in its typed array. It is an integer because fields are aligned to their own
 * size.
 */
export function indexOf(field: FieldLayout): number {
  return field.offset / SCALAR_SIZE[field.scalar];
}

/** Formats a refused value for a message. */
export function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return value.toString().length > 40 ? 'a larger bigint' : `${value}n`;
  return typeof value === 'string' ? `the string ${JSON.stringify(value.slice(0, 40))}` : kindOf(value);
}

/** Returns the place of a member in messages. */
export function memberOf(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}
