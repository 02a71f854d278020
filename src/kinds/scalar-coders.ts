/** The coders of types without spans: scalars, arrays, enums and flags. */
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import { bytesOf, checkArray, takeArray } from './arrays.js';
import type { Coder, MessageInput, MessageOutput, Path } from './coder.js';
import { SCALAR_SIZE, type Scalar } from './layout.js';
import { LIMITS, type NamesType } from './model.js';
import { newArray, SCALARS } from './scalars.js';

interface Access {
  readonly get: (view: DataView, at: number) => unknown;
  readonly set: (view: DataView, at: number, value: never) => void;
}

const ACCESS: Readonly<Record<Scalar, Access>> = {
  i8: { get: (view, at) => view.getInt8(at), set: (view, at, value) => view.setInt8(at, value) },
  u8: { get: (view, at) => view.getUint8(at), set: (view, at, value) => view.setUint8(at, value) },
  i16: { get: (view, at) => view.getInt16(at, true), set: (view, at, v) => view.setInt16(at, v, true) },
  u16: { get: (view, at) => view.getUint16(at, true), set: (view, at, v) => view.setUint16(at, v, true) },
  i32: { get: (view, at) => view.getInt32(at, true), set: (view, at, v) => view.setInt32(at, v, true) },
  u32: { get: (view, at) => view.getUint32(at, true), set: (view, at, v) => view.setUint32(at, v, true) },
  i64: { get: (view, at) => view.getBigInt64(at, true), set: (view, at, v) => view.setBigInt64(at, v, true) },
  u64: {
    get: (view, at) => view.getBigUint64(at, true),
    set: (view, at, v) => view.setBigUint64(at, v, true),
  },
  f32: { get: (view, at) => view.getFloat32(at, true), set: (view, at, v) => view.setFloat32(at, v, true) },
  f64: { get: (view, at) => view.getFloat64(at, true), set: (view, at, v) => view.setFloat64(at, v, true) },
  bool: { get: (view, at) => view.getUint8(at) !== 0, set: (view, at, v) => view.setUint8(at, Number(v)) },
};

/** The members of a coder without spans. */
const FLAT = { spans: false, extend: (_: unknown, end: number) => end } as const;

export function scalarCoder(scalar: Scalar): Coder {
  const { accepts, expected } = SCALARS[scalar];
  const { get, set } = ACCESS[scalar];
  const size = SCALAR_SIZE[scalar];
  return {
    ...FLAT,
    size,
    align: size,
    take: (value, path) => {
      if (accepts(value)) return value;
      throw invalidArgument(path.toString(), `must be ${expected}, not ${shown(value)}`);
    },
    write: (taken, out, at) => set(out.view, at, taken as never),
    read: (input, at) => {
      if (scalar === 'bool') checkBools(input, at, 1);
      return get(input.view, at);
    },
  };
}

/** Arrays of a fixed number of scalars. */
export function arrayCoder(scalar: Scalar, length: number): Coder {
  const align = SCALAR_SIZE[scalar];
  return {
    size: align * length,
    align,
    spans: false,
    take: (value, path) => takeArray(() => path.toString(), scalar, length, value),
    extend: (taken, end, path) => {
      checkArray(() => path.toString(), scalar, length, taken);
      return end;
    },
    write: (taken, out, at) => out.memory.set(bytesOf(taken as NodeJS.TypedArray), at),
    read: (input, at) => readScalars(input, at, scalar, length),
  };
}

/** Reads scalars as an array that belongs to the caller. */
export function readScalars(input: MessageInput, at: number, scalar: Scalar, length: number): unknown {
  const bytes = input.memory.subarray(at, at + length * SCALAR_SIZE[scalar]);
  if (scalar === 'u8') return Buffer.from(bytes);
  if (scalar === 'bool') {
    checkBools(input, at, length);
    return Array.from(bytes, Boolean);
  }
  const array = newArray(scalar, length);
  new Uint8Array(array.buffer).set(bytes);
  return array;
}

function checkBools(input: MessageInput, at: number, length: number): void {
  for (let i = at; i < at + length; i++) {
    const found = input.memory[i] as number;
    if (found > 1) input.malformed(`has a bool that is ${found}, expected 0 or 1`);
  }
}

/** The index of a member, of which an open type also has unknown ones. */
export function takeMember(names: NameIndex, value: unknown, path: Path): number {
  const index = typeof value === 'string' ? names.index.get(value) : value;
  const { open, members } = names.type;
  if (typeof index === 'number') {
    if (typeof value === 'string') return index;
    if (open && Number.isInteger(index) && index >= members.length && index <= names.last) return index;
  }
  const known = members.map(({ name }) => JSON.stringify(name)).join(', ');
  const others = open ? `, or the number of an unknown member (from ${members.length})` : '';
  throw invalidArgument(path.toString(), `must be one of ${known}${others}, not ${shown(value)}`);
}

/** The members of an enum, flags or union by name. */
export interface NameIndex {
  readonly type: { readonly open: boolean; readonly members: readonly { readonly name: string }[] };
  readonly index: ReadonlyMap<string, number>;
  /** The largest number of a member. */
  readonly last: number;
}

export function indexNames(type: NameIndex['type'], last: number): NameIndex {
  return { type, index: new Map(type.members.map(({ name }, i) => [name, i])), last };
}

const WORD = { ...FLAT, size: 4, align: 4 } as const;
const writeWord = (taken: unknown, out: MessageOutput, at: number): void => {
  out.view.setUint32(at, taken as number, true);
};

export function enumCoder(type: NamesType): Coder {
  const names = indexNames(type, 2 ** 32 - 1);
  return {
    ...WORD,
    take: (value, path) => takeMember(names, value, path),
    write: writeWord,
    read: (input, at) => {
      const index = input.u32(at);
      const member = type.members[index];
      if (member !== undefined) return member.name;
      if (!type.open) input.malformed(`is member ${index}, but there are ${type.members.length}`);
      return index;
    },
  };
}

export function flagsCoder(type: NamesType): Coder {
  const names = indexNames(type, LIMITS.flags - 1);
  return {
    ...WORD,
    take: (value, path) => takeFlags(names, value, path),
    write: writeWord,
    read: (input, at) => {
      const bits = input.u32(at);
      const set: (string | number)[] = [];
      for (let bit = 0; bit < LIMITS.flags; bit++) {
        if (((bits >>> bit) & 1) === 0) continue;
        const member = type.members[bit];
        if (member === undefined && !type.open)
          input.malformed(`has bit ${bit}, but there are ${type.members.length} flags`);
        set.push(member?.name ?? bit);
      }
      return set;
    },
  };
}

function takeFlags(names: NameIndex, value: unknown, path: Path): number {
  if (!Array.isArray(value))
    throw invalidArgument(path.toString(), `must be an array of the flags that are set, not ${shown(value)}`);
  const count: number = value.length;
  let bits = 0;
  for (let i = 0; i < count; i++) {
    path.push(i);
    bits |= 1 << takeMember(names, value[i], path);
    path.pop();
  }
  return bits >>> 0;
}
