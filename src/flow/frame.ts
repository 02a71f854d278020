/**
 * Frames: many events in one block of bytes. `include/tenon_flow.h` describes the bytes. A frame is checked as a
 * whole before anything else sees it, and is never changed afterwards.
 */
import { TenonError } from '../base/errors.js';

/** The value of `held` if nothing is held. */
export const NOWHERE = 2n ** 64n - 1n;

/** The values of a row's mark. */
export const Mark = {
  /** An event. */
  row: 0,
  /** Not an event: its stream ends here properly. */
  end: 1,
  /** Not an event: its stream was cut off here. */
  broken: 2,
  /** An event that is a piece of a byte stream. */
  piece: 4,
} as const;

/** The states of a source after a frame. The index is the number in the header. */
export const FRAME_STATES = ['more', 'idle', 'done'] as const;
/** The state of a source after a frame: there may be more at once, nothing now, or nothing any more. */
export type FrameState = (typeof FRAME_STATES)[number];

/** The layout of `tenon_events`. */
export const EVENTS = {
  size: 88,
  word: {
    size: 0,
    rows: 1,
    length: 2,
    offsets: 3,
    data: 4,
    streams: 5,
    positions: 6,
    ingest: 7,
    marks: 8,
    metaOffsets: 9,
    meta: 10,
    state: 11,
  },
  long: { stream: 6, position: 7, ingestNs: 8, held: 9, wakeNs: 10 },
} as const;

/** The longest frame in bytes. */
export const MAX_FRAME = 2 ** 31 - 1;

const EMPTY_OFFSETS = new Int32Array(1);
const EMPTY_BYTES = new Uint8Array(0);

/**
 * A checked frame of events. Numbers of rows count from 0. Everything that it returns is a view of its bytes, which
 * must not be changed. A stage or sink that gets a frame, and a source that returns one, may keep it and its views for as
 * long as it likes.
 */
export class EventFrame {
  /** All bytes of the frame. */
  readonly bytes: Uint8Array;
  /** The number of rows. */
  readonly rows: number;
  /** The state of the source after the frame. */
  readonly state: FrameState;
  /** The oldest position of the input that a stage holds, or NOWHERE. */
  readonly held: bigint;
  /** If the state is `idle`: the nanoseconds after which the source wants to be pulled; 0 means when it wakes. */
  readonly wakeNs: bigint;
  /** Row i is `data` from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Int32Array;
  /** The bytes of all rows. */
  readonly data: Uint8Array;
  /** The stream of each row; null if all rows belong to `stream`. */
  readonly streams: BigUint64Array | null;
  /** The position of each row; null if row i has `position + i`. */
  readonly positions: BigUint64Array | null;
  /** The time of each row; null if all have `ingestNs`. */
  readonly ingest: BigUint64Array | null;
  /** The mark of each row; null if all are events. See {@link Mark}. */
  readonly marks: Uint8Array | null;
  /** The places of the rows' metadata in `meta`; null if there is none. */
  readonly metaOffsets: Int32Array | null;
  /** The metadata of all rows, as JSON. */
  readonly meta: Uint8Array;
  /** The stream of the first row. */
  readonly stream: bigint;
  /** The position of the first row. */
  readonly position: bigint;
  /** The time at which the first row came in, in nanoseconds since 1970. */
  readonly ingestNs: bigint;

  /**
   * Reads and checks a frame. `who` names its maker, for the message.
   * @throws TenonError ERR_TENON_CONTRACT for a frame that violates the layout
   */
  constructor(given: Uint8Array, who = 'the frame') {
    const bytes = aligned(given);
    const { buffer, byteOffset, length } = bytes;
    const refuse = (problem: string): never => {
      throw frameBreach(who, problem);
    };
    if (length < EVENTS.size) refuse(`it has ${length} bytes, expected at least ${EVENTS.size}`);
    const words = new Uint32Array(buffer, byteOffset, EVENTS.size / 4);
    const longs = new BigUint64Array(buffer, byteOffset, EVENTS.size / 8);
    const word = (name: keyof typeof EVENTS.word): number => words[EVENTS.word[name]] ?? 0;
    const head = word('size');
    if (head < EVENTS.size || head > length)
      refuse(`its size is ${head}, expected ${EVENTS.size} to ${length}`);
    if (word('length') !== length) refuse(`its length is ${word('length')}, expected ${length}`);
    const rows = word('rows');
    const column = (name: keyof typeof EVENTS.word, need: number): number => {
      const at = word(name);
      if (at === 0) return 0;
      if (at < head || at % 8 !== 0 || at + need > length)
        refuse(`its column ${name} begins at ${at} and has ${need} bytes, of ${length}`);
      return byteOffset + at;
    };
    const offsetsAt = column('offsets', (rows + 1) * 4);
    if (offsetsAt === 0 && rows > 0) refuse(`it has ${rows} rows and no offsets`);
    const longColumn = (name: keyof typeof EVENTS.word): BigUint64Array | null => {
      const at = column(name, rows * 8);
      return at === 0 ? null : new BigUint64Array(buffer, at, rows);
    };
    const values = (name: 'data' | 'meta', offsets: Int32Array): Uint8Array => {
      const end = lastOffset(offsets, name, refuse);
      const at = column(name, end);
      if (at === 0 && end > 0) refuse(`its rows end at byte ${end} of ${name}, which it lacks`);
      return at === 0 ? EMPTY_BYTES : new Uint8Array(buffer, at, end);
    };
    this.bytes = bytes;
    this.rows = rows;
    this.offsets = offsetsAt === 0 ? EMPTY_OFFSETS : new Int32Array(buffer, offsetsAt, rows + 1);
    this.data = values('data', this.offsets);
    this.streams = longColumn('streams');
    this.positions = longColumn('positions');
    this.ingest = longColumn('ingest');
    const marksAt = column('marks', rows);
    this.marks = marksAt === 0 ? null : new Uint8Array(buffer, marksAt, rows);
    const metaAt = column('metaOffsets', (rows + 1) * 4);
    this.metaOffsets = metaAt === 0 ? null : new Int32Array(buffer, metaAt, rows + 1);
    this.meta = this.metaOffsets === null ? EMPTY_BYTES : values('meta', this.metaOffsets);
    this.state = FRAME_STATES[word('state')] ?? refuse(`its state is ${word('state')}, expected 0 to 2`);
    this.held = longs[EVENTS.long.held] ?? NOWHERE;
    this.wakeNs = longs[EVENTS.long.wakeNs] ?? 0n;
    this.stream = this.streams?.[0] ?? longs[EVENTS.long.stream] ?? 0n;
    this.position = this.positions?.[0] ?? longs[EVENTS.long.position] ?? 0n;
    this.ingestNs = this.ingest?.[0] ?? longs[EVENTS.long.ingestNs] ?? 0n;
    if (this.position + BigInt(rows) > NOWHERE) refuse(`its positions exceed ${NOWHERE}`);
    checkMarks(this, refuse);
    checkMeta(this, refuse);
  }

  /** The number of bytes of all rows. */
  get size(): number {
    return (this.offsets[this.rows] ?? 0) - (this.offsets[0] ?? 0);
  }

  /** Returns the bytes of a row. */
  row(index: number): Uint8Array {
    return this.data.subarray(this.offsets[index], this.offsets[index + 1]);
  }

  /** Returns the bytes of a row as a string. */
  text(index: number): string {
    const { buffer, byteOffset } = this.data;
    const [from = 0, to = 0] = [this.offsets[index], this.offsets[index + 1]];
    return Buffer.from(buffer, byteOffset + from, to - from).toString();
  }

  /** Returns the stream of a row. */
  streamOf(index: number): bigint {
    return this.streams?.[index] ?? this.stream;
  }

  /** Returns the position of a row. */
  positionOf(index: number): bigint {
    return this.positions?.[index] ?? this.position + BigInt(index);
  }

  /** Returns the time at which a row came in, in nanoseconds since 1970. */
  ingestOf(index: number): bigint {
    return this.ingest?.[index] ?? this.ingestNs;
  }

  /** Returns the mark of a row. See {@link Mark}. */
  markOf(index: number): number {
    return this.marks?.[index] ?? Mark.row;
  }

  /** Returns the metadata of a row as JSON text; empty if it has none. */
  metaOf(index: number): string {
    if (this.metaOffsets === null) return '';
    const bytes = this.meta.subarray(this.metaOffsets[index], this.metaOffsets[index + 1]);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  }

  /** Returns the strings of all rows in order. */
  strings(): string[] {
    return Array.from({ length: this.rows }, (_, index) => this.text(index));
  }
}

/** Returns the error for a frame that violates the layout. */
export function frameBreach(who: string, problem: string): TenonError {
  const message = `${who} is not a valid frame (tenon_events): ${problem}. Nothing of it is used. Fix the plugin.`;
  return new TenonError('ERR_TENON_CONTRACT', message);
}

type Refuse = (problem: string) => never;

/** Returns the same bytes at a place where 64-bit columns can be read. */
function aligned(given: Uint8Array): Uint8Array {
  if (given.byteOffset % 8 === 0) return given;
  const copy = new Uint8Array(given.length);
  copy.set(given);
  return copy;
}

/** Checks that offsets never decrease, and returns the last. */
function lastOffset(offsets: Int32Array, name: string, refuse: Refuse): number {
  let previous = 0;
  for (let i = 0; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (offset < previous) refuse(`its offsets of ${name} decrease at row ${i}: ${offset} after ${previous}`);
    previous = offset;
  }
  return previous;
}

function checkMarks(frame: EventFrame, refuse: Refuse): void {
  const { marks, offsets } = frame;
  if (marks === null) return;
  for (let i = 0; i < marks.length; i++) {
    const mark = marks[i] as number;
    if (mark === Mark.row || mark === Mark.piece) continue;
    if (mark !== Mark.end && mark !== Mark.broken) refuse(`row ${i} has the mark ${mark}`);
    if (offsets[i] !== offsets[i + 1]) refuse(`row ${i} ends its stream, but has bytes`);
  }
}

function checkMeta(frame: EventFrame, refuse: Refuse): void {
  if (frame.metaOffsets === null) return;
  for (let i = 0; i < frame.rows; i++) {
    const text = frame.metaOf(i);
    if (text === '') continue;
    try {
      JSON.parse(text);
    } catch {
      refuse(`the metadata of row ${i} is not JSON`);
    }
  }
}
