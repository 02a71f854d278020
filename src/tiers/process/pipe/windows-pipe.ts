/**
 * Pipes between this process and a runner on Windows. There, libuv does not tell the handle of a pipe, so that nothing
 * could read it while the event loop is blocked. So the handles of these pipes belong to this package, and the runner
 * gets the other ends as descriptors.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { systemLack } from '../../../base/resources.js';
import { LastingMemory, PENDING, windowsCalls } from './windows-calls.js';

const ACCESS_INBOUND = 1;
const ACCESS_OUTBOUND = 2;
const FIRST_INSTANCE = 0x0008_0000;
const OVERLAPPED = 0x4000_0000;
const REJECT_REMOTE = 8;
const INVALID = 2n ** 64n - 1n;
/** The bytes that the system keeps of each pipe. */
const ROOM = 256 * 1024;
/** The bytes that are read at once. */
export const CHUNK = 64 * 1024;
/** The bytes that are written at once, which takes a turn of the event loop if the pipe has no room for them. */
const WRITTEN = 1024 * 1024;
/** The result of a transfer whose pipe is closed. */
export const ENDED = -1;

/** One end of a pipe, and the descriptor of the other one. */
export interface PipePair {
  readonly handle: bigint;
  /** For the child. Close it after the child has it. */
  readonly file: number;
}

export type Direction = 'to-host' | 'to-runner';

/**
 * Makes a pipe in one direction. The other end is opened here, and there is only one. `overlapped`:
 * the handle is for a {@link Transfer}.
 * @throws the system's error
 */
export function makePipe(direction: Direction, overlapped: boolean): PipePair {
  const name = `\\\\.\\pipe\\tenon-${process.pid}-${randomBytes(16).toString('hex')}`;
  const access = direction === 'to-host' ? ACCESS_INBOUND : ACCESS_OUTBOUND;
  const flags = FIRST_INSTANCE | (overlapped ? OVERLAPPED : 0);
  const made = windowsCalls().createPipe(name, access | flags, REJECT_REMOTE, 1, ROOM, ROOM, 0, 0);
  const handle = BigInt.asUintN(64, BigInt(made));
  if (handle === INVALID || handle === 0n) throw systemLack('ENOMEM', 'CreateNamedPipe');
  try {
    const file = openSync(name, direction === 'to-host' ? constants.O_WRONLY : constants.O_RDONLY);
    return { handle, file };
  } catch (error) {
    windowsCalls().close(handle);
    throw error;
  }
}

/** Closes the end of the child in this process, if it is open. */
export function closeFile(file: number): void {
  try {
    closeSync(file);
  } catch {
    // It is closed.
  }
}

/** The place of the status in the memory of a transfer, whose bytes follow it. */
const HEADER = 64;

/** Input or output on a handle that may take longer than the call. There is one at a time. */
export class Transfer {
  readonly event: bigint;
  readonly #handle: bigint;
  readonly #kind: 'beginRead' | 'beginWrite';
  readonly #memory: LastingMemory;
  readonly #status: Buffer;
  readonly #bytes: Buffer;
  #pending = false;

  /** @throws the system's error */
  constructor(handle: bigint, kind: 'beginRead' | 'beginWrite') {
    this.#handle = handle;
    this.#kind = kind;
    this.#memory = new LastingMemory(HEADER + (kind === 'beginRead' ? CHUNK : WRITTEN));
    this.#status = this.#memory.bytes.subarray(0, HEADER);
    this.#bytes = this.#memory.bytes.subarray(HEADER);
    this.event = BigInt(windowsCalls().createEvent(0, 1, 0, 0));
    if (this.event === 0n) throw systemLack('ENOMEM', 'CreateEvent');
  }

  /** The bytes that are written, or that were read. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get pending(): boolean {
    return this.#pending;
  }

  /** Begins with the first `size` of the bytes. Returns as `poll` does. */
  begin(size: number): number | undefined {
    this.#status.writeUInt32LE(PENDING);
    const begin = windowsCalls()[this.#kind];
    const status = begin(this.#handle, this.event, 0, 0, this.#status, this.#bytes, size, 0, 0);
    this.#pending = status === PENDING;
    if (this.#pending) return this.poll();
    return status === 0 ? this.#status.readUInt32LE(8) : ENDED;
  }

  /** Returns the number of bytes that were transferred. Returns undefined before the end, and ENDED on a closed pipe. */
  poll(): number | undefined {
    const status = this.#status.readUInt32LE(0);
    if (status === PENDING) return undefined;
    this.#pending = false;
    return status === 0 ? this.#status.readUInt32LE(8) : ENDED;
  }

  /** Ends it, and waits until the system no longer uses the memory. */
  close(): void {
    const { close, cancel, sleep } = windowsCalls();
    if (this.#pending) cancel(this.#handle, 0, Buffer.allocUnsafeSlow(16));
    while (this.#pending && this.poll() === undefined) sleep(1);
    close(this.event);
    this.#memory.free();
  }
}
