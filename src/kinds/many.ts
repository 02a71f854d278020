/** Calls of a record method with many records, which travel as one batch. */
import { types } from 'node:util';
import { Batch, type BatchResult } from '../base/batch.js';
import { kindOf } from '../base/bytes.js';
import { invalidArgument, readable } from '../base/errors.js';
import type { CallOptions, TierBinding } from '../tiers/tier.js';
import type { FieldModel } from './model.js';
import { type Decode, decoderOf, orderedDecoderOf, viewOver } from './span-coder.js';
import { type EncodedRecords, MAX_BATCH, manyEncoder, type RecordPair, refusal } from './span-record.js';
import { hasSpans } from './wire.js';

/** The decoders of results: of those that are read one by one, and of those that are read in order. */
interface Decoders {
  readonly one: Decode;
  readonly ordered: (memory: Buffer, view: DataView) => Decode;
}

/**
 * The results of a call with many records. They are decoded when they are read.
 */
export class RecordResults<T> implements Iterable<T> {
  readonly #batch: BatchResult;
  readonly #decoders: Decoders;
  readonly #memory: Buffer;
  readonly #view: DataView;

  /** `tenon` makes it: {@link RecordCall.many} returns it. */
  constructor(batch: BatchResult, decoders: Decoders) {
    const { buffer, byteOffset, byteLength } = batch.data;
    this.#batch = batch;
    this.#decoders = decoders;
    this.#memory = Buffer.from(buffer, byteOffset, byteLength);
    this.#view = viewOver(this.#memory);
  }

  /** The number of records. */
  get length(): number {
    return this.#batch.length;
  }

  /** The `tenon_status` of each record; 0 means success. See {@link Status}. */
  get statuses(): Int32Array {
    return this.#batch.statuses;
  }

  /** The number of records that failed. It is counted at each access. */
  get failed(): number {
    return this.#batch.failed;
  }

  /**
   * Returns the result of record `index`, from 0.
   * @throws TenonError if the record failed: the error that a single call with it would throw
   * @throws TenonError ERR_TENON_CONTRACT if the result does not fit the definition of the kind
   */
  result(index: number): T {
    return this.#read(this.#decoders.one, index);
  }

  /** Iterates over the results in order. Throws at the first record that failed. */
  [Symbol.iterator](): IterableIterator<T> {
    const { length } = this;
    const near = length >= MANY && this.#memory.length / length <= NEAR;
    const { one, ordered } = this.#decoders;
    const decode = near ? ordered(this.#memory, this.#view) : one;
    return new InOrder(length, (i) => this.#read(decode, i));
  }

  #read(decode: Decode, index: number): T {
    const { offsets, statuses } = this.#batch;
    // Throws for a record that failed or does not exist.
    if (statuses[index] !== 0) this.#batch.result(index);
    const start = offsets[index] as number;
    return decode(this.#memory, this.#view, start, (offsets[index + 1] as number) - start) as T;
  }
}

/** Iterates over results. After an error it has ended. */
class InOrder<T> implements IterableIterator<T> {
  #next = 0;
  readonly #length: number;
  readonly #read: (index: number) => T;

  constructor(length: number, read: (index: number) => T) {
    this.#length = length;
    this.#read = read;
  }

  next(): IteratorResult<T, undefined> {
    const index = this.#next;
    if (index >= this.#length) return { done: true, value: undefined };
    this.#next = this.#length;
    const value = this.#read(index);
    this.#next = index + 1;
    return { done: false, value };
  }

  return(): IteratorResult<T, undefined> {
    this.#next = this.#length;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** The number of records from which their strings are converted together, and the most bytes of an average record. */
const MANY = 8;
const NEAR = 512;

type Many<R> = (inputs: unknown, options?: CallOptions) => R;

/** Binds the call with many records. */
export function many(
  method: RecordPair,
  binding: TierBinding,
  place: string,
): Many<Promise<RecordResults<unknown>>> {
  const results = resultsOf(method.output, binding, place);
  const encode = batcher(method.input, place, false);
  return async (inputs, options) => {
    const { offsets, data } = encode(inputs);
    return results(await binding.callMany(new Batch(offsets, data), options));
  };
}

/** Binds the blocking call with many records. */
export function manySync(
  method: RecordPair,
  binding: TierBinding,
  place: string,
): Many<RecordResults<unknown>> {
  const results = resultsOf(method.output, binding, place);
  const encode = batcher(method.input, place, true);
  return (inputs, options) => {
    const { offsets, data, release } = encode(inputs);
    try {
      return results(binding.callManySync(new Batch(offsets, data), options));
    } finally {
      release();
    }
  };
}

function resultsOf(
  output: readonly FieldModel[],
  binding: TierBinding,
  place: string,
): (batch: BatchResult) => RecordResults<unknown> {
  const refuse = refusal(binding);
  const decoders = {
    one: decoderOf(output, place, refuse),
    ordered: orderedDecoderOf(output, place, refuse),
  };
  return (batch) => new RecordResults(batch, decoders);
}

function batcher(
  fields: readonly FieldModel[],
  place: string,
  reuse: boolean,
): (inputs: unknown) => EncodedRecords {
  // A record without spans has a fixed size, which is a multiple of its alignment.
  const align = fields.some(({ type }) => hasSpans(type)) ? 8 : 1;
  const encode = manyEncoder(fields, place, align, reuse);
  return (inputs) => {
    if (types.isProxy(inputs) || !Array.isArray(inputs))
      throw invalidArgument('inputs', `must be an array, not ${kindOf(inputs)}`);
    const encoded = readable('inputs', () => encode(inputs));
    if (encoded !== null) return encoded;
    throw invalidArgument('inputs', `must take at most ${MAX_BATCH} bytes`, ' Make several calls.');
  };
}
