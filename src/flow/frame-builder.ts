/** Makes frames: from rows, and from rows of other frames. */
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import { EVENTS, EventFrame, FRAME_STATES, type FrameState, MAX_FRAME, Mark, NOWHERE } from './frame.js';

/** The members of a row besides its bytes. */
export interface RowOptions {
  /** The position. Default: the one after the previous row's. */
  readonly position?: bigint;
  /** The stream. Default 0. */
  readonly stream?: bigint;
  /** The mark. See {@link Mark}. Default: an event. */
  readonly mark?: number;
  /** The metadata, a value for JSON.stringify. */
  readonly meta?: unknown;
  /** The time at which the event came in, in nanoseconds since 1970. Default: now. */
  readonly ingestNs?: bigint;
}

/** The members of a whole frame. */
export interface FrameOptions {
  /** The state of the source after the frame. Default: `more`. */
  readonly state?: FrameState;
  /** The oldest input position that a stage holds. Default: NOWHERE. */
  readonly held?: bigint;
  /** Nanoseconds after which an idle source wants to be pulled; 0 means when it wakes. Default 0. */
  readonly wakeNs?: bigint;
}

/** The columns of a new frame. */
interface Columns extends FrameOptions {
  readonly rows: readonly Uint8Array[];
  readonly streams: readonly bigint[];
  readonly positions: readonly bigint[];
  readonly ingest: readonly bigint[];
  readonly marks: readonly number[];
  readonly meta: readonly string[];
}

const encoder = new TextEncoder();

/** Returns the present time as frames have it: nanoseconds since 1970. */
export function nowNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}

/**
 * Collects rows and makes a frame of them.
 *
 * ```js
 * const builder = new FrameBuilder();
 * builder.add('first', { position: 1n });
 * builder.add('second');
 * return builder.build({ state: 'idle' });
 * ```
 */
export class FrameBuilder {
  readonly #rows: Uint8Array[] = [];
  readonly #streams: bigint[] = [];
  readonly #positions: bigint[] = [];
  readonly #ingest: bigint[] = [];
  readonly #marks: number[] = [];
  readonly #meta: string[] = [];
  #size = 0;
  #now: bigint | undefined;

  /** The number of rows so far. */
  get rows(): number {
    return this.#rows.length;
  }

  /** The number of bytes of the rows so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds a row. Its bytes are copied by `build`. @throws TenonError ERR_TENON_INVALID_ARGUMENT; nothing is added then */
  add(bytes: Uint8Array | string, options: RowOptions = {}): this {
    const row = typeof bytes === 'string' ? encoder.encode(bytes) : bytes;
    if (!(row instanceof Uint8Array))
      throw invalidArgument('bytes', `must be a string or a Uint8Array, not ${shown(bytes)}`);
    const { stream = 0n, position = (this.#positions.at(-1) ?? -1n) + 1n, mark = Mark.row, meta } = options;
    this.#now ??= nowNs();
    const { ingestNs = this.#now } = options;
    checkLong('stream', stream);
    checkLong('position', position);
    checkLong('ingestNs', ingestNs);
    checkMark(mark, row);
    const text = meta === undefined ? '' : metaText(meta);
    this.#rows.push(row);
    this.#size += row.length;
    this.#streams.push(stream);
    this.#positions.push(position);
    this.#ingest.push(ingestNs);
    this.#marks.push(mark);
    this.#meta.push(text);
    return this;
  }

  /** Adds a row of another frame, perhaps with other bytes. */
  addFrom(frame: EventFrame, index: number, bytes: Uint8Array | string = frame.row(index)): this {
    const stream = frame.streamOf(index);
    const position = frame.positionOf(index);
    this.add(bytes, { stream, position, mark: frame.markOf(index), ingestNs: frame.ingestOf(index) });
    this.#meta[this.#meta.length - 1] = frame.metaOf(index);
    return this;
  }

  /** Makes the frame. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
  build(options: FrameOptions = {}): EventFrame {
    const { state = 'more', held = NOWHERE, wakeNs = 0n } = options;
    if (!FRAME_STATES.includes(state))
      throw invalidArgument('state', `must be one of ${FRAME_STATES.join(', ')}, not ${shown(state)}`);
    checkLong('held', held);
    checkLong('wakeNs', wakeNs);
    return encode({
      ...options,
      rows: this.#rows,
      streams: this.#streams,
      positions: this.#positions,
      ingest: this.#ingest,
      marks: this.#marks,
      meta: this.#meta,
    });
  }
}

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
function checkLong(argument: string, value: bigint): void {
  if (typeof value === 'bigint' && value >= 0n && value <= NOWHERE) return;
  throw invalidArgument(argument, `must be a bigint from 0 to ${NOWHERE}, not ${shown(value)}`);
}

const MARKS: readonly number[] = Object.values(Mark);

function checkMark(mark: number, row: Uint8Array): void {
  if (!MARKS.includes(mark))
    throw invalidArgument('mark', `must be one of ${MARKS.join(', ')}, not ${shown(mark)}`);
  if ((mark === Mark.end || mark === Mark.broken) && row.length > 0)
    throw invalidArgument(
      'mark',
      `ends its stream, so the row must be empty, but it has ${row.length} bytes`,
    );
}

function metaText(meta: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(meta);
  } catch {
    // A circle, or a BigInt.
  }
  if (text !== undefined) return text;
  throw invalidArgument('meta', `must be a value for JSON.stringify, not ${shown(meta)}`);
}

/** Makes a frame without rows. */
export function emptyFrame(options: FrameOptions = {}): EventFrame {
  return new FrameBuilder().build(options);
}

/** Makes a frame of those rows of another for which `keep` returns true. Returns the same frame if all are kept. */
export function filterFrame(frame: EventFrame, keep: (index: number) => boolean): EventFrame {
  const rows: number[] = [];
  for (let i = 0; i < frame.rows; i++) if (keep(i)) rows.push(i);
  return rows.length === frame.rows ? frame : pickRows(frame, rows);
}

/** Makes a frame of rows of another, in that order. */
export function pickRows(frame: EventFrame, rows: readonly number[]): EventFrame {
  const { held, state, wakeNs } = frame;
  const columns: Columns = {
    ...{ held, state, wakeNs },
    rows: rows.map((row) => frame.row(row)),
    streams: rows.map((row) => frame.streamOf(row)),
    positions: rows.map((row) => frame.positionOf(row)),
    ingest: rows.map((row) => frame.ingestOf(row)),
    marks: rows.map((row) => frame.markOf(row)),
    meta: rows.map((row) => frame.metaOf(row)),
  };
  return encode(columns);
}

function encode(columns: Columns): EventFrame {
  const { rows, streams, positions, ingest, marks, meta } = columns;
  const [stream = 0n] = streams;
  const [position = 0n] = positions;
  const [ingestNs = 0n] = ingest;
  const texts = meta.every((text) => text === '') ? null : meta.map((text) => encoder.encode(text));
  const writer = new Layout();
  const count = rows.length;
  const at = {
    offsets: writer.place((count + 1) * 4, count > 0),
    data: writer.place(lengthOf(rows), count > 0),
    streams: writer.place(count * 8, !allEqual(streams)),
    positions: writer.place(count * 8, !consecutive(positions)),
    ingest: writer.place(count * 8, !allEqual(ingest)),
    marks: writer.place(
      count,
      marks.some((mark) => mark !== Mark.row),
    ),
    metaOffsets: writer.place((count + 1) * 4, texts !== null),
    meta: writer.place(lengthOf(texts ?? []), texts !== null),
  };
  const bytes = writer.allocate();
  const words = new Uint32Array(bytes.buffer, 0, EVENTS.size / 4);
  const longs = new BigUint64Array(bytes.buffer, 0, EVENTS.size / 8);
  const { word, long } = EVENTS;
  words[word.size] = EVENTS.size;
  words[word.rows] = count;
  words[word.length] = bytes.length;
  words[word.state] = FRAME_STATES.indexOf(columns.state ?? 'more');
  for (const [name, place] of Object.entries(at)) words[word[name as keyof typeof at]] = place;
  longs[long.stream] = stream;
  longs[long.position] = position;
  longs[long.ingestNs] = ingestNs;
  longs[long.held] = columns.held ?? NOWHERE;
  longs[long.wakeNs] = columns.wakeNs ?? 0n;
  if (at.offsets > 0) putValues(bytes, at.offsets, at.data, rows);
  if (texts !== null) putValues(bytes, at.metaOffsets, at.meta, texts);
  putLongs(bytes, at.streams, streams);
  putLongs(bytes, at.positions, positions);
  putLongs(bytes, at.ingest, ingest);
  if (at.marks > 0) bytes.set(marks, at.marks);
  return new EventFrame(bytes, 'the frame of a FrameBuilder');
}

/** The places of columns in a new frame. */
class Layout {
  #end: number = EVENTS.size;

  /** Returns the place of the next column; 0 if it is not wanted. */
  place(bytes: number, wanted: boolean): number {
    if (!wanted) return 0;
    const at = this.#end;
    this.#end = Math.ceil((at + bytes) / 8) * 8;
    return at;
  }

  allocate(): Uint8Array<ArrayBuffer> {
    if (this.#end > MAX_FRAME)
      throw invalidArgument(
        'rows',
        `would make a frame of ${this.#end} bytes, expected at most ${MAX_FRAME}`,
      );
    return new Uint8Array(this.#end);
  }
}

function putValues(bytes: Uint8Array, offsetsAt: number, at: number, values: readonly Uint8Array[]): void {
  const offsets = new Int32Array(bytes.buffer, offsetsAt, values.length + 1);
  let end = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Uint8Array;
    bytes.set(value, at + end);
    end += value.length;
    offsets[i + 1] = end;
  }
}

function putLongs(bytes: Uint8Array, at: number, values: readonly bigint[]): void {
  if (at > 0) new BigUint64Array(bytes.buffer, at, values.length).set(values);
}

function lengthOf(values: readonly Uint8Array[]): number {
  return values.reduce((sum, value) => sum + value.length, 0);
}

function allEqual(values: readonly bigint[]): boolean {
  return values.every((value) => value === values[0]);
}

function consecutive(values: readonly bigint[]): boolean {
  return values.every((value, index) => index === 0 || value === (values[index - 1] ?? 0n) + 1n);
}
