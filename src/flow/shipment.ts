/** Rows on their way to a sink: which of them it has answered. */
import type { TenonError } from '../base/errors.js';
import type { Contra } from './contra.js';
import type { EventFrame } from './frame.js';
import { pickRows } from './frame-builder.js';
import type { Ending } from './parcel.js';

/** Receives the end of rows. `rows` is null if all rows end that way and none has ended before. */
export type Settle = (rows: readonly number[] | null, ending: Ending) => void;

/** A frame for a sink, until all its rows have ended. */
export class Shipment {
  readonly frame: EventFrame;
  readonly #settle: Settle;
  /** Which rows have ended; null while none has. */
  #ended: Uint8Array | null = null;
  #open: number;
  /** The rows of each stream, in which positions never decrease. Null until an answer needs them. */
  #byStream: Map<bigint, readonly number[]> | null = null;

  constructor(frame: EventFrame, settle: Settle) {
    this.frame = frame;
    this.#settle = settle;
    this.#open = frame.rows;
  }

  /** The number of rows that have not ended. */
  get open(): number {
    return this.#open;
  }

  /** Returns the rows that have not ended. */
  openRows(): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.frame.rows; row++) if (this.#ended?.[row] !== 1) rows.push(row);
    return rows;
  }

  /** Returns a frame of the rows that have not ended. */
  openFrame(): EventFrame {
    return this.#ended === null ? this.frame : pickRows(this.frame, this.openRows());
  }

  /** Ends all rows that have not ended. */
  endAll(ending: Ending): void {
    if (this.#open === 0) return;
    if (this.#ended === null) {
      this.#open = 0;
      this.#settle(null, ending);
    } else this.endRows(this.openRows(), ending);
  }

  /** Ends some rows. Those that have ended before are ignored. */
  endRows(rows: readonly number[], ending: Ending): void {
    const given = this.handOver(rows);
    if (given.rows.length > 0) given.end(ending);
  }

  /**
   * Gives rows away that the sink does not accept. They end when the returned function is called. Rows that have ended
   * before are ignored.
   */
  handOver(rows: readonly number[]): {
    readonly rows: readonly number[];
    readonly end: (ending: Ending) => void;
  } {
    this.#ended ??= new Uint8Array(this.frame.rows);
    const fresh = rows.filter((row) => this.#ended?.[row] !== 1);
    for (const row of fresh) this.#ended[row] = 1;
    this.#open -= fresh.length;
    return { rows: fresh, end: (ending) => this.#settle(fresh, ending) };
  }

  /** Returns a shipment of one of its rows. */
  only(row: number): Shipment {
    return new Shipment(pickRows(this.frame, [row]), (_, ending) => this.endRows([row], ending));
  }

  /** Returns the rows in a range that have not ended. */
  rowsIn({ stream, first, last }: Required<Contra>): number[] {
    if (this.#open === 0) return [];
    const { frame } = this;
    this.#byStream ??= rowsByStream(frame);
    const rows = this.#byStream.get(stream) ?? [];
    const found: number[] = [];
    for (let i = firstFrom(frame, rows, first); i < rows.length; i++) {
      const row = rows[i] as number;
      if (frame.positionOf(row) > last) break;
      if (this.#ended?.[row] !== 1) found.push(row);
    }
    return found;
  }
}

/** Returns the rows of each stream of a frame. */
export function rowsByStream(frame: EventFrame): Map<bigint, readonly number[]> {
  const streams = new Map<bigint, number[]>();
  for (let row = 0; row < frame.rows; row++) {
    const stream = frame.streamOf(row);
    const rows = streams.get(stream);
    if (rows === undefined) streams.set(stream, [row]);
    else rows.push(row);
  }
  return streams;
}

/** Returns the index of the first of the rows whose position is not less than `first`, by halves. */
function firstFrom(frame: EventFrame, rows: readonly number[], first: bigint): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (frame.positionOf(rows[middle] as number) < first) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows that a sink never accepts. */
export interface Refused {
  readonly shipment: Shipment;
  readonly rows: readonly number[];
  readonly error: TenonError;
}

/** Decides what becomes of such rows. */
export type GiveUp = (refused: Refused) => void;
