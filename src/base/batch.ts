/**
 * Packed messages: many messages in one buffer. The layout is Arrow's variable-size binary layout, so a
 * column of an Arrow table needs no conversion, and one call into native code processes all messages.
 *
 * A batch keeps a reference to the memory that it is given and does not copy it.
 */
import { types } from 'node:util';
import { Status } from './abi.js';
import { isPlainBytes, kindOf, requireBytes, requirePlainMemory } from './bytes.js';
import { callError } from './call-error.js';
import { invalidArgument, readable } from './errors.js';
import { textOf } from './text.js';

/** The maximum number of bytes in a batch: offsets are 32-bit. */
const MAX_BYTES = 2 ** 31 - 1;
const LF = 10;
const CR = 13;

/** The options of {@link Batch.fromLines}. */
export interface LinesOptions {
  /**
   * Whether each message keeps the `\n` or `\r\n` at its end. If true, the bytes are not copied. Default:
   * false.
   */
  readonly keepEnds?: boolean;
}

/**
 * Any number of messages in one buffer, for {@link Binding.callMany}. The layout is that of an Arrow column
 * of variable-size binary values: `offsets` and `data`.
 *
 * A batch refers to the memory that it is given and does not copy it. Do not write to that memory while a
 * call uses the batch.
 */
export class Batch implements Iterable<Uint8Array> {
  /**
   * The boundaries of the messages in bytes, one more than there are messages and never decreasing. Message
   * `i` begins at `data[offsets[i]]` and ends before `data[offsets[i + 1]]`.
   */
  readonly offsets: Int32Array;
  /** The bytes of all messages. */
  readonly data: Uint8Array;

  /**
   * Makes a batch from offsets and data, without a copy. The first offset may be greater than 0, as in a
   * sliced Arrow column.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the name of the refused argument
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

  /** The number of messages. */
  get length(): number {
    return this.offsets.length - 1;
  }

  /**
   * Returns message `index`, from 0, as a view of `data`.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if it does not exist
   */
  get(index: number): Uint8Array {
    requireIndex(index, this.length);
    return this.data.subarray(this.offsets[index], this.offsets[index + 1]);
  }

  /** Iterates over the messages in order. Each is a view of `data`. */
  *[Symbol.iterator](): Generator<Uint8Array, void, undefined> {
    const { offsets, data } = this;
    for (let i = 1; i < offsets.length; i++) yield data.subarray(offsets[i - 1], offsets[i]);
  }

  /**
   * Makes a batch with one message per line. Lines end with `\n` or `\r\n`; the end of the last line is
   * optional. An empty line is a message of 0 bytes. Empty input has no messages.
   *
   * By default the messages exclude the line ends, which takes one copy of the bytes. With `keepEnds` they
   * include them, and `data` is the memory that was passed in. A string is encoded as UTF-8.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if `text` is not a string or Uint8Array over ordinary
   *   memory, or has more than 2^31 - 1 bytes
   */
  static fromLines(text: Uint8Array | string, options: LinesOptions = {}): Batch {
    const keep = keepEndsOf(options);
    const own = typeof text === 'string';
    if (!own) requireBytes('text', text, ' or a string');
    const bytes = own ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    requireTotal('text', bytes.length);
    if (keep) return uncheckedBatch(lineStarts(bytes), own ? bytes : text);
    return withoutEnds(own ? bytes : Buffer.from(bytes));
  }

  /**
   * Packs messages into one new buffer. Each message is copied once.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if an element is not a Uint8Array over ordinary memory, or
   *   the messages have more than 2^31 - 1 bytes
   */
  static of(messages: Iterable<Uint8Array>): Batch {
    const isArray = !types.isProxy(messages) && Array.isArray(messages);
    const all = isArray ? (messages as readonly Uint8Array[]) : collect(messages);
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
    return uncheckedBatch(offsets, data);
  }
}

/**
 * The results of a batch. Message `i` is the result of message `i` of the input or, if that message failed,
 * its error message in UTF-8. The memory belongs to the caller.
 */
export class BatchResult extends Batch {
  /** The `tenon_status` of each message; 0 means success. See {@link Status}. */
  readonly statuses: Int32Array;

  /**
   * Makes a result from its parts, without a copy. Calls return results; user code needs this only for test
   * doubles.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the name of the refused argument
   */
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

  /** The number of messages that failed. It is counted at each access. */
  get failed(): number {
    let count = 0;
    for (const status of this.statuses) if (status !== Status.TENON_OK) count++;
    return count;
  }

  /**
   * Returns the result of message `index`, from 0, as a view of `data`.
   * @throws TenonError if the message failed: the error that a single call with this message would throw
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if it does not exist
   */
  result(index: number): Uint8Array {
    const bytes = this.get(index);
    const status = this.statuses[index] ?? Status.TENON_OK;
    if (status === Status.TENON_OK) return bytes;
    throw callError(status, `Message ${index} of the batch`, textOf(bytes));
  }
}

/**
 * Makes a result from parts that are valid by construction, without the check of every offset. For the tiers
 * only: it must not be used for memory that the user or a plugin can reach.
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

/** Makes a batch without checks, from parts that are valid or are checked where they are used. */
export function uncheckedBatch(offsets: Int32Array, data: Uint8Array): Batch {
  const batch: Batch = Object.create(Batch.prototype);
  return Object.assign(batch, { offsets, data });
}

function collect(messages: unknown): Uint8Array[] {
  const iterable = readable(
    'messages',
    () => typeof messages === 'object' && messages !== null && Symbol.iterator in messages,
  );
  if (!iterable || types.isUint8Array(messages)) {
    throw invalidArgument('messages', `must be an iterable of Uint8Array, not ${kindOf(messages)}`);
  }
  return readable('messages', () => Array.from(messages as Iterable<Uint8Array>));
}

function keepEndsOf(options: unknown): boolean {
  if (typeof options !== 'object' || options === null)
    throw invalidArgument('options', `must be an object, not ${kindOf(options)}`);
  const keep = readable('options', () => (options as LinesOptions).keepEnds) ?? false;
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

/** Returns the offsets of the lines of `bytes`. Each line includes its end. */
function lineStarts(bytes: Buffer): Int32Array {
  const offsets = new OffsetList();
  let end = bytes.indexOf(LF);
  for (; end >= 0; end = bytes.indexOf(LF, end + 1)) offsets.push(end + 1);
  if (offsets.last < bytes.length) offsets.push(bytes.length);
  return offsets.toArray();
}

/** Removes the line ends from `bytes` by moving the lines together, and returns the lines as a batch. */
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
  return uncheckedBatch(offsets.toArray(), bytes.subarray(0, to));
}

/** A growing list of offsets, of which the first is 0. */
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
