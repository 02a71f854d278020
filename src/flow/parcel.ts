/** One frame in flight: which of its rows are settled. */
import type { EventFrame } from './frame.js';

/** The end of an event at a sink. */
export type Ending = 'delivered' | 'dead';

/** The rows of one stream in a frame, and what may be acknowledged once they are settled. */
export interface Run {
  readonly stream: bigint;
  /** The first row, and the one after the last. Both are equal if only `safe` matters. */
  readonly from: number;
  readonly to: number;
  /** The position that is safe to resume after once these rows and all earlier ones are settled; or null. */
  readonly safe: bigint | null;
  /** Whether the position of each row is safe to resume after once the rows up to it are settled. */
  readonly fine: boolean;
  /** Nothing from this position on may be acknowledged with these rows. */
  readonly held: bigint;
  /** Whether the stream ends with these rows. */
  readonly ends: boolean;
}

/** The listener of a parcel: the ledger. */
export interface ParcelOwner {
  /** Rows were settled. `last` is true if all are now. */
  settled(parcel: Parcel, rows: number, dead: number, last: boolean): void;
}

/**
 * A frame in flight. Each of `need` sinks settles each row once. A row is settled when all of them have. While the
 * sinks settle whole frames, only a number is counted.
 */
export class Parcel {
  readonly frame: EventFrame;
  readonly runs: readonly Run[];
  readonly #need: number;
  readonly #owner: ParcelOwner;
  #whole = 0;
  #anyDead = false;
  /** The number of sinks that settled each row; null while all settled whole frames. */
  #done: Uint8Array | null = null;
  #dead: Uint8Array | null = null;
  #left: number;

  constructor(frame: EventFrame, runs: readonly Run[], need: number, owner: ParcelOwner) {
    this.frame = frame;
    this.runs = runs;
    this.#need = need;
    this.#owner = owner;
    this.#left = frame.rows;
  }

  /** The number of rows that are not settled. */
  get left(): number {
    return this.#left;
  }

  /** Returns whether a row is settled. */
  isSettled(row: number): boolean {
    return this.#left === 0 || (this.#done !== null && (this.#done[row] ?? 0) >= this.#need);
  }

  /** A sink settles all rows. It has settled none of them before. */
  settle(ending: Ending): void {
    if (this.#done !== null) {
      this.settleRows(rowsOf(this.frame.rows), ending);
      return;
    }
    this.#whole += 1;
    if (ending === 'dead') this.#anyDead = true;
    if (this.#whole < this.#need) return;
    const { rows } = this.frame;
    this.#left = 0;
    this.#owner.settled(this, rows, this.#anyDead ? rows : 0, true);
  }

  /** A sink settles some rows. It has settled none of them before. */
  settleRows(rows: Iterable<number>, ending: Ending): void {
    this.#done ??= new Uint8Array(this.frame.rows).fill(this.#whole);
    this.#dead ??= new Uint8Array(this.frame.rows).fill(this.#anyDead ? 1 : 0);
    let settled = 0;
    let dead = 0;
    for (const row of rows) {
      if (ending === 'dead') this.#dead[row] = 1;
      const done = (this.#done[row] ?? 0) + 1;
      this.#done[row] = done;
      if (done !== this.#need) continue;
      settled += 1;
      dead += this.#dead[row] ?? 0;
    }
    if (settled === 0) return;
    this.#left -= settled;
    this.#owner.settled(this, settled, dead, this.#left === 0);
  }
}

function* rowsOf(count: number): Generator<number, void, undefined> {
  for (let row = 0; row < count; row++) yield row;
}
