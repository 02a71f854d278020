/** The debug sections of an ELF file, which can be a library or a split debug file. */
import * as zlib from 'node:zlib';
import { type ByteSource, MemorySource, SliceSource } from '../source.js';
import { Struct } from '../struct.js';
import type { LookupBudget } from './budget.js';
import { Cursor, type Section } from './cursor.js';

/** The maximum size of a compressed section. Decompressing more takes too long for a crash report. */
const LARGEST_INFLATED = 16 << 20;
/**
 * The maximum number of sections. Real files have a few dozen, or thousands with a section for each function.
 */
const MOST_SECTIONS = 16_384;
const LONGEST_NAMES = 1 << 20;
const NO_BITS = 8;
const COMPRESSED = 0x800;
const Compression = { zlib: 1, zstd: 2 } as const;

interface Header {
  readonly offset: number;
  readonly size: number;
  readonly flags: number;
  readonly type: number;
}

/** `zstdDecompressSync`, which only later versions of Node.js have. */
type Decompress = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

export class DebugSections {
  readonly source: ByteSource;
  readonly budget: LookupBudget;
  readonly #layout: { readonly little: boolean; readonly wide: boolean };
  readonly #headers: ReadonlyMap<string, Header>;
  readonly #cursors = new Map<string, Cursor>();
  readonly #opened = new Map<string, Section | undefined>();

  /** @throws TenonError if it is not an ELF file */
  constructor(source: ByteSource, budget: LookupBudget) {
    this.source = source;
    this.budget = budget;
    const ident = source.read(0, 16, 'the ELF identification');
    if (ident.toString('latin1', 0, 4) !== '\x7fELF') throw budget.fail('it is not an ELF file');
    this.#layout = { wide: ident[4] === 2, little: ident[5] !== 2 };
    this.#headers = this.#readHeaders();
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Returns the size of the section after decompression. 0 if there is none. */
  sizeOf(name: string): number {
    const header = this.#find(name);
    return header === undefined ? 0 : (this.#compression(name, header)?.size ?? header.size);
  }

  isCompressed(name: string): boolean {
    const header = this.#find(name);
    return header !== undefined && this.#compression(name, header) !== null;
  }

  /** Returns the contents. Undefined if the section is missing, too large or compressed in an unknown way. */
  get(name: string): Section | undefined {
    if (!this.#opened.has(name)) this.#opened.set(name, this.#open(name));
    return this.#opened.get(name);
  }

  /** Returns the contents. @throws TenonError if there are none */
  require(name: string): Section {
    const section = this.get(name);
    if (section === undefined) throw this.budget.fail(`it has no section ${name}`);
    return section;
  }

  /** Returns a shared cursor at `offset`, for tables with many lookups. @throws TenonError */
  seek(name: string, offset: number): Cursor {
    let cursor = this.#cursors.get(name);
    if (cursor === undefined) {
      cursor = new Cursor(this.require(name), 0);
      this.#cursors.set(name, cursor);
    }
    cursor.seek(offset);
    return cursor;
  }

  /** Finds `.debug_line`, or `.zdebug_line` in the old format of GNU tools. */
  #find(name: string): Header | undefined {
    return this.#headers.get(name) ?? this.#headers.get(name.replace(/^\.debug_/, '.zdebug_'));
  }

  #open(name: string): Section | undefined {
    const header = this.#find(name);
    if (header === undefined || header.type === NO_BITS) return undefined;
    const compression = this.#compression(name, header);
    const source =
      compression === null
        ? new SliceSource(this.source, header.offset, header.size)
        : this.#inflated(header, compression);
    return source && { source, little: this.#layout.little, budget: this.budget };
  }

  #compression(
    name: string,
    { offset, size, flags }: Header,
  ): { readonly type: number; readonly size: number; readonly skip: number } | null {
    if ((flags & COMPRESSED) !== 0) {
      const { wide } = this.#layout;
      const skip = wide ? 24 : 12;
      if (size < skip) return null;
      const head = this.#struct(offset, skip);
      return { type: head.u32(0), size: wide ? head.u64(8) : head.u32(4), skip };
    }
    if (this.#headers.has(name) || size < 12) return null;
    const head = this.source.read(offset, 12, 'a compressed section');
    return {
      type: head.toString('latin1', 0, 4) === 'ZLIB' ? Compression.zlib : 0,
      size: Number(head.readBigUInt64BE(4)),
      skip: 12,
    };
  }

  #inflated(
    header: Header,
    { type, size, skip }: { type: number; size: number; skip: number },
  ): ByteSource | undefined {
    if (size > LARGEST_INFLATED || header.size > LARGEST_INFLATED) return undefined;
    const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: Decompress };
    const decompress: Decompress | undefined = {
      [Compression.zlib]: zlib.inflateSync,
      [Compression.zstd]: zstdDecompressSync,
    }[type];
    if (decompress === undefined) return undefined;
    this.budget.inflate(size);
    const bytes = this.source.read(header.offset + skip, header.size - skip, 'a compressed section');
    try {
      return new MemorySource(this.source.path, decompress(bytes, { maxOutputLength: Math.max(1, size) }));
    } catch {
      return undefined;
    }
  }

  #readHeaders(): Map<string, Header> {
    const { wide } = this.#layout;
    const head = this.#struct(0, wide ? 64 : 52);
    const tail = wide ? 58 : 46;
    const start = head.word(wide ? 40 : 32);
    const [entry, count, names] = [head.u16(tail), head.u16(tail + 2), head.u16(tail + 4)];
    if (entry !== (wide ? 64 : 40) || count > MOST_SECTIONS || names >= count) return new Map();
    if (!this.source.contains(start, count * entry)) return new Map();
    const table = this.#struct(start, count * entry);
    const headers = Array.from({ length: count }, (_, index) => this.#header(table, index * entry));
    return this.#named(table, entry, headers, headers[names]);
  }

  #named(
    table: Struct,
    entry: number,
    headers: readonly Header[],
    names: Header | undefined,
  ): Map<string, Header> {
    const found = new Map<string, Header>();
    if (names === undefined || names.size > LONGEST_NAMES || !this.source.contains(names.offset, names.size))
      return found;
    const strings = this.source.read(names.offset, names.size, 'the names of the sections');
    headers.forEach((header, index) => {
      const from = table.u32(index * entry);
      const end = from < strings.length ? strings.indexOf(0, from) : -1;
      const name = end < 0 ? '' : strings.toString('latin1', from, Math.min(end, from + 64));
      const isThere = header.type === NO_BITS || this.source.contains(header.offset, header.size);
      if (isThere && !found.has(name)) found.set(name, header);
    });
    return found;
  }

  #header(table: Struct, at: number): Header {
    const { wide } = this.#layout;
    return {
      type: table.u32(at + 4),
      flags: table.word(at + 8),
      offset: table.word(at + (wide ? 24 : 16)),
      size: table.word(at + (wide ? 32 : 20)),
    };
  }

  #struct(offset: number, length: number): Struct {
    return new Struct(this.source.read(offset, length, 'an ELF header'), this.#layout);
  }
}
