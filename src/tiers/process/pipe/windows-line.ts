/**
 * The pipes of one runner on Windows: bytes to and from it, while the event loop runs and while a synchronous call
 * blocks it. The runner writes a byte to another pipe, the bell, which the event loop can wait for. After each byte,
 * this side asks for the next one.
 */
import type { Socket } from 'node:net';
import { FIRST_FILE } from '../spawn.js';
import { encodeRecord } from './frames.js';
import { PipeOperation } from './inbox.js';
import type { Line, LineListener, PipeEnds } from './line.js';
import { PolledStream } from './polled-stream.js';
import { awaitHandles, windowsCalls } from './windows-calls.js';
import {
  CHUNK,
  closeFile,
  type Direction,
  ENDED,
  makePipe,
  type PipePair,
  Transfer,
} from './windows-pipe.js';

/** Milliseconds until the next attempt to write to a runner that does not read. */
const RETRY_MS = 1;
/** The longest turn in milliseconds. Afterwards the output of the runner is read, for which a turn does not wait. */
const LONGEST_TURN = 10;
/** The maximum number of chunks that are read after the end of a process. */
const MOST_TURNS = 1024;
/** The places of the pipes that the event loop reads, among the files of the channel. */
const BELL = FIRST_FILE + 2;
const LIFE = FIRST_FILE + 3;

const LISTENING = encodeRecord({
  operation: PipeOperation.LISTENING,
  size: 0,
  number: 0,
  instance: 0,
  method: 0,
  detail: 0,
});

/** The two pipes that carry records. */
class WindowsLine implements Line {
  readonly #listener: LineListener;
  readonly #bell: Socket;
  readonly #life: Socket;
  readonly #reading: Transfer;
  readonly #writing: Transfer;
  readonly #pairs: readonly PipePair[];
  readonly #waiting: Uint8Array[] = [];
  #retrying = false;
  #over = false;
  #closed = false;
  #referenced = false;

  constructor(
    pairs: readonly [toHost: PipePair, toRunner: PipePair],
    sockets: readonly [Socket, Socket],
    listener: LineListener,
  ) {
    this.#pairs = pairs;
    [this.#bell, this.#life] = sockets;
    this.#listener = listener;
    this.#reading = new Transfer(pairs[0].handle, 'beginRead');
    this.#writing = new Transfer(pairs[1].handle, 'beginWrite');
    for (const socket of sockets) socket.unref().on('error', () => undefined);
    this.#bell.on('data', () => {
      this.write(LISTENING);
      this.#readAll();
      listener.news();
    });
    for (const event of ['end', 'close'] as const) {
      this.#bell.on(event, () => {
        if (this.#over) return;
        this.#readAll();
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

  flush(): void {
    this.#writeNow();
    if (this.#retrying || this.#closed || this.#waiting.length === 0) return;
    this.#retrying = true;
    setTimeout(() => {
      this.#retrying = false;
      this.flush();
    }, RETRY_MS).unref();
  }

  /** Blocks for at most a few milliseconds, because it cannot wait for the `others`. */
  turn(milliseconds: number): boolean {
    if (this.#over) return false;
    this.#writeNow();
    if (this.#readNow()) return true;
    if (this.#over) return false;
    const events = [this.#reading.event, ...(this.#writing.pending ? [this.#writing.event] : [])];
    if (!awaitHandles(events, Math.min(milliseconds, LONGEST_TURN))) return false;
    this.#writeNow();
    return this.#readNow();
  }

  drain(): void {
    for (let i = 0; i < MOST_TURNS && this.#readNow(); i++) if (this.#over) return;
  }

  reference(on: boolean): void {
    if (on === this.#referenced) return;
    this.#referenced = on;
    if (on) this.#bell.ref();
    else this.#bell.unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = this.#over = true;
    this.#waiting.length = 0;
    for (const transfer of [this.#reading, this.#writing]) transfer.close();
    for (const { handle } of this.#pairs) windowsCalls().close(handle);
    this.#bell.destroy();
    this.#life.destroy();
  }

  #readAll(): void {
    while (this.#readNow());
  }

  /** Passes what was read to the listener, and reads on. Returns whether there was anything. */
  #readNow(): boolean {
    if (this.#over) return false;
    const reading = this.#reading;
    const size = reading.pending ? reading.poll() : reading.begin(CHUNK);
    if (size === undefined) return false;
    if (size === ENDED) {
      this.#over = true;
      return false;
    }
    this.#listener.bytes(reading.bytes.subarray(0, size));
    return true;
  }

  /** Writes what is possible without waiting. Drops data that can no longer be written; reading then reveals the end. */
  #writeNow(): void {
    const writing = this.#writing;
    if (this.#closed) return;
    while (!writing.pending || writing.poll() !== undefined) {
      const size = this.#gather(writing.bytes);
      if (size === 0) return;
      if (writing.begin(size) === ENDED) this.#waiting.length = 0;
    }
  }

  /** Moves waiting bytes into the memory of the transfer. Returns their number. */
  #gather(into: Buffer): number {
    let size = 0;
    while (size < into.length) {
      const [first] = this.#waiting;
      if (first === undefined) break;
      const part = first.subarray(0, into.length - size);
      into.set(part, size);
      size += part.length;
      if (part.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(part.length);
    }
    return size;
  }
}

/** Makes the pipes of a runner. @throws the system's error */
export function windowsEnds(): PipeEnds {
  const pairs: PipePair[] = [];
  const make = (direction: Direction, overlapped = false) => {
    const pair = makePipe(direction, overlapped);
    pairs.push(pair);
    return pair;
  };
  const abandon = () => {
    for (const { file, handle } of pairs.splice(0)) {
      closeFile(file);
      windowsCalls().close(handle);
    }
  };
  try {
    const [out, err] = [make('to-host'), make('to-host')];
    const [toHost, toRunner] = [make('to-host', true), make('to-runner', true)];
    return {
      output: [out.file, err.file],
      files: [toRunner.file, toHost.file, 'pipe', 'pipe'],
      streams: ({ pid }) =>
        pid === undefined ? [] : [out, err].map(({ handle }) => new PolledStream(handle)),
      connect(child, listener) {
        const [bell, life] = [child.stdio[BELL], child.stdio[LIFE]] as (Socket | null | undefined)[];
        if (!bell || !life) return undefined;
        for (const { file } of pairs.splice(0)) closeFile(file);
        return new WindowsLine([toHost, toRunner], [bell, life], listener);
      },
      abandon,
    };
  } catch (error) {
    abandon();
    throw error;
  }
}
