/** Records on a pipe: `native/channel/layout.h` has their layout, `native/channel/pipe_end.h` their order. */

/** Bytes of a record, which the bytes of its message follow. */
export const HEADER = 48;
/** More is no message. */
const LONGEST = 2 ** 31 - 1;
/** Memory for the bytes of a message that has begun; more as they come. */
const FIRST_ROOM = 4 << 20;
const NO_BYTES = Buffer.alloc(0);

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

/** A record for `size` bytes that are sent after it, or along with it in `room` more bytes. */
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

/** Signed where the words of the control array are. */
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

/** Who hears of records. */
export interface FrameTaker {
  /** Before there is memory for its bytes: what is wrong with it, null if nothing is. */
  check(record: PipeRecord): string | null;
  take(record: PipeRecord, bytes: Buffer): void;
}

/** Puts records together again. Nothing is read after one that is wrong. */
export class FrameReader {
  readonly #taker: FrameTaker;
  readonly #head = Buffer.alloc(HEADER);
  /** Has room for what came, not for all that was announced. */
  #headed = 0;
  #record: PipeRecord | undefined;
  #body = NO_BYTES;
  #filled = 0;
  #problem: string | null = null;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  /** What was wrong with a record. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Where the rest of a message may be read to directly. Empty if nothing of one is missing. */
  get gap(): Buffer {
    return this.#body.subarray(this.#filled);
  }

  /** So many bytes were read into the gap. */
  fill(size: number): void {
    this.#filled += size;
    if (this.#record !== undefined) this.#makeRoom(this.#record);
    this.#complete();
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
    this.#filled = 0;
    this.#problem = wrongLength(record) ?? this.#taker.check(record);
    if (this.#problem !== null) return;
    this.#record = record;
    this.#makeRoom(record);
    this.#complete();
  }

  #makeRoom({ size }: PipeRecord): void {
    if (this.#filled < this.#body.length || this.#problem !== null) return;
    try {
      const larger = Buffer.allocUnsafe(Math.min(size, Math.max(FIRST_ROOM, 2 * this.#filled)));
      this.#body.copy(larger, 0, 0, this.#filled);
      this.#body = larger;
    } catch {
      this.#problem = `it announced a message of ${size} bytes, for which there is no memory`;
    }
  }

  #complete(): void {
    const record = this.#record;
    if (record === undefined || this.#filled < record.size) return;
    const bytes = this.#body;
    this.#record = undefined;
    this.#body = NO_BYTES;
    this.#filled = 0;
    this.#taker.take(record, bytes);
  }
}

function wrongLength({ flags, size, total }: PipeRecord): string | null {
  if (flags !== 0 || size !== total) return 'it sent a message in parts, which a pipe has none of';
  return size <= LONGEST ? null : `it announced a message of ${size} bytes`;
}
