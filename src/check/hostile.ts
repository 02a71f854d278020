/**
 * Messages that the readers of methods must refuse: valid records with one fault each. A fault counts only if the
 * rules of the encoding forbid it, so each message is tried with this package's own reader.
 */
import semver from 'semver';
import { TenonError } from '../base/errors.js';
import { decode, encode } from '../kinds/codec.js';
import type { FieldModel, KindModel } from '../kinds/model.js';
import { hasSpans, place, slotsOf } from '../kinds/wire.js';
import { LARGEST_RECORD, type MethodInput } from './kind-file.js';
import { type MessagePart, partsOf } from './message-parts.js';
import { sampleRecord } from './samples.js';

/** A message that a method must refuse. */
export interface HostileInput extends MethodInput {
  /** The fault, to be read after "a message whose". */
  readonly fault: string;
}

type Faulty = Pick<HostileInput, 'bytes' | 'fault'>;
type Span = Extract<MessagePart, { form: 'span' }>;
type Text = Extract<MessagePart, { form: 'text' }>;

/** The bytes of all messages for one plugin. They must fit on the command line of the checker. */
const MOST_BYTES = 256 * 1024;
const LARGEST_U32 = 2 ** 32 - 1;

/** Returns messages for each method of the kinds whose input has spans. */
export function hostileInputsOf(kinds: readonly KindModel[]): HostileInput[] {
  const methods = kinds.flatMap((kind) =>
    slotsOf(kind).flatMap(({ input }, slot) => {
      if (input === null || !hasSpans({ form: 'record', fields: input })) return [];
      const method = `${kind.name}/${semver.major(kind.version)}#${slot}`;
      return [{ method, messages: hostileMessages(input) }];
    }),
  );
  const share = MOST_BYTES / methods.length;
  return methods.flatMap(({ method, messages }) =>
    evenly(messages, share).map((message) => ({ method, ...message })),
  );
}

/** Returns all messages, or as many as `share` bytes are enough for, from everywhere in the list. */
function evenly(messages: readonly Faulty[], share: number): readonly Faulty[] {
  const total = messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total <= share) return messages;
  const part = share / total;
  return messages.filter((_, i) => Math.floor((i + 1) * part) > Math.floor(i * part));
}

/** Returns messages with one fault each for an input record. */
export function hostileMessages(fields: readonly FieldModel[]): Faulty[] {
  const valid = encode(fields, sampleRecord(fields, 1));
  if (valid.length > LARGEST_RECORD) return [];
  const parts = partsOf(fields, valid);
  const faulty = [
    ...parts.flatMap((part) => faultsOf(part, valid)),
    ...spanFaults(parts, valid),
    ...truncated(valid, place(fields).size),
  ];
  return faulty.filter(({ bytes }) => isRefused(fields, bytes));
}

function isRefused(fields: readonly FieldModel[], bytes: Buffer): boolean {
  try {
    decode(fields, bytes);
    return false;
  } catch (error) {
    if (error instanceof TenonError && error.code === 'ERR_TENON_CONTRACT') return true;
    throw error;
  }
}

function faultsOf(part: MessagePart, valid: Buffer): Faulty[] {
  switch (part.form) {
    case 'span':
      return [];
    case 'text':
      return textFaults(part, valid);
    case 'bool':
      return [2, 0x80, 0xff].map((value) =>
        changed(valid, `bool of ${part.name} is ${value}`, (copy) => copy.writeUInt8(value, part.at)),
      );
    case 'flags': {
      const unknown = 2 ** Math.min(part.members, 31);
      return [unknown, LARGEST_U32].map((value) =>
        changed(valid, `flags ${part.name} have an unknown bit (0x${value.toString(16)})`, (copy) =>
          copy.writeUInt32LE(value, part.at),
        ),
      );
    }
    default:
      return [part.members, LARGEST_U32].map((value) =>
        changed(valid, `${part.form} ${part.name} has the unknown member ${value}`, (copy) =>
          copy.writeUInt32LE(value, part.at),
        ),
      );
  }
}

/** Bytes that are not UTF-8, each with what they are. */
const NOT_UTF8: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['the byte 0xff', [0xff]],
  ['a byte that only continues a character', [0x80]],
  ['an overlong NUL', [0xc0, 0x80]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a character beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
];

function textFaults({ at, name, length }: Text, valid: Buffer): Faulty[] {
  const faults = NOT_UTF8.filter(([, bytes]) => bytes.length <= length).map(([what, bytes]) =>
    changed(valid, `string ${name} has ${what}`, (copy) => copy.set(bytes, at)),
  );
  const end = changed(valid, `string ${name} ends within a character`, (copy) =>
    copy.writeUInt8(0xc3, at + length - 1),
  );
  return [...faults, end];
}

function spanFaults(parts: readonly MessagePart[], valid: Buffer): Faulty[] {
  const spans = parts.filter((part): part is Span => part.form === 'span');
  const filled = spans.filter(({ at }) => valid.readUInt32LE(at + 4) > 0);
  return filled.flatMap((span, i) => {
    const start = valid.readUInt32LE(span.at);
    const length = valid.readUInt32LE(span.at + 4);
    const before = filled.slice(Math.max(0, i - 2), i);
    const [second, last] = before.length === 2 ? before : [undefined, before[0]];
    const move = (fault: string, at: number, count = length) => moved(valid, span, fault, at, count);
    const over = (one: Span | undefined, fault: string) =>
      one === undefined ? [] : [move(`${fault} ${one.name}`, valid.readUInt32LE(one.at))];
    return [
      ...outside(span, start, length, valid),
      move('overlaps the fixed part', 0),
      ...(span.align > 1 ? [move('is misaligned', start + 1)] : []),
      ...over(last, 'overlaps the span of'),
      ...over(second, 'goes backwards to the span of'),
      ...(span.ofUnion
        ? [
            move('is shorter than its value', start, length - 1),
            move('is empty though its member has a value', 0, 0),
          ]
        : []),
    ];
  });
}

function moved(valid: Buffer, { at, name }: Span, fault: string, start: number, length: number): Faulty {
  return changed(valid, `span of ${name} ${fault}`, (copy) => {
    copy.writeUInt32LE(start, at);
    copy.writeUInt32LE(length, at + 4);
  });
}

/** Spans that end outside the message, even if a sum or a product of 32 bits wraps around. */
function outside(span: Span, start: number, length: number, valid: Buffer): Faulty[] {
  const { size, align } = span;
  // The elements of such a list have no bytes, so it has no end outside.
  if (size === 0) return [];
  const behind = Math.ceil((valid.length + 1) / align) * align;
  const high = 2 ** 32 - 16 * align;
  const bytes = 2 ** 32 - high;
  const room = valid.length - start;
  return [
    moved(valid, span, 'ends outside the message', start, Math.floor(room / size) + 1),
    moved(valid, span, 'begins outside the message', behind, length),
    moved(valid, span, 'has 2^32 - 1 elements', start, LARGEST_U32),
    moved(valid, span, 'wraps around at 2^32 bytes', high, Math.ceil((bytes + align) / size)),
    ...(size === 1
      ? [moved(valid, span, 'wraps around at 2^32 bytes from its place', start, 2 ** 32 - start)]
      : [moved(valid, span, 'has elements of 2^32 bytes', start, Math.ceil(2 ** 32 / size))]),
  ];
}

function truncated(valid: Buffer, fixed: number): Faulty[] {
  const sizes = new Set([0, 1, fixed - 1, fixed, Math.floor((fixed + valid.length) / 2), valid.length - 1]);
  return [...sizes]
    .filter((size) => size >= 0 && size < valid.length)
    .map((size) => ({
      fault: `end is missing: it has ${size} of ${valid.length} bytes`,
      bytes: valid.subarray(0, size),
    }));
}

function changed(valid: Buffer, fault: string, change: (copy: Buffer) => void): Faulty {
  const bytes = Buffer.from(valid);
  change(bytes);
  return { fault, bytes };
}
