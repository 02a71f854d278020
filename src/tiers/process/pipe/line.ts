/** Bytes to and from a runner over a pipe, both ways: while the event loop runs, and while a synchronous call blocks it. */
import { readSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { descriptorOf, isAgain } from '../file.js';
import { awaitFile, Ready } from './system.js';

const CHUNK = 64 * 1024;
/** Until the next attempt to write to a runner that does not read. */
const RETRY_MS = 1;

export interface LineListener {
  /** Where bytes of a message that has begun may go directly; empty if there is none. */
  gap(): Buffer;
  /** So many went there. */
  filled(size: number): void;
  /** Bytes, which are the listener's only until it returns. */
  bytes(chunk: Buffer): void;
  /** The event loop has brought something, or the end. */
  news(): void;
}

export class PipeLine {
  readonly #socket: Socket;
  readonly #listener: LineListener;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK);
  /** Only this class writes: what libuv had taken could not be written while the event loop is blocked. */
  readonly #waiting: Uint8Array[] = [];
  #retrying = false;
  #over = false;
  #referenced = false;

  constructor(socket: Socket, listener: LineListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.unref();
    socket.on('data', (chunk: Buffer) => {
      listener.bytes(chunk);
      listener.news();
    });
    socket.on('error', () => undefined);
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        if (this.#over) return;
        this.#over = true;
        listener.news();
      });
    }
  }

  /** The other end is closed, and everything that came from there was read. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends bytes that do not change until they are sent. */
  write(...pieces: Uint8Array[]): void {
    for (const piece of pieces) if (piece.length > 0) this.#waiting.push(piece);
    this.flush();
  }

  /** Writes as much as goes without waiting; the rest soon. */
  flush(): void {
    const progress = this.#writeNow();
    if (this.#waiting.length === 0 || this.#retrying || this.#over) return;
    this.#retrying = true;
    const again = (): void => {
      this.#retrying = false;
      this.flush();
    };
    if (progress) setImmediate(again);
    else setTimeout(again, RETRY_MS).unref();
  }

  /**
   * Waits, blocking, and reads and writes what can be. False if nothing could be in that time, or before there was something in one
   * of the `others`.
   */
  turn(milliseconds: number, others: readonly number[] = []): boolean {
    const file = descriptorOf(this.#socket);
    if (file === undefined) this.#over = true;
    if (file === undefined || this.#over) return false;
    const wanted = this.#waiting.length > 0 ? Ready.READ | Ready.WRITE : Ready.READ;
    const ready = awaitFile(file, wanted, milliseconds, others);
    if (ready & Ready.WRITE) this.#writeNow();
    if (ready & ~Ready.WRITE) this.#readNow(file);
    return ready !== 0;
  }

  /** Takes everything that is there. */
  drain(): void {
    while (this.turn(0)) if (this.#over) return;
  }

  reference(on: boolean): void {
    if (on === this.#referenced) return;
    this.#referenced = on;
    if (on) this.#socket.ref();
    else this.#socket.unref();
  }

  close(): void {
    this.#over = true;
    this.#waiting.length = 0;
    this.#socket.destroy();
  }

  #readNow(file: number): void {
    const gap = this.#listener.gap();
    const target = gap.length > CHUNK ? gap : this.#chunk;
    let size: number;
    try {
      size = readSync(file, target, 0, target.length, null);
    } catch (error) {
      if (!isAgain(error)) this.#over = true;
      return;
    }
    if (size === 0) this.#over = true;
    else if (target === gap) this.#listener.filled(size);
    else this.#listener.bytes(target.subarray(0, size));
  }

  /** Whether anything was written. What cannot be written any more is dropped: the end shows where this reads. */
  #writeNow(): boolean {
    const file = descriptorOf(this.#socket);
    const waiting = this.#waiting;
    let progress = false;
    while (waiting.length > 0) {
      const [first] = waiting;
      try {
        if (first === undefined || file === undefined) throw new Error('closed');
        const size = writeSync(file, first, 0, first.length);
        progress = true;
        if (size === first.length) waiting.shift();
        else waiting[0] = first.subarray(size);
      } catch (error) {
        if (!isAgain(error)) waiting.length = 0;
        return progress;
      }
    }
    return progress;
  }
}
