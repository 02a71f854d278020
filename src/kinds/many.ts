/** Calls of a record method with many records, which travel as one batch. */
import { types } from 'node:util';
import { Batch, type BatchResult } from '../base/batch.js';
import { kindOf } from '../base/bytes.js';
import { invalidArgument, readable } from '../base/errors.js';
import type { CallOptions, TierBinding } from '../tiers/tier.js';
import type { FieldModel } from './model.js';
import { type Decode, type DecodeRange, decoderOf, rangeDecoderOf, viewOver } from './span-coder.js';
import { type EncodedRecords, MAX_BATCH, manyEncoder, type RecordPair, refusal } from './span-record.js';
import { hasSpans } from './wire.js';

/** The decoders of results: of one result, and of results in a row; null where there is none. */
interface Decoders {
  readonly one: Decode;
  readonly range: DecodeRange | null;
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
    const { offsets, statuses } = this.#batch;
    // Throws for a record that failed or does not exist.
    if (statuses[index] !== 0) this.#batch.result(index);
    const start = offsets[index] as number;
    const length = (offsets[index + 1] as number) - start;
    return this.#decoders.one(this.#memory, this.#view, start, length) as T;
  }

  /** Iterates over the results in order. Throws at the first record that failed. */
  [Symbol.iterator](): IterableIterator<T> {
    const { length } = this;
    // A short string may keep all bytes that were converted with it in memory.
    const range = this.#memory.length <= NEAR * length ? this.#decoders.range : null;
    const { offsets, statuses } = this.#batch;
    const read = (first: number): T[] => {
      const row: T[] = [];
      range?.(this.#memory, this.#view, offsets, statuses, first, Math.min(first + ROW, length), row);
      return row.length > 0 ? row : [this.result(first)];
    };
    return new InOrder(length, read);
  }
}

/** Iterates over results. After an error it has ended. */
class InOrder<T> implements IterableIterator<T> {
  #row: readonly T[] = [];
  /** The next result in the row. */
  #next = 0;
  /** The results behind those in the row. */
  #behind = 0;
  readonly #length: number;
  readonly #read: (first: number) => readonly T[];

  /** `read` returns at least the result with that index, and perhaps some that follow. */
  constructor(length: number, read: (first: number) => readonly T[]) {
    this.#length = length;
    this.#read = read;
  }

  next(): IteratorResult<T, undefined> {
    if (this.#next < this.#row.length) return { done: false, value: this.#row[this.#next++] as T };
    return this.#nextRow();
  }

  #nextRow(): IteratorResult<T, undefined> {
    const first = this.#behind;
    this.#behind = this.#length;
    this.#row = [];
    if (first >= this.#length) return { done: true, value: undefined };
    const row = this.#read(first);
    this.#row = row;
    this.#next = 1;
    this.#behind = first + row.length;
    return { done: false, value: row[0] as T };
  }

  return(): IteratorResult<T, undefined> {
    this.#behind = this.#length;
    this.#row = [];
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** The most results that are decoded at once when they are read in order, and the most bytes of an average one. */
const ROW = 64;
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
  const decoders = { one: decoderOf(output, place, refuse), range: rangeDecoderOf(output) };
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
