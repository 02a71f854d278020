/** Sequential reads from a section, never beyond its end. */
import type { ByteSource } from '../source.js';
import type { LookupBudget } from './budget.js';

/** The contents of a section, decompressed if necessary. */
export interface Section {
  readonly source: ByteSource;
  readonly little: boolean;
  readonly budget: LookupBudget;
}

/** The sizes of a cursor's first and largest reads. Each sequential read is four times the previous one. */
const NOTHING = Buffer.alloc(0);
const WINDOW = 2048;
const LARGEST_WINDOW = 1 << 20;

export class Cursor {
  readonly section: Section;
  readonly #end: number;
  /** Bytes of the section, their position in it, and the position of the cursor in them. */
  #bytes: Buffer = NOTHING;
  #origin: number;
  #at = 0;
  #window: number;

  /** Reads from `offset` to `end`. `whole` fetches all bytes with the first read. */
  constructor(section: Section, offset: number, end = section.source.size, whole = false) {
    this.section = section;
    this.#end = Math.min(end, section.source.size);
    this.#origin = offset;
    this.#window = whole ? this.#end - offset : WINDOW;
    if (!(offset >= 0 && offset <= this.#end))
      throw section.budget.fail('it refers to what is outside of a section');
  }

  /** The position in the section. */
  get position(): number {
    return this.#origin + this.#at;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#end;
  }

  seek(position: number): void {
    if (!(position >= 0 && position <= this.#end))
      throw this.section.budget.fail('it refers to what is outside of a section');
    const at = position - this.#origin;
    if (at >= 0 && at <= this.#bytes.length) this.#at = at;
    else {
      this.#origin = position;
      this.#bytes = NOTHING;
      this.#window = WINDOW;
      this.#at = 0;
    }
  }

  skip(length: number): void {
    if (this.#at + length <= this.#bytes.length && length >= 0) this.#at += length;
    else this.seek(this.position + length);
  }

  u8(): number {
    if (this.#at >= this.#bytes.length) this.#need(1);
    return this.#bytes[this.#at++] as number;
  }

  s8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    this.#need(2);
    const value = this.section.little
      ? this.#bytes.readUInt16LE(this.#at)
      : this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  u24(): number {
    const [first, second, third] = [this.u8(), this.u8(), this.u8()];
    return this.section.little
      ? first | (second << 8) | (third << 16)
      : (first << 16) | (second << 8) | third;
  }

  u32(): number {
    this.#need(4);
    const value = this.section.little
      ? this.#bytes.readUInt32LE(this.#at)
      : this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  /**
   * Reads a 64-bit number. Numbers above 2^53 are rounded. No address, offset or size in use is that large.
   */
  u64(): number {
    this.#need(8);
    const first = this.u32();
    const second = this.u32();
    return this.section.little ? first + second * 2 ** 32 : first * 2 ** 32 + second;
  }

  /** Reads an unsigned number of `size` bytes. */
  unsigned(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 3:
        return this.u24();
      case 4:
        return this.u32();
      case 8:
        return this.u64();
      default:
        throw this.section.budget.fail(`it has numbers of ${size} bytes`);
    }
  }

  uleb(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 16; length += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw this.section.budget.fail('it has a number without an end');
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 16; length += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale;
    }
    throw this.section.budget.fail('it has a number without an end');
  }

  /** Skips a NUL-terminated string. Returns false if it was empty. */
  skipString(): boolean {
    const from = this.position;
    while (this.u8() !== 0);
    return this.position > from + 1;
  }

  /** Ensures that the next bytes are in memory. */
  #need(length: number): void {
    const left = this.#bytes.length - this.#at;
    if (left >= length) return;
    const position = this.position;
    if (position + length > this.#end) throw this.section.budget.fail('it ends within a value');
    const wanted = Math.min(Math.max(this.#window, length), this.#end - position);
    this.section.budget.read(wanted);
    this.#bytes = this.section.source.read(position, wanted, 'debug information');
    this.#origin = position;
    this.#at = 0;
    this.#window = Math.min(this.#window * 4, LARGEST_WINDOW);
  }
}

/** Reads the length of a unit and the size of its offsets. */
export function initialLength(cursor: Cursor): { readonly length: number; readonly offsetSize: 4 | 8 } {
  const length = cursor.u32();
  if (length < 0xfffffff0) return { length, offsetSize: 4 };
  if (length === 0xffffffff) return { length: cursor.u64(), offsetSize: 8 };
  throw cursor.section.budget.fail('it has a unit of an unknown format');
}

/** Reads a NUL-terminated string in a section. */
export function stringAt(section: Section | undefined, offset: number): string | null {
  if (section === undefined || !section.source.contains(offset, 1)) return null;
  const text = section.source.cString(offset, section.source.size, 'a name');
  section.budget.read(text.length);
  return text;
}
