/**
 * Encodes and decodes the records of one method: with generated code, or with the coders where the process forbids
 * code generation. Both do the same; a test compares them.
 */
import { invalidArgument, unreadable } from '../base/errors.js';
import { shown } from '../base/options.js';
import { coderOf, decodeWith, recordCoder, refuseNoRecord } from './codec.js';
import { type Coder, extended, MessageInput, type MessageOutput, Path } from './coder.js';
import { type DecodeSource, decodeRangeSource, decodeSource } from './decode-code.js';
import { encodeManySource } from './group-code.js';
import type { FieldModel } from './model.js';
import { SCALARS } from './scalars.js';
import { encodeSource } from './span-code.js';
import { decodeUtf8, encodeUtf8, isAscii, latin1, writeAscii } from './utf8.js';
import { place } from './wire.js';

/** Memory that grows. Records are written to it. */
export interface Sink {
  memory: Buffer;
  view: DataView;
}

/** Encodes the object at `base` of the sink, and returns the size of the record. The sink grows if it must. */
export type Encode = (input: unknown, out: Sink, base: number) => number;
/** Decodes the record of `length` bytes at `base`. */
export type Decode = (memory: Buffer, view: DataView, base: number, length: number) => unknown;

/** Makes a sink of a size in bytes. */
export function newSink(size: number): Sink {
  return sinkOver(Buffer.alloc(size));
}

/** Makes a sink over memory. */
export function sinkOver(memory: Buffer): Sink {
  return { memory, view: viewOver(memory) };
}

/** Returns the view of memory that decoding needs. */
export function viewOver(memory: Buffer): DataView {
  return new DataView(memory.buffer, memory.byteOffset, memory.length);
}

/** Replaces the memory of a sink by memory with room for `bound` more bytes. */
export function grow(out: Sink, base: number, bound: number): void {
  const size = Math.max(base + bound, 2 * base);
  const memory = Buffer.alloc(size);
  out.memory.copy(memory, 0, 0, base);
  out.memory = memory;
  out.view = viewOver(memory);
}

/** The place of a record in messages: `text.find`, or a function that returns it. */
export type RecordPlace = string | (() => string);

/**
 * Decodes records in a row, and appends them to `into`: from `first` up to `last`, or up to the first one that failed
 * or is malformed.
 */
export type DecodeRange = (
  memory: Buffer,
  view: DataView,
  offsets: Int32Array,
  statuses: Int32Array,
  first: number,
  last: number,
  into: unknown[],
) => void;

/** The compiled code of the records that were used, without their places in messages. */
const encoders = new WeakMap<readonly FieldModel[], (place: RecordPlace) => Encode>();
/** Makes a decoder of type D. Null where the process forbids code generation. */
type MakeDecode<D> = ((refuse: Refuse) => D) | null;
const decoders = new WeakMap<readonly FieldModel[], MakeDecode<Decode>>();
const rangeDecoders = new WeakMap<readonly FieldModel[], MakeDecode<DecodeRange>>();

type Refuse = (memory: Buffer, base: number, length: number) => never;

/** Returns the encoder of a record. `at` is its place in messages. */
export function encoderOf(fields: readonly FieldModel[], at: RecordPlace): Encode {
  let make = encoders.get(fields);
  if (make === undefined) {
    make = compileEncoder(fields) ?? ((place) => looseEncoder(fields, place));
    encoders.set(fields, make);
  }
  return make(at);
}

/** Returns the decoder of a record. `refuse` throws the error for a problem. */
export function decoderOf(
  fields: readonly FieldModel[],
  at: string,
  refuse: (problem: string) => never,
): Decode {
  const plain = plainDecoder(fields, at, refuse);
  return compiled(decoders, fields, decodeSource)?.(findProblem(plain, refuse)) ?? plain;
}

/** Thrown by the decoder of a row for a record that is malformed. The decoder of one record finds the problem. */
const MALFORMED = new Error('malformed');

/** Returns the decoder of records in a row. Null where the process forbids code generation. */
export function rangeDecoderOf(fields: readonly FieldModel[]): DecodeRange | null {
  const decode = compiled(
    rangeDecoders,
    fields,
    decodeRangeSource,
  )?.(() => {
    throw MALFORMED;
  });
  if (decode === undefined) return null;
  return (...args) => {
    try {
      decode(...args);
    } catch (error) {
      if (error !== MALFORMED) throw error;
    }
  };
}

function compiled<D>(
  known: WeakMap<readonly FieldModel[], MakeDecode<D>>,
  fields: readonly FieldModel[],
  sourceOf: (fields: readonly FieldModel[]) => DecodeSource,
): MakeDecode<D> {
  let make = known.get(fields);
  if (make === undefined) {
    make = compileDecoder<D>(fields, sourceOf(fields));
    known.set(fields, make);
  }
  return make;
}

function plainDecoder(fields: readonly FieldModel[], at: string, refuse: (problem: string) => never): Decode {
  return (memory, _, base, length) => decodeWith(fields, memory.subarray(base, base + length), at, refuse);
}

/** The plain decoder finds the place of the problem. */
function findProblem(plain: Decode, refuse: (problem: string) => never): Refuse {
  return (memory, base, length) => {
    plain(memory, viewOver(memory), base, length);
    return refuse('it is malformed');
  };
}

/** Encodes all objects, and returns the end of the records. See {@link encodeManySource}. */
export type EncodeMany = (inputs: readonly unknown[], offsets: Int32Array, out: Sink) => number;

/**
 * Returns the code that encodes many records in groups; null if there is none. `at` is the place of the record whose
 * index was set last; encoding ends early behind byte `most`.
 */
export function groupEncoderOf(
  fields: readonly FieldModel[],
  at: RecordPlace,
  setIndex: (index: number) => void,
  most: number,
): EncodeMany | null {
  const source = encodeManySource(fields);
  if (source === null) return null;
  const tools = `const { ${ENCODE_TOOLS.join(', ')} } = tools;`;
  const body = `'use strict';\n${tools}\n${source}\nreturn encodeMany;`;
  const made = compile(['tools', 'setIndex', 'most', 'writeAscii'], body);
  return (made?.(encodeTools(fields, codersOf(fields), at), setIndex, most, writeAscii) ??
    null) as EncodeMany | null;
}

/** Compiles source; returns null if this process forbids that. */
function compile(parameters: readonly string[], body: string): ((...values: unknown[]) => unknown) | null {
  try {
    return new Function(...parameters, body) as (...values: unknown[]) => unknown;
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}

function compileEncoder(fields: readonly FieldModel[]): ((at: RecordPlace) => Encode) | null {
  const body = `'use strict';\n${encodeSource(fields)}\nreturn encode;`;
  const made = compile(['tools'], `const { ${ENCODE_TOOLS.join(', ')} } = tools;\n${body}`);
  if (made === null) return null;
  const coders = codersOf(fields);
  return (at) => made(encodeTools(fields, coders, at)) as Encode;
}

function codersOf(fields: readonly FieldModel[]): Coder[] {
  return place(fields).fields.map(({ field }) => coderOf(field.type));
}

const ENCODE_TOOLS = [
  'notObject',
  'unreadable',
  'refuse',
  'take',
  'extend',
  'writeOther',
  'grow',
  'byteLength',
  'encodeUtf8',
];

function encodeTools(fields: readonly FieldModel[], coders: readonly Coder[], at: RecordPlace): object {
  const pathTo = (index: number): Path => {
    const path = new Path(at);
    path.push(fields[index]?.name ?? '');
    return path;
  };
  return {
    encodeUtf8,
    byteLength: (text: string) => Buffer.byteLength(text),
    grow: growChecked(at),
    notObject: (value: unknown) => refuseNoRecord(fields, value, new Path(at)),
    unreadable: (cause: unknown) => {
      throw unreadable(new Path(at).toString(), cause);
    },
    refuse: (index: number, value: unknown) => refuseField(fields[index] as FieldModel, value, pathTo(index)),
    take: (index: number, value: unknown) => takeField(coders[index] as Coder, value, pathTo(index)),
    extend: (index: number, taken: unknown, end: number) =>
      (coders[index] as Coder).extend(taken, end, pathTo(index)),
    writeOther: (
      index: number,
      taken: unknown,
      out: Sink,
      base: number,
      offset: number,
      size: number,
      end: number,
    ) => writeOther(coders[index] as Coder, taken, out, base, offset, size, end),
  };
}

function growChecked(at: RecordPlace): typeof grow {
  return (out, base, size) => {
    extended(new Path(at), 0, 1, size);
    grow(out, base, size);
  };
}

function takeField(coder: Coder, value: unknown, path: Path): unknown {
  try {
    return coder.take(value, path);
  } catch (cause) {
    throw unreadable(path.toString(), cause);
  }
}

/** Writes a field with its coder, which expects memory that is zero. Returns the end of its spans. */
function writeOther(
  coder: Coder,
  taken: unknown,
  out: Sink,
  base: number,
  offset: number,
  size: number,
  end: number,
): number {
  const { memory } = out;
  const path = new Path('');
  memory.fill(0, base + offset, base + offset + size);
  memory.fill(0, base + end, base + coder.extend(taken, end, path));
  const part = base === 0 ? memory : memory.subarray(base);
  const output: MessageOutput = { memory: part, view: base === 0 ? out.view : viewOver(part), end };
  coder.write(taken, output, offset);
  return output.end;
}

function refuseField({ type }: FieldModel, value: unknown, path: Path): never {
  if (type.form === 'scalar')
    throw invalidArgument(path.toString(), `must be ${SCALARS[type.scalar].expected}, not ${shown(value)}`);
  coderOf(type).take(value, path);
  throw invalidArgument(path.toString(), 'does not fit its type');
}

function compileDecoder<D>(fields: readonly FieldModel[], { source, others }: DecodeSource): MakeDecode<D> {
  const body = `'use strict';\nconst { ${Object.keys(DECODE_TOOLS).join(', ')} } = tools;\n${source}\nreturn decode;`;
  const made = compile(['tools', 'malformed', 'others', 'makeInput'], body);
  if (made === null) return null;
  const coders = others.map(coderOf);
  const { size } = place(fields);
  return (refuse) => {
    const makeInput = (memory: Buffer, base: number, length: number): MessageInput => {
      const part = memory.subarray(base, base + length);
      return new MessageInput(part, size, new Path(''), () => refuse(memory, base, length));
    };
    return made(DECODE_TOOLS, refuse, coders, makeInput) as D;
  };
}

/** Returns a copy of bytes that belongs to the caller. */
function copyOf(memory: Buffer, start: number, length: number): Buffer {
  return Buffer.from(memory.subarray(start, start + length));
}

const DECODE_TOOLS = { decodeUtf8, isAscii, latin1, copyOf };

/** Encodes with the coders. */
function looseEncoder(fields: readonly FieldModel[], at: RecordPlace): Encode {
  const coder = recordCoder(fields);
  return (input, out, base) => {
    const path = new Path(at);
    const taken = takeField(coder, input, path);
    const size = coder.extend(taken, coder.size, path);
    if (base + size > out.memory.length) grow(out, base, size);
    return writeOther(coder, taken, out, base, 0, coder.size, coder.size);
  };
}
