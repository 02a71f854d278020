/** The memory that the channels of this thread share with native code. */
import { getSystemErrorMap } from 'node:util';
import { isMainThread, markAsUntransferable } from 'node:worker_threads';
import { addonProblem, loadAddon } from '../../../addon/addon.js';
import type { ProcessAddon } from '../../../addon/process.js';
import { TenonError } from '../../../base/errors.js';
import { resultMemory } from '../../../base/recycled-memory.js';
import { runtimeProblem } from '../../../base/runtime.js';
import { Word } from '../protocol.js';

/** The size in bytes up to which a loop copies results faster than a call does. */
const SMALL = 64;
/** The size of a slab in bytes. A slab holds many small results, each of which keeps the whole slab alive. */
const SLAB = 16 * 1024;
/** The used size from which a slab is replaced. */
const SLAB_END = SLAB - 1024;

const COOL_MS = 1000;

/** The receiver of a wake-up. */
interface Sleeper {
  readonly serial: number;
  wake(): void;
}

/** The memory that this thread shares with native code. */
export class NativeMemory {
  readonly addon: ProcessAddon;
  readonly control: Int32Array;
  /** The channels by their indexes in native code's table. */
  readonly channels: (Sleeper | undefined)[] = [];
  readonly #scratch: Buffer;
  #slab = newSlab();
  #cooling = false;

  constructor(addon: ProcessAddon) {
    const [control, scratch] = addon.open((index, serial) => {
      const channel = this.channels[index];
      if (channel?.serial === serial) channel.wake();
    });
    this.addon = addon;
    this.control = new Int32Array(control);
    this.#scratch = Buffer.from(scratch);
    addon.slab(this.#slab);
  }

  /** Returns the part of the slab that native code has filled. */
  piece(place: number, length: number): Buffer {
    const result = Buffer.from(this.#slab, place, length);
    const free = (place + length + 7) & ~7;
    this.control[Word.FREE] = free;
    if (free > SLAB_END) this.#renewSlab();
    return result;
  }

  /** Replaces the slab if it was detached, for which `ArrayBuffer.prototype.transfer` is left. */
  checkSlab(): void {
    if (this.#slab.byteLength === 0) this.#renewSlab();
  }

  fromScratch(start: number, length: number): Buffer {
    const result = Buffer.allocUnsafe(length);
    const scratch = this.#scratch;
    if (length > SMALL) scratch.copy(result, 0, start, start + length);
    else for (let i = 0; i < length; i++) result[i] = scratch[start + i] as number;
    return result;
  }

  /** Copies the held answer into new memory. */
  fresh(length: number): Buffer {
    const result = Buffer.allocUnsafeSlow(length);
    this.addon.take(result, true);
    return result;
  }

  /** Copies the held answer into memory that its caller may give back. */
  recycled(length: number): Buffer {
    const result = resultMemory(length, true);
    this.addon.take(result, false);
    return result;
  }

  /**
   * Copies the held answer into recycled memory. Returns undefined, and leaves the answer held, if that is
   * not possible.
   */
  warm(): Buffer | undefined {
    const taken = isMainThread ? this.addon.takeWarm() : undefined;
    if (taken === undefined) return undefined;
    this.#coolLater();
    const { buffer }: { readonly buffer: ArrayBufferLike & { transfer?: () => ArrayBuffer } } = taken;
    // Node.js does not transfer an addon's memory to worker threads. Moving it to another ArrayBuffer makes
    // it transferable.
    return buffer.transfer === undefined ? taken : Buffer.from(buffer.transfer());
  }

  /** Schedules the release of recycled memory that is no longer needed. */
  #coolLater(): void {
    if (this.#cooling) return;
    this.#cooling = true;
    setTimeout(() => {
      this.#cooling = false;
      if (this.addon.cool()) this.#coolLater();
    }, COOL_MS).unref();
  }

  #renewSlab(): void {
    this.#slab = newSlab();
    this.control[Word.FREE] = 0;
    this.addon.slab(this.#slab);
  }
}

/**
 * Makes a slab. Results of several callers share it, so that none of them may transfer it to another thread. The
 * pool of Buffers of Node.js works in the same way.
 */
function newSlab(): ArrayBuffer {
  const slab = new ArrayBuffer(SLAB);
  markAsUntransferable(slab);
  return slab;
}

let opened: NativeMemory | undefined;
let forbidden: string | null | undefined;

/** The errors of system calls that are not there or are forbidden. Other errors may be gone the next time. */
const FORBIDDEN: readonly string[] = ['EPERM', 'EACCES', 'ENOSYS'];

/** Returns the reason why this installation or system has no shared-memory channels, or null if it has them. */
export function sharedMemoryProblem(): string | null {
  // Not ??=, which would try again each time that there is no problem.
  if (forbidden === undefined) forbidden = problemOf(loadAddon()?.processes);
  return forbidden;
}

function problemOf(addon: ProcessAddon | undefined): string | null {
  const lacking = runtimeProblem('shared-memory');
  if (lacking !== null) return lacking;
  if (addon === undefined) return addonProblem() ?? 'This system lacks the required kind of shared memory.';
  const name = getSystemErrorMap().get(-addon.problem())?.[0];
  if (name === undefined || !FORBIDDEN.includes(name)) return null;
  return `The system forbids memfd_create or eventfd, which shared memory needs (${name}). Allow them, or load the plugin with transport: 'pipe'.`;
}

/** Returns the memory of this thread. @throws TenonError ERR_TENON_UNSUPPORTED */
export function openNative(): NativeMemory {
  if (opened !== undefined) return opened;
  const addon = loadAddon()?.processes;
  const problem = sharedMemoryProblem();
  if (addon === undefined || problem !== null)
    throw new TenonError('ERR_TENON_UNSUPPORTED', `Cannot run plugins over shared memory. ${problem}`);
  opened = new NativeMemory(addon);
  return opened;
}
