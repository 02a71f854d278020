/**
 * The ledger of a source: every event that came in, until it has ended. A stream is acknowledged only as far as
 * everything before has ended, whatever the order of the answers.
 */
import type { EventFrame } from './frame.js';
import { emptyFrame } from './frame-builder.js';
import { endFrameUse } from './frame-memory.js';
import { Parcel, type Run } from './parcel.js';
import { Queue } from './queue.js';

/** A range of events of one stream that have not ended, both ends included. */
export interface Leftover {
  /** The name of the source. */
  readonly source: string;
  /** The stream. */
  readonly stream: bigint;
  /** The position of the first event. */
  readonly first: bigint;
  /** The position of the last event. */
  readonly last: bigint;
  /** The number of events. */
  readonly rows: number;
}

/** The position up to which a stream may be acknowledged. */
export interface Ack {
  readonly stream: bigint;
  /** Everything up to this position has ended. */
  readonly position: bigint;
  /** The stream has ended, and all of it is acknowledged. */
  readonly ended: boolean;
}

/** The counters of a ledger. At all times `in` is the sum of the others. */
export interface LedgerCounts {
  /** The events that came in. */
  readonly in: number;
  /** The events that every required sink has. */
  readonly delivered: number;
  /** The events that became dead letters. */
  readonly dead: number;
  /** The events that stages left out. */
  readonly filtered: number;
  /** The events that have not ended. */
  readonly inFlight: number;
}

/** A run of rows in flight. */
interface Part {
  readonly parcel: Parcel;
  readonly run: Run;
}

interface StreamState {
  readonly parts: Queue<Part>;
  acked: bigint | null;
  told: bigint | null;
}

/** The listener of a ledger: its flow. */
export interface LedgerListener {
  /** A whole frame has ended. */
  ended(frame: EventFrame): void;
  /** Something has ended: there is more room, and perhaps something to acknowledge. */
  changed(): void;
}

/** The ledger of one source. */
export class Ledger {
  readonly #streams = new Map<bigint, StreamState>();
  readonly #dirty = new Set<bigint>();
  /** The frames of which rows were settled. Their streams are dirty. */
  readonly #moved = new Set<Parcel>();
  readonly #listener: LedgerListener;
  readonly #counts = { in: 0, delivered: 0, dead: 0, filtered: 0 };
  #rows = 0;
  #bytes = 0;

  constructor(listener: LedgerListener) {
    this.#listener = listener;
  }

  /** The number of events in flight. */
  get rows(): number {
    return this.#rows;
  }

  /** The bytes of the frames in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of streams that it knows. */
  get streams(): number {
    return this.#streams.size;
  }

  /** The counters. */
  get counts(): LedgerCounts {
    return { ...this.#counts, inFlight: this.#rows };
  }

  /** Counts events that a stage left out. They have ended. */
  filtered(rows: number): void {
    this.#counts.in += rows;
    this.#counts.filtered += rows;
  }

  /**
   * Takes a frame into the ledger, and ends the caller's use of it when all rows have ended. `need` sinks settle each row.
   * `runs` cover all rows, in order.
   */
  enter(frame: EventFrame, runs: readonly Run[], need: number): Parcel {
    const parcel = new Parcel(frame, runs, need, this);
    this.#counts.in += frame.rows;
    this.#rows += frame.rows;
    this.#bytes += frame.rows === 0 ? 0 : frame.bytes.length;
    for (const run of runs) {
      this.#state(run.stream).parts.push({ parcel, run });
      if (run.from === run.to) this.#dirty.add(run.stream);
    }
    if (frame.rows === 0) this.#listener.changed();
    return parcel;
  }

  /** Notes runs without rows, which end at once. */
  note(runs: readonly Run[]): void {
    if (runs.length > 0) this.enter(emptyFrame(), runs, 0);
  }

  /** Called by parcels. */
  settled(parcel: Parcel, rows: number, dead: number, last: boolean): void {
    this.#rows -= rows;
    this.#counts.dead += dead;
    this.#counts.delivered += rows - dead;
    this.#moved.add(parcel);
    if (last) {
      this.#bytes -= parcel.frame.bytes.length;
      this.#listener.ended(parcel.frame);
      endFrameUse(parcel.frame);
    }
    this.#listener.changed();
  }

  /** Returns how far streams may be acknowledged that got further since the last time. */
  takeAcks(): Ack[] {
    const acks: Ack[] = [];
    for (const { runs } of this.#moved) for (const { stream } of runs) this.#dirty.add(stream);
    this.#moved.clear();
    for (const stream of this.#dirty) {
      const state = this.#streams.get(stream);
      if (state === undefined) continue;
      const ended = advance(state);
      const { acked, told } = state;
      if (acked !== null && (told === null || acked > told || ended)) {
        state.told = acked;
        acks.push({ stream, position: acked, ended });
      }
      if (ended || (state.parts.length === 0 && state.acked === null)) this.#streams.delete(stream);
    }
    this.#dirty.clear();
    return acks;
  }

  /** Returns everything that has not ended, as ranges. */
  leftover(source: string): Leftover[] {
    return [...this.#streams].flatMap(([stream, { parts }]) =>
      rangesOf(parts).map((range) => ({ source, stream, ...range })),
    );
  }

  #state(stream: bigint): StreamState {
    let state = this.#streams.get(stream);
    if (state === undefined) {
      state = { parts: new Queue(), acked: null, told: null };
      this.#streams.set(stream, state);
    }
    return state;
  }
}

/** Moves `acked` over what is settled. Returns whether the stream has ended. */
function advance(state: StreamState): boolean {
  const { parts } = state;
  for (let head = parts.first; head !== undefined; head = parts.first) {
    const { parcel, run } = head;
    const end = firstUnsettled(parcel, run);
    if (end < run.to) {
      if (run.fine) state.acked = later(state.acked, positionBefore(parcel.frame, run, end));
      return false;
    }
    parts.shift();
    state.acked = later(state.acked, run.safe);
    // A later run after the end belongs to a new stream of that number.
    if (run.ends && parts.length === 0) return true;
  }
  return false;
}

function firstUnsettled(parcel: Parcel, { from, to }: Run): number {
  if (parcel.left === 0) return to;
  for (let row = from; row < to; row++) if (!parcel.isSettled(row)) return row;
  return to;
}

/** Returns the position after which everything before row `end` is settled, and nothing else; or null. */
function positionBefore(frame: EventFrame, { from, held }: Run, end: number): bigint | null {
  const limit = frame.positionOf(end) < held ? frame.positionOf(end) : held;
  for (let row = end - 1; row >= from; row--) {
    const position = frame.positionOf(row);
    if (position < limit) return position;
  }
  return null;
}

function later(one: bigint | null, other: bigint | null): bigint | null {
  if (one === null || other === null) return one ?? other;
  return other > one ? other : one;
}

function rangesOf(parts: Queue<Part>): { first: bigint; last: bigint; rows: number }[] {
  const ranges: { first: bigint; last: bigint; rows: number }[] = [];
  let open: { first: bigint; last: bigint; rows: number } | undefined;
  for (const { parcel, run } of parts) {
    for (let row = run.from; row < run.to; row++) {
      if (parcel.isSettled(row)) {
        open = undefined;
        continue;
      }
      const position = parcel.frame.positionOf(row);
      if (open === undefined) {
        open = { first: position, last: position, rows: 1 };
        ranges.push(open);
      } else {
        open.last = position;
        open.rows += 1;
      }
    }
  }
  return ranges;
}

/** Returns the events of a frame as ranges, one for each stream. */
export function rangesIn(frame: EventFrame | null, source: string): Leftover[] {
  const ranges = new Map<bigint, Leftover>();
  for (let row = 0; frame !== null && row < frame.rows; row++) {
    const [stream, last] = [frame.streamOf(row), frame.positionOf(row)];
    const { first = last, rows = 0 } = ranges.get(stream) ?? {};
    ranges.set(stream, { source, stream, first, last, rows: rows + 1 });
  }
  return [...ranges.values()];
}
