/**
 * `tenon_out` without the addon: memory for the output of a plugin, and the check that the plugin stayed
 * within it.
 */
import { OUT, Status } from '../../base/abi.js';
import { addressOf, type ForeignAddress, ffi } from '../../library/ffi.js';
import { Outcome } from '../control.js';

/**
 * The bytes after the capacity: a pattern that is checked after each call. The rest of the guard absorbs
 * larger overruns.
 */
const CANARY = Buffer.from('2d04e85bd1c73a9fd50e39b74af8c261', 'hex');
const CANARY_WORDS = [0, 4, 8, 12].map((at) => CANARY.readUInt32LE(at));
const GUARD = 4096;
const SCRATCH = 16 * 1024;
const SMALLEST_BLOCK = 64 * 1024;
const LARGEST_KEPT_BLOCK = 4 * 1024 * 1024;
/** The maximum size of a result: offsets of a batch are 32-bit. */
const MAX_OUTPUT = 2 ** 31 - 1;
const HIGH = 2 ** 32;

/** Memory that does not move, with a canary after its capacity. */
export class Region {
  /** The memory, which is longer than the capacity. */
  readonly memory: Buffer;
  readonly capacity: number;
  readonly address: number;
  readonly #view: DataView;

  constructor(capacity: number) {
    this.memory = Buffer.alloc(Math.ceil((capacity + GUARD) / 8) * 8);
    this.capacity = capacity;
    this.address = Number(addressOf(this.memory));
    this.#view = new DataView(this.memory.buffer, this.memory.byteOffset);
    this.arm();
  }

  arm(): void {
    CANARY.copy(this.memory, this.capacity);
  }

  intact(): boolean {
    const view = this.#view;
    const at = this.capacity;
    return (
      view.getUint32(at, true) === CANARY_WORDS[0] &&
      view.getUint32(at + 4, true) === CANARY_WORDS[1] &&
      view.getUint32(at + 8, true) === CANARY_WORDS[2] &&
      view.getUint32(at + 12, true) === CANARY_WORDS[3]
    );
  }
}

/** The indexes of the struct's members, in 32-bit words. */
const DATA = OUT.offset.data / 4;
const LEN = OUT.offset.len / 4;
const CAPACITY = OUT.offset.capacity / 4;
const RESERVE = OUT.offset.reserve / 4;

/** The output of a call. Each thread has one, used for one call at a time. */
export class KoffiOutput {
  /** The address that plugins receive. */
  readonly address: number;
  readonly scratch = new Region(SCRATCH);
  readonly #struct = Buffer.alloc(OUT.size);
  readonly #words: Uint32Array;
  readonly #reserve: number;
  #region = this.scratch;
  #block: Region | null = null;
  #start = 0;
  #breach = 0;
  #grown = false;
  #open = false;

  constructor() {
    const koffi = ffi();
    const type = koffi.proto('int32', ['uint64_t', 'uint64_t']);
    const reserve = (out: ForeignAddress, additional: ForeignAddress): number =>
      this.#onReserve(Number(out), Number(additional));
    this.#reserve = Number(koffi.register(reserve, koffi.pointer(type)));
    this.address = Number(addressOf(this.#struct));
    this.#words = new Uint32Array(this.#struct.buffer, this.#struct.byteOffset, OUT.size / 4);
    this.#put(RESERVE, this.#reserve);
  }

  get length(): number {
    return this.#words[LEN] as number;
  }

  get grown(): boolean {
    return this.#grown;
  }

  /** Returns the bytes of the output. The next call overwrites them. */
  bytes(): Buffer {
    return this.#region.memory.subarray(this.#start, this.#start + this.length);
  }

  /** Begins a call that writes to `region` and grows into the block. */
  begin(region: Region): void {
    this.#begin(region, 0, false);
  }

  /** Begins a call that appends to the block after its first `start` bytes. */
  beginAppend(start: number): void {
    this.#block ??= new Region(SMALLEST_BLOCK);
    this.#begin(this.#block, start, true);
  }

  /**
   * Ends the call. Returns `status` if the plugin kept the contract, otherwise the Outcome. After a breach
   * the output is empty.
   */
  end(status: number): number {
    this.#open = false;
    let finding = this.#breach !== 0 ? this.#breach : this.#inspect();
    if (finding === 0 && (status < Status.TENON_OK || status > Status.TENON_CLOSED))
      finding = Outcome.BAD_STATUS;
    if (finding === 0) return status;
    this.#region.arm();
    this.#put(LEN, 0);
    return finding;
  }

  /** Copies the content of the block, for the results of a batch. */
  copyBlock(target: Buffer): void {
    this.#block?.memory.copy(target, 0, 0, target.length);
    this.trim();
  }

  /** Frees a block that is too large to keep for the next call. */
  trim(): void {
    if (this.#block !== null && this.#block.capacity > LARGEST_KEPT_BLOCK) this.#block = null;
  }

  #begin(region: Region, start: number, grown: boolean): void {
    this.#region = region;
    this.#start = start;
    this.#grown = grown;
    this.#breach = 0;
    this.#open = true;
    this.#words[LEN] = 0;
    this.#words[LEN + 1] = 0;
    this.#offer();
    this.#put(RESERVE, this.#reserve);
  }

  /** Offers the rest of the region to the plugin. */
  #offer(): void {
    this.#put(DATA, this.#region.address + this.#start);
    this.#put(CAPACITY, this.#region.capacity - this.#start);
  }

  #put(at: number, value: number): void {
    this.#words[at] = value;
    this.#words[at + 1] = value / HIGH;
  }

  #get(at: number): number {
    return (this.#words[at] as number) + (this.#words[at + 1] as number) * HIGH;
  }

  #inspect(): number {
    const capacity = this.#region.capacity - this.#start;
    const kept =
      this.#get(DATA) === this.#region.address + this.#start &&
      this.#get(CAPACITY) === capacity &&
      this.#get(RESERVE) === this.#reserve;
    if (!kept) return Outcome.TAMPERED;
    if (this.#get(LEN) > capacity) return Outcome.BAD_LENGTH;
    return this.#region.intact() ? 0 : Outcome.OVERRUN;
  }

  /**
   * Implements `reserve`, which a plugin calls on this thread during its call. It must not throw, because
   * frames of the plugin are below it on the stack.
   */
  #onReserve(out: number, additional: number): number {
    if (out !== this.address || !this.#open) return Status.TENON_NO_MEMORY;
    const finding = this.#inspect();
    if (finding !== 0) {
      if (this.#breach === 0) this.#breach = finding;
      return Status.TENON_NO_MEMORY;
    }
    // koffi passes the largest unsigned numbers as negative ones.
    if (additional < 0 || additional > MAX_OUTPUT) return Status.TENON_NO_MEMORY;
    const wanted = this.#start + this.length + additional;
    if (wanted <= this.#region.capacity) return Status.TENON_OK;
    if (wanted > MAX_OUTPUT) return Status.TENON_NO_MEMORY;
    try {
      this.#grow(wanted);
      return Status.TENON_OK;
    } catch {
      return Status.TENON_NO_MEMORY;
    }
  }

  #grow(wanted: number): void {
    const used = this.#start + this.length;
    const old = this.#region;
    let block = this.#block;
    if (block === null || block.capacity < wanted) {
      const capacity = Math.max(wanted, 2 * (block?.capacity ?? 0), SMALLEST_BLOCK);
      block = new Region(Math.min(capacity, MAX_OUTPUT));
      this.#block = block;
    }
    old.memory.copy(block.memory, 0, 0, used);
    this.#region = block;
    this.#grown = true;
    this.#offer();
  }
}
