/**
 * Records on a pipe. `native/channel/layout.h` defines their layout, and `native/channel/pipe_end.h` their
 * order.
 */

import { ifMemory } from '../channel.js';
import { LONGEST_RESULT } from '../settings.js';

/** The size of a record in bytes. The bytes of its message follow it. */
export const HEADER = 48;
/** The maximum size of a message. */
const LONGEST = LONGEST_RESULT;
/** The memory that is allocated when a message begins, in bytes. More is allocated as its bytes arrive. */
const FIRST_ROOM = 4 << 20;
const NO_BYTES = Buffer.alloc(0);
/** The target of bytes that are dropped. */
const WASTE = Buffer.alloc(64 * 1024);

/** A record on a pipe. */
export interface PipeRecord {
  readonly operation: number;
  readonly flags: number;
  readonly size: number;
  readonly total: number;
  readonly number: number;
  readonly instance: number;
  readonly method: number;
  readonly status: number;
  readonly detail: number;
}

/**
 * Encodes a record for `size` bytes. They are sent after it, or copied into `room` additional bytes at its
 * end.
 */
export function encodeRecord(
  record: Pick<PipeRecord, 'operation' | 'size' | 'number' | 'instance' | 'method' | 'detail'>,
  room = 0,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + room).fill(0, 0, HEADER);
  bytes.writeUInt32LE(record.operation, 0);
  bytes.writeBigUInt64LE(BigInt(record.size), 8);
  bytes.writeBigUInt64LE(BigInt(record.size), 16);
  bytes.writeBigUInt64LE(BigInt(record.number), 24);
  bytes.writeUInt32LE(record.instance >>> 0, 32);
  bytes.writeInt32LE(record.method, 36);
  bytes.writeUInt32LE(record.detail >>> 0, 44);
  return bytes;
}

/** Decodes a record. Members are signed if the corresponding words of the control array are. */
export function decodeRecord(bytes: Buffer): PipeRecord {
  return {
    operation: bytes.readUInt32LE(0),
    flags: bytes.readUInt32LE(4),
    size: Number(bytes.readBigUInt64LE(8)),
    total: Number(bytes.readBigUInt64LE(16)),
    number: Number(bytes.readBigUInt64LE(24)),
    instance: bytes.readInt32LE(32),
    method: bytes.readInt32LE(36),
    status: bytes.readInt32LE(40),
    detail: bytes.readInt32LE(44),
  };
}

/** Receives records. */
export interface FrameTaker {
  /**
   * Checks a record before memory for its bytes is allocated. Returns the problem, or null if it is valid.
   */
  check(record: PipeRecord): string | null;
  /** Receives a complete message, or null instead of its bytes if there was no memory for them. */
  take(record: PipeRecord, bytes: Buffer | null): void;
}

/** Reassembles records from chunks. Reads nothing after an invalid record. */
export class FrameReader {
  readonly #taker: FrameTaker;
  readonly #head = Buffer.alloc(HEADER);
  /** The number of bytes in the head. */
  #headed = 0;
  #record: PipeRecord | undefined;
  /** The memory of the message. It grows with the bytes that arrive, not to the size that was announced. */
  #body = NO_BYTES;
  #filled = 0;
  /** The bytes of the message that are dropped, because there was no memory for them. */
  #lost = 0;
  #problem: string | null = null;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  /** The problem with a record; null if there was none. */
  get problem(): string | null {
    return this.#problem;
  }

  /** The memory into which the rest of a message can be read directly. Empty if no message is incomplete. */
  get gap(): Buffer {
    return this.#body.subarray(this.#filled);
  }

  /** Called when that many bytes were read into the gap. */
  fill(size: number): void {
    this.#filled += size;
    if (this.#record !== undefined) this.#makeRoom(this.#record);
    this.#complete();
  }

  /** The bytes of the message that have arrived. */
  get #arrived(): number {
    return this.#lost + this.#filled;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#problem === null) {
      if (this.#record === undefined) {
        const part = Math.min(chunk.length - at, HEADER - this.#headed);
        chunk.copy(this.#head, this.#headed, at, at + part);
        at += part;
        this.#headed += part;
        if (this.#headed === HEADER) this.#begin();
      } else {
        const part = Math.min(chunk.length - at, this.#body.length - this.#filled);
        chunk.copy(this.#body, this.#filled, at, at + part);
        at += part;
        this.fill(part);
      }
    }
  }

  #begin(): void {
    const record = decodeRecord(this.#head);
    this.#headed = 0;
    this.#filled = this.#lost = 0;
    this.#problem = wrongLength(record) ?? this.#taker.check(record);
    if (this.#problem !== null) return;
    this.#record = record;
    this.#makeRoom(record);
    this.#complete();
  }

  #makeRoom({ size }: PipeRecord): void {
    if (this.#filled < this.#body.length || this.#arrived === size) return;
    const larger =
      this.#lost > 0
        ? null
        : ifMemory(() => Buffer.allocUnsafe(Math.min(size, Math.max(FIRST_ROOM, 2 * this.#filled))));
    if (larger === null) {
      this.#lost += this.#filled;
      this.#filled = 0;
      this.#body = WASTE.subarray(0, size - this.#lost);
    } else {
      this.#body.copy(larger, 0, 0, this.#filled);
      this.#body = larger;
    }
  }

  #complete(): void {
    const record = this.#record;
    if (record === undefined || this.#arrived < record.size) return;
    const bytes = this.#lost > 0 ? null : this.#body;
    this.#record = undefined;
    this.#body = NO_BYTES;
    this.#filled = this.#lost = 0;
    this.#taker.take(record, bytes);
  }
}

function wrongLength({ flags, size, total }: PipeRecord): string | null {
  if (flags !== 0 || size !== total) return 'it sent a message in parts, which a pipe does not support';
  return size <= LONGEST ? null : `it announced a message of ${size} bytes`;
}
