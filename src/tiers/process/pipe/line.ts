/**
 * Bytes to and from a runner over a pipe: while the event loop runs, and while a synchronous call blocks it.
 */
import type { ChildProcess } from 'node:child_process';
import { readSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { standardStreams } from '../child.js';
import { descriptorOf, isAgain, type OutputStream } from '../file.js';
import { FIRST_FILE, type Stdio } from '../spawn.js';
import { awaitFile, Ready } from './system.js';

const CHUNK = 64 * 1024;
/** Milliseconds until the next attempt to write to a runner that does not read. */
const RETRY_MS = 1;
/** The maximum number of chunks that are read after the end of a process, which is more than a pipe holds. */
const MOST_TURNS = 1024;

/** Receives the bytes of a pipe. */
export interface LineListener {
  /** Returns the memory into which bytes of a message can be read directly. Empty if no message has begun. */
  gap(): Buffer;
  /** Called when that many bytes were read into the gap. */
  filled(size: number): void;
  /** Receives bytes, which are valid only until it returns. */
  bytes(chunk: Buffer): void;
  /** Called when the event loop has read something or the end. */
  news(): void;
}

/** The connection to a runner over one pipe or several. */
export interface Line {
  /** Whether the other end is closed, and everything that it sent was read. */
  readonly over: boolean;
  /** Sends bytes, which must not change until they are sent. */
  write(...pieces: Uint8Array[]): void;
  /**
   * Blocks, and reads and writes what is possible. Returns false if nothing was possible in that time, or if
   * one of the `others` became readable first.
   */
  turn(milliseconds: number, others?: readonly number[]): boolean;
  /**
   * Reads everything that is available, within bounds: a process that the runner started may write without end.
   */
  drain(): void;
  /** Sets whether it keeps the event loop alive. */
  reference(on: boolean): void;
  close(): void;
}

/** This side's ends of the pipes of a runner. */
export interface PipeEnds {
  /** The files for stdout and stderr of the process. */
  readonly output: Stdio;
  /** The files of the channel in the process, from its fourth descriptor on. */
  readonly files: Stdio;
  /** Called once after the process was started. Returns undefined if there are no pipes to it. */
  connect(child: ChildProcess, listener: LineListener): Line | undefined;
  /** Returns stdout and stderr of the process. */
  streams(child: ChildProcess): readonly OutputStream[];
  /** Closes the ends. Has no effect after `connect`. */
  abandon(): void;
}

/** Makes the ends where Node.js has all that is needed: one socket for both directions. */
export function socketEnds(): PipeEnds {
  return {
    output: ['pipe', 'pipe'],
    files: ['pipe'],
    connect(child, listener) {
      // There are no files if the process could not be started for lack of descriptors.
      const files = child.stdio as ChildProcess['stdio'] | undefined;
      const socket = files?.[FIRST_FILE] as Socket | null | undefined;
      return socket ? new PipeLine(socket, listener) : undefined;
    },
    streams: standardStreams,
    abandon: () => undefined,
  };
}

/** One pipe to a runner. */
class PipeLine implements Line {
  readonly #socket: Socket;
  readonly #listener: LineListener;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK);
  /**
   * The pieces to write. Only this class writes, because data that libuv has queued could not be written
   * while the event loop is blocked.
   */
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

  get over(): boolean {
    return this.#over;
  }

  write(...pieces: Uint8Array[]): void {
    for (const piece of pieces) if (piece.length > 0) this.#waiting.push(piece);
    this.flush();
  }

  /** Writes as much as possible without waiting. The rest follows soon. */
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

  drain(): void {
    for (let i = 0; i < MOST_TURNS && this.turn(0); i++) if (this.#over) return;
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

  /**
   * Returns whether anything was written. Drops data that can no longer be written; reading then reveals the
   * end.
   */
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
