/**
 * Encoding and decoding of records by their model; wire.ts describes the bytes. This is the plain form, which
 * needs no generated code.
 */
import { invalidArgument, TenonError, unreadable } from '../base/errors.js';
import { shown } from '../base/options.js';
import { type Coder, MessageInput, type MessageOutput, Path } from './coder.js';
import type { FieldModel, TypeModel } from './model.js';
import { arrayCoder, enumCoder, flagsCoder, scalarCoder } from './scalar-coders.js';
import { bytesCoder, listCoder, scalarListCoder, strCoder, unionCoder } from './span-coders.js';
import { optionOffset, place, sizeOf } from './wire.js';

/**
 * Encodes a record. `at` is the place of the record in messages, for example `text.find`.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT for a value that does not fit; `argument` is its place
 */
export function encode(fields: readonly FieldModel[], value: unknown, at = ''): Buffer {
  const coder = recordCoder(fields);
  const path = new Path(at);
  const taken = takeFrom(coder, value, path);
  const memory = Buffer.alloc(coder.extend(taken, coder.size, path));
  writeTo(coder, taken, memory);
  return memory;
}

/**
 * Decodes a record.
 * @throws TenonError ERR_TENON_CONTRACT for bytes that are not such a record
 */
export function decode(fields: readonly FieldModel[], bytes: Uint8Array, at = ''): Record<string, unknown> {
  return decodeWith(fields, bytes, at, (problem) => {
    throw new TenonError('ERR_TENON_CONTRACT', `Cannot decode the record: ${problem}.`);
  });
}

/** Decodes a record, and calls `refuse` for bytes that are not such a record. */
export function decodeWith(
  fields: readonly FieldModel[],
  bytes: Uint8Array,
  at: string,
  refuse: (problem: string) => never,
): Record<string, unknown> {
  const coder = recordCoder(fields);
  const memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fits = coder.spans ? memory.length >= coder.size : memory.length === coder.size;
  if (!fits) {
    const least = coder.spans ? 'at least ' : '';
    refuse(
      `it has ${memory.length} bytes, but the record of ${at || 'the method'} has ${least}${coder.size}`,
    );
  }
  return coder.read(new MessageInput(memory, coder.size, new Path(at), refuse), 0) as Record<string, unknown>;
}

function takeFrom(coder: Coder, value: unknown, path: Path): unknown {
  try {
    return coder.take(value, path);
  } catch (cause) {
    throw unreadable(path.toString(), cause);
  }
}

function writeTo(coder: Coder, taken: unknown, memory: Buffer): void {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const out: MessageOutput = { memory, view, end: coder.size };
  coder.write(taken, out, 0);
}

/** The coders of records. Fields are not changed after they were checked. */
const known = new WeakMap<readonly FieldModel[], Coder>();

/** Returns the coder of a record. */
export function recordCoder(fields: readonly FieldModel[]): Coder {
  let coder = known.get(fields);
  if (coder === undefined) {
    coder = makeRecordCoder(fields);
    known.set(fields, coder);
  }
  return coder;
}

/** Returns the coder of a type. */
export function coderOf(type: TypeModel): Coder {
  switch (type.form) {
    case 'scalar':
      return scalarCoder(type.scalar);
    case 'array':
      return arrayCoder(type.scalar, type.length);
    case 'str':
      return strCoder;
    case 'bytes':
      return bytesCoder;
    case 'list':
      return type.element.form === 'scalar'
        ? scalarListCoder(type.element.scalar)
        : listCoder(coderOf(type.element));
    case 'option':
      return optionCoder(coderOf(type.value), sizeOf(type), optionOffset(type.value));
    case 'record':
      return recordCoder(type.fields);
    case 'enum':
      return enumCoder(type);
    case 'flags':
      return flagsCoder(type);
    case 'union':
      return unionCoder(
        type,
        type.members.map((member) => (member.type === null ? null : coderOf(member.type))),
      );
  }
}

function optionCoder(value: Coder, size: number, offset: number): Coder {
  return {
    size,
    align: value.align,
    spans: value.spans,
    take: (given, path) => (given === undefined || given === null ? undefined : value.take(given, path)),
    extend: (taken, end, path) => (taken === undefined ? end : value.extend(taken, end, path)),
    write: (taken, out, at) => {
      if (taken === undefined) return;
      out.view.setUint8(at, 1);
      value.write(taken, out, at + offset);
    },
    read: (input, at) => {
      const present = input.view.getUint8(at);
      if (present > 1) input.malformed(`is an option whose bool is ${present}, expected 0 or 1`);
      return present === 0 ? undefined : value.read(input, at + offset);
    },
  };
}

interface MemberCoder {
  readonly name: string;
  readonly offset: number;
  readonly coder: Coder;
}

function makeRecordCoder(fields: readonly FieldModel[]): Coder {
  const { size, align, fields: placed } = place(fields);
  const members: MemberCoder[] = placed.map(({ field, offset }) => ({
    name: field.name,
    offset,
    coder: coderOf(field.type),
  }));
  return {
    size,
    align,
    spans: members.some(({ coder }) => coder.spans),
    take: (value, path) => {
      if (members.length === 0) return [];
      if (typeof value !== 'object' || value === null) refuseNoRecord(fields, value, path);
      return takeMembers(members, value as Readonly<Record<string, unknown>>, path);
    },
    extend: (taken, end, path) => extendMembers(members, taken as readonly unknown[], end, path),
    write: (taken, out, at) => {
      members.forEach(({ coder, offset }, i) => {
        coder.write((taken as readonly unknown[])[i], out, at + offset);
      });
    },
    read: (input, at) => readMembers(members, input, at),
  };
}

function takeMembers(
  members: readonly MemberCoder[],
  value: Readonly<Record<string, unknown>>,
  path: Path,
): unknown[] {
  return members.map(({ name, coder }) => {
    path.push(name);
    const taken = coder.take(value[name], path);
    path.pop();
    return taken;
  });
}

function extendMembers(
  members: readonly MemberCoder[],
  taken: readonly unknown[],
  from: number,
  path: Path,
): number {
  let end = from;
  members.forEach(({ name, coder }, i) => {
    path.push(name);
    end = coder.extend(taken[i], end, path);
    path.pop();
  });
  return end;
}

function readMembers(
  members: readonly MemberCoder[],
  input: MessageInput,
  at: number,
): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const { name, coder, offset } of members) {
    input.path.push(name);
    record[name] = coder.read(input, at + offset);
    input.path.pop();
  }
  return record;
}

/** Throws the error for a value that is not an object. */
export function refuseNoRecord(fields: readonly FieldModel[], value: unknown, path: Path): never {
  const names = fields.map(({ name }) => name).join(', ');
  throw invalidArgument(path.toString(), `must be an object with the members ${names}, not ${shown(value)}`);
}
