/** The memory by which the channels of this thread talk to native code. */
import { isMainThread } from 'node:worker_threads';
import { addonProblem, loadAddon } from '../../../addon/addon.js';
import type { ProcessAddon } from '../../../addon/process.js';
import { TenonError } from '../../../base/errors.js';
import { Word } from '../protocol.js';

/** Results up to this size are copied faster by a loop than by a call. */
const SMALL = 64;
/** Memory of small results, each of which keeps all of it alive. */
const SLAB = 16 * 1024;
/** A slab with less room is at its end. */
const SLAB_END = SLAB - 1024;

const COOL_MS = 1000;

/** Whom a wake-up is for. */
interface Sleeper {
  readonly serial: number;
  wake(): void;
}

export class NativeMemory {
  readonly addon: ProcessAddon;
  readonly control: Int32Array;
  /** By their place in native code's table. */
  readonly channels: (Sleeper | undefined)[] = [];
  readonly #scratch: Buffer;
  #slab = new ArrayBuffer(SLAB);
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

  /** The piece of the slab that native code has filled. */
  piece(place: number, length: number): Buffer {
    const result = Buffer.from(this.#slab, place, length);
    const free = (place + length + 7) & ~7;
    this.control[Word.FREE] = free;
    if (free > SLAB_END) this.#renewSlab();
    return result;
  }

  /** Whoever has a piece of it may have transferred all of it. */
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

  /** The held answer in new memory. */
  fresh(length: number): Buffer {
    const result = Buffer.allocUnsafeSlow(length);
    this.addon.take(result);
    return result;
  }

  /** The held answer in memory that goes round; undefined leaves it held. */
  warm(): Buffer | undefined {
    const taken = isMainThread ? this.addon.takeWarm() : undefined;
    if (taken === undefined) return undefined;
    this.#coolLater();
    const { buffer }: { readonly buffer: ArrayBufferLike & { transfer?: () => ArrayBuffer } } = taken;
    // Node.js does not transfer an addon's memory to workers. Moved to another ArrayBuffer it is like any other.
    return buffer.transfer === undefined ? taken : Buffer.from(buffer.transfer());
  }

  /** Has memory of large results given back when it is not needed any more. */
  #coolLater(): void {
    if (this.#cooling) return;
    this.#cooling = true;
    setTimeout(() => {
      this.#cooling = false;
      if (this.addon.cool()) this.#coolLater();
    }, COOL_MS).unref();
  }

  #renewSlab(): void {
    this.#slab = new ArrayBuffer(SLAB);
    this.control[Word.FREE] = 0;
    this.addon.slab(this.#slab);
  }
}

let opened: NativeMemory | undefined;

/** @throws TenonError ERR_TENON_UNSUPPORTED */
export function openNative(): NativeMemory {
  if (opened !== undefined) return opened;
  const addon = loadAddon()?.processes;
  if (addon === undefined) {
    const problem = addonProblem() ?? 'this system has no shared memory of the kind that it needs';
    throw new TenonError(
      'ERR_TENON_UNSUPPORTED',
      `Cannot run plugins in processes of their own: ${problem}.`,
    );
  }
  opened = new NativeMemory(addon);
  return opened;
}
