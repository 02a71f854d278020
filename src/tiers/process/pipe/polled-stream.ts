/**
 * A standard stream of a runner on Windows. The event loop cannot wait for it, so it is looked at from time to time:
 * often while there is output, less often otherwise.
 */
import { EventEmitter } from 'node:events';
import type { OutputStream } from '../file.js';
import { windowsCalls } from './windows-calls.js';
import { CHUNK } from './windows-pipe.js';

/** Milliseconds between two looks, at least and at most. */
const SHORTEST = 4;
const LONGEST = 128;
/** The maximum number of chunks per look. */
const TURN = 16;

/** Has the part of a socket's interface that the output of a process needs. */
export class PolledStream extends EventEmitter implements OutputStream {
  readonly #handle: bigint;
  readonly #number = Buffer.allocUnsafeSlow(4);
  #pause = SHORTEST;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  #closed = false;

  constructor(handle: bigint) {
    super();
    this.#handle = handle;
    this.#lookLater();
  }

  unref(): this {
    return this; // its timer does not keep the event loop alive
  }

  /** Reads what is available without waiting, up to a megabyte. Returns false at the end of the stream. */
  readNow(take: (chunk: Buffer) => void): boolean {
    const { peek, read } = windowsCalls();
    const number = this.#number;
    for (let i = 0; i < TURN && !this.#over; i++) {
      const there = peek(this.#handle, 0, 0, 0, number, 0) !== 0;
      const size = there ? Math.min(number.readUInt32LE(), CHUNK) : 0;
      if (there && size === 0) return true;
      const chunk = Buffer.allocUnsafeSlow(size);
      if (!there || read(this.#handle, chunk, size, number, 0) === 0) this.#over = true;
      else take(chunk.subarray(0, number.readUInt32LE()));
    }
    return !this.#over;
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = this.#over = true;
    clearTimeout(this.#timer);
    windowsCalls().close(this.#handle);
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => this.#look(), this.#pause).unref();
  }

  #look(): void {
    let found = false;
    const more = this.readNow((chunk) => {
      found = true;
      this.emit('data', chunk);
    });
    if (!more || this.#over) return;
    this.#pause = found ? SHORTEST : Math.min(2 * this.#pause, LONGEST);
    this.#lookLater();
  }
}
