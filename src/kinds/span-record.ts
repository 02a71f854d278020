/** Calls with records that have strings, lists or other spans. */
import type { CallOptions, TierBinding } from '../tiers/tier.js';
import type { FieldModel } from './model.js';
import {
  type Decode,
  decoderOf,
  type EncodeMany,
  encoderOf,
  groupEncoderOf,
  type Sink,
  sinkOver,
  viewOver,
} from './span-coder.js';
import { refuseOptions } from './typed-record.js';

/** The records of a method. */
export interface RecordPair {
  readonly input: readonly FieldModel[];
  readonly output: readonly FieldModel[];
}

/** The calls of a method. */
export interface SpanMethod {
  readonly callSync: (members?: unknown, options?: unknown) => unknown;
  readonly call: (members: unknown, options?: CallOptions) => Promise<unknown>;
}

/** Binds a method as a blocking one. `place` is its name in messages, for example `text.find`. */
export function syncSpanMethod(
  { input, output }: RecordPair,
  binding: TierBinding,
  place: string,
): SpanMethod['callSync'] {
  const encode = encoderOf(input, place);
  const decode = decoderOf(output, place, refusal(binding));
  const frame = binding.frame();
  const { control, invoke, invokeLarge, take, fail } = frame;
  const pinned = Buffer.from(frame.input);
  const result = Buffer.from(frame.output);
  const view = viewOver(result);
  const hasInput = input.length > 0;
  const small: Sink = sinkOver(pinned);
  const pinnedView = small.view;
  const large = (out: Sink, size: number): void => {
    const { memory } = out;
    out.memory = pinned;
    out.view = pinnedView;
    invokeLarge(memory.subarray(0, size));
  };
  return (members, options) => {
    if (options !== undefined || !hasInput) refuseOptions(hasInput ? options : members);
    const size = encode(members, small, 0);
    if (small.memory === pinned) invoke(size);
    else large(small, size);
    if (control[0] !== 0) fail();
    if (control[2] === 0) return decode(result, view, 0, control[1] as number);
    return decodeAll(decode, take());
  };
}

/** Binds a method as one with a promise. If calls run on this thread, it is the blocking method. */
export function asyncSpanMethod(pair: RecordPair, binding: TierBinding, place: string): SpanMethod['call'] {
  const encode = encoderOf(pair.input, place);
  const decode = decoderOf(pair.output, place, refusal(binding));
  const out = sinkOver(Buffer.alloc(FIRST));
  const send = (members: unknown, options: CallOptions | undefined): Promise<Buffer> => {
    const size = encode(members, out, 0);
    const { memory } = out;
    if (memory.length <= KEPT) return binding.call(Buffer.from(memory.subarray(0, size)), options);
    Object.assign(out, sinkOver(Buffer.alloc(FIRST)));
    return binding.call(memory.subarray(0, size), options);
  };
  const read = (result: Buffer): unknown => decodeAll(decode, result);
  // An async function would add a promise and turns of the microtask queue to each call.
  const sent: SpanMethod['call'] = (members, options) => {
    try {
      return send(members, options).then(read);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  if (!binding.blocking) return sent;
  const call = syncSpanMethod(pair, binding, place);
  return async (members, options) => (options === undefined ? call(members) : sent(members, options));
}

/** The first size of the memory for inputs, and the most that is kept for the next call. */
const FIRST = 1024;
const KEPT = 64 * 1024;

/** Decodes a record that is all of some memory. */
export function decodeAll(decode: Decode, memory: Buffer): unknown {
  return decode(memory, viewOver(memory), 0, memory.length);
}

/** The bytes of many records, and their boundaries as a batch has them. */
export interface EncodedRecords {
  readonly offsets: Int32Array;
  readonly data: Buffer;
  /** Must be called when the records are not used any more. */
  readonly release: () => void;
}

/**
 * Returns a function that encodes records one behind the other, each at a multiple of `align` of the memory. It
 * returns null if they are too long. With `reuse`, the next call uses the same memory.
 */
export function manyEncoder(
  fields: readonly FieldModel[],
  place: string,
  align: number,
  reuse: boolean,
): (inputs: readonly unknown[]) => EncodedRecords | null {
  const encode = everyEncoder(fields, place, align);
  let expected = FIRST;
  let kept: Buffer | undefined;
  const keep = (memory: Buffer, used: number): void => {
    if (reuse && memory.length <= KEPT_MANY) kept = memory.fill(0, 0, used);
  };
  return (inputs) => {
    const offsets = new Int32Array(inputs.length + 1);
    const out = sinkOver(kept ?? Buffer.alloc(expected));
    // A getter of a record may make another such call.
    kept = undefined;
    const end = encode(inputs, offsets, out);
    if (end > MAX_BATCH) return null;
    const memory = end > out.memory.length ? padded(out.memory, end) : out.memory;
    expected = Math.min(memory.length, KEPT_MANY);
    return { offsets, data: memory.subarray(0, end), release: () => keep(memory, end) };
  };
}

/** Returns the code that encodes many records. It returns early when they have more than {@link MAX_BATCH} bytes. */
function everyEncoder(fields: readonly FieldModel[], place: string, align: number): EncodeMany {
  let index = 0;
  const at = (): string => `${place}[${index}]`;
  const setIndex = (next: number): void => {
    index = next;
  };
  const groups = groupEncoderOf(fields, at, setIndex, MAX_BATCH);
  if (groups !== null) return groups;
  const encode = encoderOf(fields, at);
  return (inputs, offsets, out) => {
    const count = offsets.length - 1;
    let end = 0;
    for (let i = 0; i < count && end <= MAX_BATCH; i++) {
      index = i;
      end = Math.ceil((end + encode(inputs[i], out, end)) / align) * align;
      offsets[i + 1] = end;
    }
    return end;
  };
}

/** The most memory for many records that is kept for the next call. */
const KEPT_MANY = 1 << 20;

/** The most bytes of many records: their boundaries are signed 32-bit numbers. */
export const MAX_BATCH = 2 ** 31 - 1;

function padded(memory: Buffer, size: number): Buffer {
  const longer = Buffer.alloc(size);
  memory.copy(longer);
  return longer;
}

/** Returns the function that throws the error for a result that is not such a record. */
export function refusal(binding: TierBinding): (problem: string) => never {
  return (problem) => {
    throw binding.badResult(problem);
  };
}
