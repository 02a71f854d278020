/**
 * Packed messages: many of them in one buffer, in Arrow's variable-size binary layout, so that a column of an Arrow table
 * goes in as it is and one call into native code serves all of them.
 *
 * A batch keeps the memory that it was given, it does not copy it: do not write to it while a call is under way.
 */
import { types } from 'node:util';
import { Status } from './abi.js';
import { isPlainBytes, kindOf, requireBytes, requirePlainMemory } from './bytes.js';
import { callError } from './call-error.js';
import { invalidArgument } from './errors.js';

/** Most bytes that a batch can hold: offsets are 32-bit. */
const MAX_BYTES = 2 ** 31 - 1;
const LF = 10;
const CR = 13;

/** How {@link Batch.fromLines} treats the ends of lines. */
export interface LinesOptions {
  /** Keep `\n` (and `\r\n`) at the end of each message. Then the bytes are not copied at all. Default: false. */
  readonly keepEnds?: boolean;
}

/** n messages in one buffer. */
export class Batch implements Iterable<Uint8Array> {
  /** n + 1 of them, not decreasing: message i is `data[offsets[i]]` up to, but without, `data[offsets[i + 1]]`. */
  readonly offsets: Int32Array;
  readonly data: Uint8Array;

  /**
   * Takes offsets and data as they are, without a copy. Offsets need not begin at 0 (those of a sliced Arrow column do not).
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the argument
   */
  constructor(offsets: Int32Array, data: Uint8Array) {
    if (!types.isInt32Array(offsets))
      throw invalidArgument('offsets', `must be an Int32Array, not ${kindOf(offsets)}`);
    requirePlainMemory('offsets', offsets);
    requireBytes('data', data);
    checkOffsets(offsets, data.length);
    this.offsets = offsets;
    this.data = data;
  }

  /** Messages in it. */
  get length(): number {
    return this.offsets.length - 1;
  }

  /** Message `index`, as a view of `data`. @throws TenonError ERR_TENON_INVALID_ARGUMENT if there is none */
  get(index: number): Uint8Array {
    requireIndex(index, this.length);
    return this.data.subarray(this.offsets[index], this.offsets[index + 1]);
  }

  /** The messages in order, each as a view of `data`. */
  *[Symbol.iterator](): Generator<Uint8Array, void, undefined> {
    const { offsets, data } = this;
    for (let i = 1; i < offsets.length; i++) yield data.subarray(offsets[i - 1], offsets[i]);
  }

  /**
   * One message per line. Lines end with `\n` or `\r\n`; the last one may do without. Empty lines are messages of no bytes,
   * and no bytes at all are no message. By default the ends are left out, which moves the bytes together in one copy; with
   * `keepEnds` they stay and `data` is the very memory that was given. A string is taken as UTF-8.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT
   */
  static fromLines(text: Uint8Array | string, options: LinesOptions = {}): Batch {
    const keep = keepEndsOf(options);
    const own = typeof text === 'string';
    if (!own) requireBytes('text', text, ' or a string');
    const bytes = own ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    requireTotal('text', bytes.length);
    if (keep) return unchecked(lineStarts(bytes), own ? bytes : text);
    return withoutEnds(own ? bytes : Buffer.from(bytes));
  }

  /** Packs messages into one new buffer, by copying each once. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  static of(messages: Iterable<Uint8Array>): Batch {
    const all = Array.isArray(messages) ? (messages as readonly Uint8Array[]) : collect(messages);
    const offsets = new Int32Array(all.length + 1);
    let end = 0;
    for (let i = 0; i < all.length; i++) {
      const message: unknown = all[i];
      if (!isPlainBytes(message)) requireBytes(`messages[${i}]`, message);
      else end += message.length;
      if (end > MAX_BYTES) requireTotal('messages', end);
      offsets[i + 1] = end;
    }
    const data = Buffer.allocUnsafeSlow(end);
    for (let i = 0; i < all.length; i++) data.set(all[i] as Uint8Array, offsets[i]);
    return unchecked(offsets, data);
  }
}

/** What became of a batch: a result or an error text for each message, in the same layout, and a status each. */
export class BatchResult extends Batch {
  /** A `tenon_status` for each message, 0 for success. */
  readonly statuses: Int32Array;

  constructor(offsets: Int32Array, data: Uint8Array, statuses: Int32Array) {
    super(offsets, data);
    if (!types.isInt32Array(statuses))
      throw invalidArgument('statuses', `must be an Int32Array, not ${kindOf(statuses)}`);
    requirePlainMemory('statuses', statuses);
    if (statuses.length !== this.length) {
      throw invalidArgument(
        'statuses',
        `must have ${this.length} elements, one per message, not ${statuses.length}`,
      );
    }
    this.statuses = statuses;
  }

  /** Messages that failed. Counted anew at each access. */
  get failed(): number {
    let count = 0;
    for (const status of this.statuses) if (status !== Status.TENON_OK) count++;
    return count;
  }

  /**
   * The result of message `index`, as a view of `data`.
   * @throws TenonError for a message that failed: the same one as a call of its own would throw
   */
  result(index: number): Uint8Array {
    const bytes = this.get(index);
    const status = this.statuses[index] ?? Status.TENON_OK;
    if (status === Status.TENON_OK) return bytes;
    throw callError(status, `Message ${index} of the batch`, Buffer.from(bytes).toString());
  }
}

/**
 * A result from parts that are right by construction, for the tiers: without the check of every offset.
 * Not for memory that a user or a plugin can reach.
 */
export function trustedResult(offsets: Int32Array, data: Uint8Array, statuses: Int32Array): BatchResult {
  const result: BatchResult = Object.create(BatchResult.prototype);
  return Object.assign(result, { offsets, data, statuses });
}

function checkOffsets(offsets: Int32Array, end: number): void {
  let previous = offsets[0];
  if (previous === undefined)
    throw invalidArgument('offsets', 'must have at least one element (n + 1 of them for n messages)');
  if (previous < 0) throw invalidArgument('offsets', `must not be negative, but offsets[0] is ${previous}`);
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (offset < previous) {
      throw invalidArgument('offsets', `must not decrease, but offsets[${i}] is ${offset} after ${previous}`);
    }
    previous = offset;
  }
  if (previous > end)
    throw invalidArgument('offsets', `must end within data (${end} bytes), but the last one is ${previous}`);
}

/** A batch from parts that were made here. */
function unchecked(offsets: Int32Array, data: Uint8Array): Batch {
  const batch: Batch = Object.create(Batch.prototype);
  return Object.assign(batch, { offsets, data });
}

function collect(messages: unknown): Uint8Array[] {
  const iterable = typeof messages === 'object' && messages !== null && Symbol.iterator in messages;
  if (!iterable || messages instanceof Uint8Array) {
    throw invalidArgument('messages', `must be an iterable of Uint8Array, not ${kindOf(messages)}`);
  }
  return Array.from(messages as Iterable<Uint8Array>);
}

function keepEndsOf(options: unknown): boolean {
  if (typeof options !== 'object' || options === null)
    throw invalidArgument('options', `must be an object, not ${kindOf(options)}`);
  const keep = (options as LinesOptions).keepEnds ?? false;
  if (typeof keep !== 'boolean')
    throw invalidArgument('options.keepEnds', `must be true or false, not ${kindOf(keep)}`);
  return keep;
}

function requireTotal(argument: string, total: number): void {
  if (total <= MAX_BYTES) return;
  throw invalidArgument(argument, `must hold at most ${MAX_BYTES} bytes, not ${total}; make several batches`);
}

function requireIndex(index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  const found = typeof index === 'number' ? index : kindOf(index);
  throw invalidArgument('index', `must be an integer from 0 to ${length - 1}, not ${found}`);
}

/** Offsets of the lines of `bytes`, ends included. */
function lineStarts(bytes: Buffer): Int32Array {
  const offsets = new OffsetList();
  let end = bytes.indexOf(LF);
  for (; end >= 0; end = bytes.indexOf(LF, end + 1)) offsets.push(end + 1);
  if (offsets.last < bytes.length) offsets.push(bytes.length);
  return offsets.toArray();
}

/** Moves the lines in `bytes` together, over their ends. */
function withoutEnds(bytes: Buffer): Batch {
  const offsets = new OffsetList();
  let from = 0;
  let to = 0;
  const take = (end: number): void => {
    if (to !== from) bytes.copyWithin(to, from, end);
    to += end - from;
    offsets.push(to);
  };
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
    take(end > from && bytes[end - 1] === CR ? end - 1 : end);
    from = end + 1;
  }
  if (from < bytes.length) take(bytes.length);
  return unchecked(offsets.toArray(), bytes.subarray(0, to));
}

/** Offsets that begin with 0 and grow. */
class OffsetList {
  #array = new Int32Array(256);
  #length = 1;
  last = 0;

  push(offset: number): void {
    if (this.#length === this.#array.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.#length++] = offset;
    this.last = offset;
  }

  toArray(): Int32Array {
    return this.#array.slice(0, this.#length);
  }
}
