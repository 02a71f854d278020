/** The coders of strings, bytes, lists and unions: types with spans. */
import { requireBytes } from '../base/bytes.js';
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import { bytesOf, checkArray, lengthOf, takeArray } from './arrays.js';
import {
  type Coder,
  extended,
  type MessageInput,
  type MessageOutput,
  type Path,
  roundUp,
  writeSpan,
} from './coder.js';
import { SCALAR_SIZE, type Scalar } from './layout.js';
import type { UnionType } from './model.js';
import { indexNames, readScalars, takeMember } from './scalar-coders.js';
import { decodeUtf8, isWellFormed } from './utf8.js';

const SPAN = { size: 8, align: 4, spans: true } as const;

/** Reserves the next aligned `bytes` bytes behind the spans that were written, and returns where they begin. */
function reserve(out: MessageOutput, align: number, bytes: number): number {
  if (bytes === 0) return 0;
  const start = roundUp(out.end, align);
  out.end = start + bytes;
  return start;
}

export const strCoder: Coder = {
  ...SPAN,
  take: (value, path) => {
    if (typeof value !== 'string')
      throw invalidArgument(path.toString(), `must be a string, not ${shown(value)}`);
    if (isWellFormed(value)) return value;
    throw invalidArgument(path.toString(), 'must not have a lone surrogate, which UTF-8 cannot represent');
  },
  extend: (taken, end, path) => extended(path, end, 1, Buffer.byteLength(taken as string)),
  write: (taken, out, at) => {
    const start = out.end;
    out.end += out.memory.write(taken as string, start);
    writeSpan(out, at, start, out.end - start);
  },
  read: (input, at) => {
    const start = input.span(at, 1, 1);
    const text = decodeUtf8(input.memory, start, start + input.u32(at + 4));
    return text ?? input.malformed('is not UTF-8');
  },
};

export const bytesCoder: Coder = {
  ...SPAN,
  take: (value) => value,
  extend: (taken, end, path) => {
    requireBytes(path.toString(), taken);
    return extended(path, end, 1, lengthOf(taken));
  },
  write: (taken, out, at) => {
    const bytes = bytesOf(taken as Uint8Array);
    const start = reserve(out, 1, bytes.length);
    out.memory.set(bytes, start);
    writeSpan(out, at, start, bytes.length);
  },
  read: (input, at) => {
    const start = input.span(at, 1, 1);
    return Buffer.from(input.memory.subarray(start, start + input.u32(at + 4)));
  },
};

/** Lists of scalars, which are typed arrays. */
export function scalarListCoder(scalar: Scalar): Coder {
  const size = SCALAR_SIZE[scalar];
  return {
    ...SPAN,
    take: (value, path) => takeArray(() => path.toString(), scalar, null, value),
    extend: (taken, end, path) => {
      checkArray(() => path.toString(), scalar, null, taken);
      return extended(path, end, size, lengthOf(taken) * size);
    },
    write: (taken, out, at) => {
      const bytes = bytesOf(taken as NodeJS.TypedArray);
      const start = reserve(out, size, bytes.length);
      out.memory.set(bytes, start);
      writeSpan(out, at, start, bytes.length / size);
    },
    read: (input, at) => {
      const start = input.span(at, size, size);
      return readScalars(input, start, scalar, input.u32(at + 4));
    },
  };
}

/** Lists of anything else. */
export function listCoder(element: Coder): Coder {
  const { size, align } = element;
  return {
    ...SPAN,
    take: (value, path) => takeList(element, value, path),
    extend: (taken, end, path) => {
      const elements = taken as readonly unknown[];
      const next = extended(path, end, align, elements.length * size);
      return eachEnd(element, elements, next, path);
    },
    write: (taken, out, at) => {
      const elements = taken as readonly unknown[];
      const start = reserve(out, align, elements.length * size);
      writeSpan(out, at, start, elements.length);
      for (let i = 0; i < elements.length; i++) element.write(elements[i], out, start + i * size);
    },
    read: (input, at) => {
      const start = input.span(at, size, align);
      return readList(element, input, start, input.u32(at + 4));
    },
  };
}

function takeList(element: Coder, value: unknown, path: Path): unknown[] {
  if (!Array.isArray(value)) throw invalidArgument(path.toString(), `must be an array, not ${shown(value)}`);
  const count: number = value.length;
  // Before they are read: a proxy may claim any number of elements.
  extended(path, 0, 1, count * element.size);
  const taken: unknown[] = [];
  for (let i = 0; i < count; i++) {
    path.push(i);
    taken.push(element.take(value[i], path));
    path.pop();
  }
  return taken;
}

function eachEnd(element: Coder, elements: readonly unknown[], from: number, path: Path): number {
  let end = from;
  for (let i = 0; i < elements.length; i++) {
    path.push(i);
    end = element.extend(elements[i], end, path);
    path.pop();
  }
  return end;
}

function readList(element: Coder, input: MessageInput, start: number, count: number): unknown[] {
  const list: unknown[] = [];
  for (let i = 0; i < count; i++) {
    input.path.push(i);
    list.push(element.read(input, start + i * element.size));
    input.path.pop();
  }
  return list;
}

/** A union member that was read from the user. */
interface TakenMember {
  readonly index: number;
  readonly value: unknown;
}

/** `coders` has the coder of each member, and null for one without a value. */
export function unionCoder(type: UnionType, coders: readonly (Coder | null)[]): Coder {
  const names = indexNames({ open: false, members: type.members }, 0);
  const coderOf = (taken: unknown): Coder | null => coders[(taken as TakenMember).index] ?? null;
  return {
    ...SPAN,
    size: 12,
    take: (value, path): TakenMember => {
      if (typeof value !== 'object' || value === null)
        throw invalidArgument(path.toString(), `must be an object with the member tag, not ${shown(value)}`);
      const given = value as { readonly tag: unknown; readonly value: unknown };
      path.push('tag');
      const index = takeMember(names, given.tag, path);
      path.pop();
      const coder = coders[index] ?? null;
      return { index, value: coder === null ? undefined : within(path, () => coder.take(given.value, path)) };
    },
    extend: (taken, end, path) => {
      const coder = coderOf(taken);
      if (coder === null) return end;
      const next = extended(path, end, coder.align, coder.size);
      return within(path, () => coder.extend((taken as TakenMember).value, next, path));
    },
    write: (taken, out, at) => {
      const { index, value } = taken as TakenMember;
      const coder = coderOf(taken);
      out.view.setUint32(at, index, true);
      if (coder === null) return;
      const start = reserve(out, coder.align, coder.size);
      writeSpan(out, at + 4, start, coder.size);
      coder.write(value, out, start);
    },
    read: (input, at) => readUnion(type, coders, input, at),
  };
}

function readUnion(
  type: UnionType,
  coders: readonly (Coder | null)[],
  input: MessageInput,
  at: number,
): { tag: string | number; value?: unknown } {
  const index = input.u32(at);
  const length = input.u32(at + 8);
  const member = type.members[index];
  if (member === undefined) {
    if (!type.open) input.malformed(`is member ${index}, but there are ${type.members.length}`);
    input.span(at + 4, 1, 1);
    return { tag: index };
  }
  const coder = coders[index] ?? null;
  const size = coder?.size ?? 0;
  if (length !== size) input.malformed(`has a value of ${length} bytes, but ${member.name} has ${size}`);
  const start = input.span(at + 4, 1, coder?.align ?? 1);
  if (coder === null) return { tag: member.name };
  return { tag: member.name, value: within(input.path, () => coder.read(input, start)) };
}

function within<T>(path: Path, work: () => T): T {
  path.push('value');
  const result = work();
  path.pop();
  return result;
}
