/**
 * The encoding of a kind's values: sizes, offsets, and the hashes by which two sides find out that they agree.
 *
 * A message is a record: the fixed part of its fields, laid out as a C struct, then a tail. All numbers are
 * little-endian. `at` counts bytes from the beginning of the message.
 *
 * | type | fixed part | alignment |
 * | --- | --- | --- |
 * | scalar, `T[n]` | itself | its own |
 * | record | its fields | the largest of its fields |
 * | enum | u32, the index of the member | 4 |
 * | flags | u32, bit i for member i | 4 |
 * | option(T) | bool, then T; T is all zero if it is absent | that of T |
 * | str, bytes | span { u32 at, u32 len }, `len` in bytes | 4 |
 * | list(T) | span { u32 at, u32 len }, `len` in elements | 4 |
 * | union | u32, the index of the member, then span { u32 at, u32 len }: the value's fixed part | 4 |
 *
 * The spans of a message are visited depth first, in the order of the fields: first the span, then the spans
 * inside what it refers to. A span of length 0 has `at` 0. For any other, `at` is a multiple of the alignment of its
 * elements (1 for str and bytes), not below the end of the span visited before it (the fixed part, for the
 * first), and its end is not beyond the message. So no two spans overlap, and one pass with one running end checks
 * everything. Bytes between and behind spans have no meaning, and are zero.
 *
 * A `str` is UTF-8 without surrogates; it may contain NUL. A bool is 0 or 1. A member of a closed enum, union or
 * flags is one of those that the kind lists. The reader checks all of that.
 *
 * A union member without a value has length 0. `len` of a member that the reader knows is exactly the size of its
 * fixed part. Of one that it does not know (`open` only), it skips `len` bytes, and the rest of that member's
 * tail with them: `len` then says only where the value begins and how long its fixed part is.
 */
import { createHash } from 'node:crypto';
import { SCALAR_SIZE } from './layout.js';
import type { EventModel, FieldModel, KindModel, MethodModel, TypeModel } from './model.js';

/** The fields of the slots of a cursor. See {@link slotsOf}. */
const CURSOR: FieldModel = { name: 'cursor', type: { form: 'scalar', scalar: 'u64' } };
const MAX: FieldModel = { name: 'max', type: { form: 'scalar', scalar: 'u32' } };
const DONE: FieldModel = { name: 'done', type: { form: 'scalar', scalar: 'bool' } };

/** The place of a field in its record. */
export interface PlacedField {
  readonly field: FieldModel;
  readonly offset: number;
}
/** The fixed part of a record. */
export interface PlacedRecord {
  readonly fields: readonly PlacedField[];
  readonly size: number;
  readonly align: number;
}

/** Lays out the fixed part of a record. A record without fields has size 0 and alignment 1. */
export function place(fields: readonly FieldModel[]): PlacedRecord {
  const placed: PlacedField[] = [];
  let end = 0;
  let align = 1;
  for (const field of fields) {
    const one = alignOf(field.type);
    const offset = roundUp(end, one);
    placed.push({ field, offset });
    end = offset + sizeOf(field.type);
    align = Math.max(align, one);
  }
  return { fields: placed, size: roundUp(end, align), align };
}

/** Returns the size of the fixed part of a value in bytes. */
export function sizeOf(type: TypeModel): number {
  switch (type.form) {
    case 'scalar':
      return SCALAR_SIZE[type.scalar];
    case 'array':
      return SCALAR_SIZE[type.scalar] * type.length;
    case 'enum':
    case 'flags':
      return 4;
    case 'str':
    case 'bytes':
    case 'list':
      return 8;
    case 'union':
      return 12;
    case 'option': {
      const align = alignOf(type.value);
      return roundUp(align + sizeOf(type.value), align);
    }
    case 'record':
      return place(type.fields).size;
  }
}

/** Returns the alignment of the fixed part of a value in bytes. */
export function alignOf(type: TypeModel): number {
  switch (type.form) {
    case 'scalar':
    case 'array':
      return SCALAR_SIZE[type.scalar];
    case 'option':
      return alignOf(type.value);
    case 'record':
      return place(type.fields).align;
    default:
      return 4;
  }
}

/** Returns the offset of an option's value. Its `bool` has offset 0. */
export function optionOffset(value: TypeModel): number {
  return alignOf(value);
}

/** Returns whether values of the type have spans, so that their size is not fixed. */
export function hasSpans(type: TypeModel): boolean {
  switch (type.form) {
    case 'str':
    case 'bytes':
    case 'list':
    case 'union':
      return true;
    case 'option':
      return hasSpans(type.value);
    case 'record':
      return type.fields.some((field) => hasSpans(field.type));
    default:
      return false;
  }
}

/** One slot of the method table. */
export interface KindSlot {
  readonly method: MethodModel;
  /** The task of the slot. A cursor has three slots: it is opened, read in pieces, and closed. */
  readonly part: 'call' | 'open' | 'next' | 'close';
  /** The name of the member of the method table: that of the method, or `lines_open` for example. */
  readonly name: string;
  /** The input record; null for plain bytes. */
  readonly input: readonly FieldModel[] | null;
  /** The output record; null for plain bytes. */
  readonly output: readonly FieldModel[] | null;
  /** The layout in words that both sides must share, for example `{str,u32}->{list<{u32,u32}>}`. */
  readonly layout: string;
  /** The first 8 bytes of the SHA-256 of `layout`, as a little-endian number. */
  readonly hash: bigint;
}

/**
 * Returns the slots of a kind in the order of the method table. A cursor method `lines` has the slots
 * `lines_open` (its input to `cursor: u64`), `lines_next` (`cursor: u64, max: u32` to `items: list, done: bool`)
 * and `lines_close` (`cursor: u64` to nothing).
 */
export function slotsOf(kind: Pick<KindModel, 'methods'>): KindSlot[] {
  return kind.methods.flatMap((method) => {
    if (method.form === 'bytes') return [slot(method, 'call', null, null)];
    if (method.form === 'record') return [slot(method, 'call', method.input, method.output)];
    const items: TypeModel = { form: 'list', element: { form: 'record', fields: method.item } };
    return [
      slot(method, 'open', method.input, [CURSOR]),
      slot(method, 'next', [CURSOR, MAX], [{ name: 'items', type: items }, DONE]),
      slot(method, 'close', [CURSOR], []),
    ];
  });
}

function slot(
  method: MethodModel,
  part: KindSlot['part'],
  input: KindSlot['input'],
  output: KindSlot['output'],
): KindSlot {
  const name = part === 'call' ? method.name : `${method.name}_${part}`;
  const layout = `${wordsOf(input)}->${wordsOf(output)}`;
  return { method, part, name, input, output, layout, hash: hashOf(layout) };
}

function wordsOf(fields: readonly FieldModel[] | null): string {
  return fields === null ? 'bytes' : wordsOfType({ form: 'record', fields });
}

/**
 * Describes the encoding of a type in words without names, so that renaming a field changes nothing. The members
 * of an open type are left out, because appending one must change nothing either.
 */
export function wordsOfType(type: TypeModel): string {
  switch (type.form) {
    case 'scalar':
      return type.scalar;
    case 'array':
      return `${type.scalar}[${type.length}]`;
    case 'str':
    case 'bytes':
      return type.form;
    case 'list':
      return `list<${wordsOfType(type.element)}>`;
    case 'option':
      return `option<${wordsOfType(type.value)}>`;
    case 'record':
      return `{${type.fields.map((field) => wordsOfType(field.type)).join(',')}}`;
    case 'enum':
    case 'flags':
      return type.open ? `${type.form}+` : `${type.form}<${type.members.length}>`;
    case 'union': {
      if (type.open) return 'union+';
      const members = type.members.map((member) => (member.type === null ? '-' : wordsOfType(member.type)));
      return `union<${members.join(',')}>`;
    }
  }
}

/** Returns the first 8 bytes of a string's SHA-256 as a little-endian number. */
export function hashOf(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64LE(0);
}

/**
 * Returns the id with which a typed event begins: 8 bytes, little-endian. The record follows, and its spans count
 * from its own beginning.
 */
export function eventId(kind: Pick<KindModel, 'name' | 'version'>, event: EventModel): bigint {
  const major = kind.version.split('.')[0];
  return hashOf(`${kind.name}/${major} ${event.name} ${wordsOf(event.fields)}`);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
