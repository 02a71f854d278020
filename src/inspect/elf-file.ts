/** The headers of an ELF file: the segments and the dynamic table, as the system's loader reads them. */
import type { AddressRange } from './facts.js';
import { type ByteSource, INSPECT_LIMITS } from './source.js';
import { Struct } from './struct.js';

/** A program header. Addresses are as in the file, not relative to the base. */
interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

const SegmentType = {
  load: 1,
  dynamic: 2,
  note: 4,
  ehFrame: 0x6474e550,
  stack: 0x6474e551,
  relro: 0x6474e552,
  openbsdRandomize: 0x65a3dbe6,
} as const;
const EXECUTABLE = 1;
const WRITABLE = 2;
const PAGE = 4096;

/** Tags of the dynamic table. */
export const Tag = {
  needed: 1,
  pltRelaSize: 2,
  hash: 4,
  strtab: 5,
  symtab: 6,
  rela: 7,
  relaSize: 8,
  strSize: 10,
  init: 12,
  soname: 14,
  rpath: 15,
  rel: 17,
  textRelocations: 22,
  pltRela: 23,
  bindNow: 24,
  initArray: 25,
  initArraySize: 27,
  runpath: 29,
  flags: 30,
  relrSize: 35,
  relr: 36,
  androidRel: 0x6000000f,
  androidRela: 0x60000011,
  gnuHash: 0x6ffffef5,
  versym: 0x6ffffff0,
  flags1: 0x6ffffffb,
  versionsDefined: 0x6ffffffc,
  versionsDefinedCount: 0x6ffffffd,
  versionsNeeded: 0x6ffffffe,
  versionsNeededCount: 0x6fffffff,
} as const;

/** Values of `e_type` other than a shared object, with the messages about them. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  1: 'found an ELF object file (ET_REL): link it with -shared',
  2: 'found an ELF program with fixed addresses (ET_EXEC): link it with -shared',
  4: 'found an ELF core dump (ET_CORE)',
};
const SHARED_OBJECT = 3;

/** An ELF shared object with its loadable segments and its dynamic table. */
export class ElfFile {
  readonly source: ByteSource;
  readonly little: boolean;
  readonly wide: boolean;
  readonly osAbi: number;
  readonly machine: number;
  /** The lowest address of the image. */
  readonly base: number;
  /** The position and count of the section headers. Loaders ignore them, so they may be missing or wrong. */
  readonly sections: { readonly offset: number; readonly count: number; readonly names: number };
  readonly #segments: readonly Segment[];
  readonly #loads: readonly Segment[];
  readonly #dynamic: ReadonlyMap<number, readonly number[]>;

  /** @throws TenonError ERR_TENON_NOT_A_LIBRARY */
  constructor(source: ByteSource) {
    this.source = source;
    const ident = source.read(0, 16, 'the ELF identification');
    this.wide = this.#oneOf(ident[4], 1, 2, 'class') === 2;
    this.little = this.#oneOf(ident[5], 1, 2, 'byte order') === 1;
    this.osAbi = ident[7] ?? 0;
    const header = this.struct(0, this.wide ? 64 : 52, 'the ELF header');
    this.machine = header.u16(18);
    const type = header.u16(16);
    if (type !== SHARED_OBJECT) {
      throw source.fail(OTHER_TYPES[type] ?? `found ELF type ${type}, expected a shared object (3)`);
    }
    const tail = this.wide ? 54 : 42;
    this.sections = {
      offset: header.word(this.wide ? 40 : 32),
      count: header.u16(tail + 6),
      names: header.u16(tail + 8),
    };
    this.#segments = this.#readSegments(
      header.word(this.wide ? 32 : 28),
      header.u16(tail),
      header.u16(tail + 2),
    );
    this.#loads = this.#segments.filter((segment) => segment.type === SegmentType.load);
    this.#checkLoads();
    const lowest = Math.min(...this.#loads.map((segment) => segment.address));
    this.base = lowest - (lowest % PAGE);
    this.#dynamic = this.#readDynamic();
  }

  /** Reads fields at a position in the file. */
  struct(offset: number, length: number, what: string): Struct {
    return new Struct(this.source.read(offset, length, what), this);
  }

  /** The size of a word in bytes: 8 or 4. */
  get wordSize(): number {
    return this.wide ? 8 : 4;
  }

  /** Returns the position in the file of an absolute address. Null if the file has no bytes for it. */
  offsetOf(address: number, length: number): number | null {
    for (const load of this.#loads) {
      if (address >= load.address && address + length <= load.address + load.fileSize) {
        return load.offset + (address - load.address);
      }
    }
    return null;
  }

  /**
   * Returns the position of an address in the dynamic table.
   * @throws TenonError if it is outside of the file
   */
  locate(address: number, length: number, what: string): number {
    const offset = this.offsetOf(address, length);
    if (offset !== null) return offset;
    throw this.source.fail(
      `${what} (${length} bytes at address 0x${address.toString(16)}) is not in a loadable segment (corrupted)`,
    );
  }

  /** Returns the first value of a tag in the dynamic table. */
  tag(tag: number): number | undefined {
    return this.#dynamic.get(tag)?.[0];
  }

  /** Returns all values of a tag in the dynamic table. */
  tags(tag: number): readonly number[] {
    return this.#dynamic.get(tag) ?? [];
  }

  /** Returns the executable segments, relative to the base. */
  codeRanges(): AddressRange[] {
    return this.#loads
      .filter((load) => (load.flags & EXECUTABLE) !== 0)
      .map((load) => this.#range(load, load.memorySize));
  }

  /** Returns the memory that is not writable when the first instruction of the library runs. */
  constantRanges(): AddressRange[] {
    return [
      ...this.#loads.filter((load) => (load.flags & WRITABLE) === 0),
      ...this.#segments.filter((segment) => segment.type === SegmentType.relro),
    ].map((segment) => this.#range(segment, segment.memorySize));
  }

  /** Returns whether the file requests executable stacks for all threads. Null if it has no such header. */
  executableStack(): boolean | null {
    const stack = this.#segments.find((segment) => segment.type === SegmentType.stack);
    return stack === undefined ? null : (stack.flags & EXECUTABLE) !== 0;
  }

  /** Returns the loadable segments that are both writable and executable, relative to the base. */
  writableCode(): AddressRange[] {
    const both = EXECUTABLE | WRITABLE;
    return this.#loads
      .filter((load) => (load.flags & both) === both)
      .map((load) => this.#range(load, load.memorySize));
  }

  /** Whether the loader makes memory read-only after relocation. */
  get hasRelro(): boolean {
    return this.#segments.some((segment) => segment.type === SegmentType.relro);
  }

  /** Whether there is an index of the unwind tables. Without it exceptions cannot pass through the code. */
  get hasUnwindTables(): boolean {
    return this.#segments.some((segment) => segment.type === SegmentType.ehFrame);
  }

  /** Returns the owners of the notes, such as `GNU`. They identify a system that the header omits. */
  noteOwners(): string[] {
    const owners: string[] = [];
    for (const note of this.#segments.filter((segment) => segment.type === SegmentType.note).slice(0, 8)) {
      const size = Math.min(note.fileSize, PAGE);
      if (!this.source.contains(note.offset, size)) continue;
      owners.push(...ownersOf(this.struct(note.offset, size, 'a note')));
    }
    if (this.#segments.some((segment) => segment.type === SegmentType.openbsdRandomize))
      owners.push('OpenBSD');
    return owners;
  }

  #range(segment: Segment, size: number): AddressRange {
    return { start: segment.address - this.base, end: segment.address - this.base + size };
  }

  #oneOf(value: number | undefined, first: number, second: number, what: string): number {
    if (value === first || value === second) return value;
    throw this.source.fail(`the ELF header has ${what} ${value}, expected ${first} or ${second} (corrupted)`);
  }

  #readSegments(offset: number, entrySize: number, count: number): Segment[] {
    const expected = this.wide ? 56 : 32;
    if (count === 0) throw this.source.fail('the ELF file has no program headers, so it cannot be loaded');
    if (entrySize !== expected || count > INSPECT_LIMITS.segments) {
      throw this.source.fail(
        `the ELF header states ${count} program headers of ${entrySize} bytes, expected ${expected} bytes each (corrupted)`,
      );
    }
    const table = this.struct(offset, count * entrySize, 'the program header table');
    return Array.from({ length: count }, (_, index) => this.#segment(table, index * entrySize));
  }

  #segment(table: Struct, at: number): Segment {
    const word = (index: number) => table.word(at + (this.wide ? 8 : 4) + index * this.wordSize);
    return {
      type: table.u32(at),
      flags: table.u32(at + (this.wide ? 4 : 24)),
      offset: word(0),
      address: word(1),
      fileSize: word(3),
      memorySize: word(4),
    };
  }

  /**
   * Checks that the file contains its segments. This is the most important check: access to a segment that
   * was mapped beyond the end of the file raises SIGBUS.
   */
  #checkLoads(): void {
    if (this.#loads.length === 0) throw this.source.fail('the ELF file has no loadable segment');
    for (const load of this.#loads) {
      if (!this.source.contains(load.offset, load.fileSize)) {
        throw this.source.fail(
          `a segment ends at byte ${load.offset + load.fileSize}, but the file has ${this.source.size} bytes (truncated)`,
        );
      }
      if (load.memorySize < load.fileSize) {
        throw this.source.fail('a segment is larger in the file than in memory (corrupted)');
      }
    }
  }

  #readDynamic(): Map<number, number[]> {
    const segment = this.#segments.find((candidate) => candidate.type === SegmentType.dynamic);
    if (segment === undefined)
      throw this.source.fail('the ELF file has no dynamic segment (a static program?)');
    const entry = 2 * this.wordSize;
    const count = Math.min(Math.floor(segment.fileSize / entry), INSPECT_LIMITS.needed);
    const offset = this.locate(segment.address, count * entry, 'the dynamic segment');
    const table = this.struct(offset, count * entry, 'the dynamic segment');
    const tags = new Map<number, number[]>();
    for (let at = 0; at < count * entry; at += entry) {
      const tag = table.word(at);
      if (tag === 0) break;
      const values = tags.get(tag);
      if (values === undefined) tags.set(tag, [table.word(at + this.wordSize)]);
      else values.push(table.word(at + this.wordSize));
    }
    return tags;
  }
}

/** Real owners of notes have a few letters. */
const LONGEST_OWNER = 256;

function ownersOf(notes: Struct): string[] {
  const owners: string[] = [];
  let at = 0;
  while (at + 12 <= notes.bytes.length && owners.length < 16) {
    const nameSize = notes.u32(at);
    const contentSize = notes.u32(at + 4);
    owners.push(
      notes.bytes
        .toString(
          'latin1',
          at + 12,
          Math.min(at + 12 + nameSize, at + 12 + LONGEST_OWNER, notes.bytes.length),
        )
        .replace(/\0.*$/s, ''),
    );
    at += 12 + Math.ceil(nameSize / 4) * 4 + Math.ceil(contentSize / 4) * 4;
  }
  return owners;
}
