/**
 * Bytes to inspect, read by position and never beyond their end. Every failure is a TenonError. All work on
 * one source is bounded, so a hostile file is refused without further harm.
 */
import { readSync } from 'node:fs';
import { TenonError } from '../base/errors.js';

/** The limits of the work for one file. They are far above the needs of real libraries. */
export const INSPECT_LIMITS = {
  /** The total of bytes read. Repeated reads count again. */
  readBytes: 256 * 1024 * 1024,
  symbols: 1024 * 1024,
  /** The total of bytes in exported names. */
  nameBytes: 64 * 1024 * 1024,
  /** The length of a string in bytes. */
  stringBytes: 64 * 1024,
  /**
   * Program headers, or sections of a PE or Mach-O file. Real files have a few dozen. Each lookup of an
   * address searches them all.
   */
  segments: 256,
  commands: 16_384,
  needed: 4096,
  relocations: 4 * 1024 * 1024,
} as const;

const READ_AHEAD = 16 * 1024;
const PAGE = 4096;

/** Bytes of a library file, addressed by their position in it. */
export abstract class ByteSource {
  readonly path: string;
  readonly size: number;
  #budget: number = INSPECT_LIMITS.readBytes;

  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
  }

  /** Reads bytes that are known to be in the source. */
  protected abstract fetch(offset: number, length: number): Buffer;

  /** Checks whether the source has `length` bytes at `offset`. */
  contains(offset: number, length: number): boolean {
    return offset >= 0 && length >= 0 && offset + length <= this.size;
  }

  /**
   * Reads `length` bytes at `offset`. The returned buffer is shared and must not be modified.
   * @param what the structure being read, for the message
   * @throws TenonError ERR_TENON_NOT_A_LIBRARY if the source ends earlier
   */
  read(offset: number, length: number, what: string): Buffer {
    if (!this.contains(offset, length)) {
      throw this.fail(
        `${what} takes ${length} bytes at offset ${offset}, but there are ${this.size} bytes (truncated or corrupted)`,
      );
    }
    this.#budget -= length;
    if (this.#budget < 0) throw this.fail('reading its tables takes more work than for any real library');
    return this.fetch(offset, length);
  }

  /**
   * Reads a NUL-terminated string at `offset` that ends before `end`.
   * @throws TenonError ERR_TENON_NOT_A_LIBRARY if there is no NUL before `end` or within the limit
   */
  cString(offset: number, end: number, what: string): string {
    const stop = Math.min(end, this.size, offset + INSPECT_LIMITS.stringBytes);
    for (let length = 64; offset >= 0; length *= 8) {
      const here = Math.min(length, stop - offset);
      if (here <= 0) break;
      const bytes = this.read(offset, here, what);
      const nul = bytes.indexOf(0);
      if (nul >= 0) return bytes.toString('utf8', 0, nul);
      if (here < length) break;
    }
    throw this.fail(`${what} at offset ${offset} is not terminated (truncated or corrupted)`);
  }

  /** Creates the error for an invalid file. `problem` is a clause without a full stop. */
  fail(problem: string): TenonError {
    return new TenonError(
      'ERR_TENON_NOT_A_LIBRARY',
      `Cannot load ${this.path}: not a shared library: ${problem}.`,
      {
        path: this.path,
      },
    );
  }
}

/** A cached part of a file. */
interface Extent {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** An open file. It reads ahead and caches, so that an inspection takes about ten system calls. */
export class FileSource extends ByteSource {
  readonly #fd: number;
  readonly #extents: Extent[] = [];

  constructor(path: string, fd: number, size: number) {
    super(path, size);
    this.#fd = fd;
  }

  protected fetch(offset: number, length: number): Buffer {
    for (const extent of this.#extents) {
      if (extent.start <= offset && offset + length <= extent.end) {
        return extent.bytes.subarray(offset - extent.start, offset - extent.start + length);
      }
    }
    const start = offset - (offset % PAGE);
    const end = Math.min(this.size, Math.max(start + READ_AHEAD, offset + length));
    const bytes = this.#readFully(start, end - start);
    this.#extents.unshift({ start, end, bytes });
    if (this.#extents.length > 32) this.#extents.pop();
    return bytes.subarray(offset - start, offset - start + length);
  }

  #readFully(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = this.#readSome(bytes, filled, position + filled);
      if (count === 0) throw this.fail('the file became shorter while it was read');
      filled += count;
    }
    return bytes;
  }

  #readSome(bytes: Buffer, filled: number, position: number): number {
    try {
      return readSync(this.#fd, bytes, filled, bytes.length - filled, position);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TenonError('ERR_TENON_UNREADABLE', `Cannot read ${this.path}: ${reason}.`, {
        path: this.path,
        cause,
      });
    }
  }
}

/** Bytes in memory. */
export class MemorySource extends ByteSource {
  readonly #bytes: Buffer;

  constructor(path: string, bytes: Uint8Array) {
    super(path, bytes.byteLength);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  protected fetch(offset: number, length: number): Buffer {
    return this.#bytes.subarray(offset, offset + length);
  }
}

/** A part of another source, such as the slice of a universal binary for a processor. */
export class SliceSource extends ByteSource {
  readonly #whole: ByteSource;
  readonly #start: number;

  /** The slice must be within `whole`. */
  constructor(whole: ByteSource, start: number, size: number) {
    super(whole.path, size);
    this.#whole = whole;
    this.#start = start;
  }

  protected fetch(offset: number, length: number): Buffer {
    return this.#whole.read(this.#start + offset, length, 'a slice');
  }
}
