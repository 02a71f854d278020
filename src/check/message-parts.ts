/** The parts of a message that a reader must check: where each one is, and what it may be. */
import type { FieldModel, TypeModel } from '../kinds/model.js';
import { alignOf, optionOffset, place, sizeOf } from '../kinds/wire.js';

/** A part of a message. `at` is its place in bytes, and `name` the field that it belongs to. */
export type MessagePart =
  | {
      readonly form: 'span';
      readonly at: number;
      readonly name: string;
      /** Bytes and alignment of an element. */
      readonly size: number;
      readonly align: number;
      /** The span of the value of a union. Its length is fixed. */
      readonly ofUnion: boolean;
    }
  | { readonly form: 'text'; readonly at: number; readonly name: string; readonly length: number }
  | { readonly form: 'bool'; readonly at: number; readonly name: string }
  /** An index below `members`, or the bits below it. */
  | {
      readonly form: 'enum' | 'union' | 'flags';
      readonly at: number;
      readonly name: string;
      readonly members: number;
    };

/** Returns the parts of a valid message in the order in which a reader visits them. */
export function partsOf(fields: readonly FieldModel[], message: Buffer): MessagePart[] {
  const parts: MessagePart[] = [];
  visitRecord(fields, 0, '', { message, parts });
  return parts;
}

interface Visit {
  readonly message: Buffer;
  readonly parts: MessagePart[];
}

function visitRecord(fields: readonly FieldModel[], at: number, prefix: string, visit: Visit): void {
  for (const { field, offset } of place(fields).fields)
    visitType(field.type, at + offset, prefix + field.name, visit);
}

function visitType(type: TypeModel, at: number, name: string, visit: Visit): void {
  switch (type.form) {
    case 'scalar':
    case 'array':
      if (type.scalar === 'bool') visit.parts.push({ form: 'bool', at, name });
      return;
    case 'enum':
    case 'flags':
      visit.parts.push({ form: type.form, at, name, members: type.members.length });
      return;
    case 'record':
      visitRecord(type.fields, at, `${name}.`, visit);
      return;
    case 'option':
      visit.parts.push({ form: 'bool', at, name });
      if (visit.message[at] === 1) visitType(type.value, at + optionOffset(type.value), name, visit);
      return;
    case 'union':
      visitUnion(type, at, name, visit);
      return;
    default:
      visitSpan(type, at, name, visit);
  }
}

function visitUnion(
  type: Extract<TypeModel, { form: 'union' }>,
  at: number,
  name: string,
  visit: Visit,
): void {
  const { message, parts } = visit;
  parts.push({ form: 'union', at, name, members: type.members.length });
  const value = type.members[message.readUInt32LE(at)]?.type ?? null;
  if (value === null) return;
  parts.push({ form: 'span', at: at + 4, name, size: 1, align: alignOf(value), ofUnion: true });
  visitType(value, message.readUInt32LE(at + 4), name, visit);
}

function visitSpan(
  type: Extract<TypeModel, { form: 'str' | 'bytes' | 'list' }>,
  at: number,
  name: string,
  visit: Visit,
): void {
  const { message, parts } = visit;
  const element: TypeModel = type.form === 'list' ? type.element : { form: 'scalar', scalar: 'u8' };
  const size = sizeOf(element);
  parts.push({ form: 'span', at, name, size, align: alignOf(element), ofUnion: false });
  const [start, length] = [message.readUInt32LE(at), message.readUInt32LE(at + 4)];
  if (type.form === 'str' && length > 0) parts.push({ form: 'text', at: start, name, length });
  if (type.form !== 'list') return;
  for (let i = 0; i < length; i++) visitType(element, start + i * size, `${name}[${i}]`, visit);
}
