/** The load commands of a Mach-O library, and the selection of a slice in a universal binary. */
import type { AddressRange } from './facts.js';
import { type ByteSource, INSPECT_LIMITS, SliceSource } from './source.js';
import { Struct, type StructLayout } from './struct.js';

const FAT_32 = 0xcafebabe;
const FAT_64 = 0xcafebabf;
/** The maximum number of slices. Java classes have the same magic, with a larger version at this place. */
const MAX_SLICES = 32;

const FileType = { dylib: 6, bundle: 8 } as const;
const OTHER_TYPES: Readonly<Record<number, string>> = {
  1: 'found a Mach-O object file: link it with -dynamiclib or -bundle',
  2: 'found a Mach-O program: link it with -dynamiclib or -bundle',
  4: 'found a Mach-O core dump',
  9: 'found a Mach-O stub without code',
  10: 'found a Mach-O file of debug symbols (dSYM)',
};

const Command = {
  segment: 0x1,
  symtab: 0x2,
  loadDylib: 0xc,
  segment64: 0x19,
  lazyLoadDylib: 0x20,
  dyldInfo: 0x22,
  versionMinMacos: 0x24,
  versionMinIos: 0x25,
  versionMinTvos: 0x2f,
  versionMinWatchos: 0x30,
  buildVersion: 0x32,
  loadWeakDylib: 0x80000018,
  rpath: 0x8000001c,
  reexportDylib: 0x8000001f,
  dyldInfoOnly: 0x80000022,
  loadUpwardDylib: 0x80000023,
  exportsTrie: 0x80000033,
  chainedFixups: 0x80000034,
} as const;

const LOADS: ReadonlySet<number> = new Set([
  Command.loadDylib,
  Command.lazyLoadDylib,
  Command.loadWeakDylib,
  Command.reexportDylib,
  Command.loadUpwardDylib,
]);

/** The platforms of the old version commands. */
const VERSION_COMMANDS: Readonly<Record<number, number>> = {
  [Command.versionMinMacos]: 1,
  [Command.versionMinIos]: 2,
  [Command.versionMinTvos]: 3,
  [Command.versionMinWatchos]: 4,
};

const EXECUTABLE = 4;
const WRITABLE = 2;
/** Marks of a segment that becomes read-only after relocation. All linkers use the name, some the flag. */
const READ_ONLY_SEGMENT = 0x10;
const CONSTANT_SEGMENT = '__DATA_CONST\0';
const SOME_INSTRUCTIONS = 0x80000400;

/** A segment. Addresses are as in the file, not relative to the base. */
interface Segment {
  readonly address: number;
  readonly memorySize: number;
  readonly offset: number;
  readonly fileSize: number;
  readonly writable: boolean;
  /** The ranges of code: its sections with instructions, or the whole segment. */
  readonly code: readonly AddressRange[];
}

/** A part of the file that a load command points to. */
export interface MachoPlace {
  readonly offset: number;
  readonly size: number;
}

/** The content of the load commands. */
export class MachoFile {
  readonly source: ByteSource;
  readonly layout: StructLayout;
  readonly cpu: number;
  /** A PLATFORM_ constant. The default is PLATFORM_MACOS. */
  platform = 1;
  readonly needed: string[] = [];
  readonly runpath: string[] = [];
  exportsTrie: MachoPlace | null = null;
  symbols: (MachoPlace & { readonly strings: MachoPlace }) | null = null;
  chainedFixups: MachoPlace | null = null;
  /** Whether a bind table sets pointers to symbols by name. */
  bindsByName = false;
  readonly #segments: Segment[] = [];
  #sectionCount = 0;

  /** @throws TenonError ERR_TENON_NOT_A_LIBRARY */
  constructor(source: ByteSource) {
    this.source = source;
    const magic = source.read(0, 4, 'the Mach-O header').readUInt32BE(0);
    const little = magic === 0xcffaedfe || magic === 0xcefaedfe;
    if (!little && magic !== 0xfeedfacf && magic !== 0xfeedface)
      throw source.fail('a slice is not a Mach-O file');
    this.layout = { little, wide: magic === 0xcffaedfe || magic === 0xfeedfacf };
    const headerSize = this.layout.wide ? 32 : 28;
    const header = this.struct(0, headerSize, 'the Mach-O header');
    this.cpu = header.u32(4);
    const type = header.u32(12);
    if (type !== FileType.dylib && type !== FileType.bundle) {
      throw source.fail(
        OTHER_TYPES[type] ?? `found Mach-O file type ${type}, expected a dylib (6) or a bundle (8)`,
      );
    }
    this.#readCommands(this.struct(headerSize, header.u32(20), 'the load commands'), header.u32(16));
    if (this.#segments.length === 0) throw source.fail('the Mach-O file has no segments');
  }

  struct(offset: number, length: number, what: string): Struct {
    return new Struct(this.source.read(offset, length, what), this.layout);
  }

  /** The address of the header, which is the image base. */
  get base(): number {
    return this.#segments.find((segment) => segment.offset === 0 && segment.fileSize > 0)?.address ?? 0;
  }

  /** Returns the position in the file of an address relative to the base. Null if it is not in the file. */
  offsetOf(address: number, length: number): number | null {
    const absolute = address + this.base;
    for (const segment of this.#segments) {
      if (absolute >= segment.address && absolute + length <= segment.address + segment.fileSize) {
        return segment.offset + (absolute - segment.address);
      }
    }
    return null;
  }

  /** Returns the index of the segment that contains an address relative to the base. -1 if there is none. */
  segmentAt(address: number): number {
    const absolute = address + this.base;
    return this.#segments.findIndex(
      (segment) => absolute >= segment.address && absolute < segment.address + segment.memorySize,
    );
  }

  codeRanges(): AddressRange[] {
    return this.#segments.flatMap((segment) => segment.code.map((range) => this.#relative(range)));
  }

  constantRanges(): AddressRange[] {
    return this.#segments
      .filter((segment) => !segment.writable)
      .map(({ address, memorySize }) => this.#relative({ start: address, end: address + memorySize }));
  }

  #relative(range: AddressRange): AddressRange {
    return { start: range.start - this.base, end: range.end - this.base };
  }

  #readCommands(commands: Struct, count: number): void {
    if (count > INSPECT_LIMITS.commands)
      throw this.source.fail(`the header states ${count} load commands (corrupted)`);
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      const size = at + 8 <= commands.bytes.length ? commands.u32(at + 4) : 0;
      if (size < 8 || at + size > commands.bytes.length) {
        throw this.source.fail(`load command ${index} of ${count} does not fit (truncated or corrupted)`);
      }
      this.#readCommand(commands.u32(at), new Struct(commands.bytes.subarray(at, at + size), this.layout));
      at += size;
    }
  }

  #readCommand(command: number, fields: Struct): void {
    if (command === Command.segment || command === Command.segment64) this.#readSegment(command, fields);
    else if (LOADS.has(command)) this.needed.push(this.#string(fields, 'the name of a needed library'));
    else if (command === Command.rpath) this.runpath.push(this.#string(fields, 'an RPATH'));
    else if (command === Command.symtab) this.#readSymtab(fields);
    else if (command === Command.dyldInfo || command === Command.dyldInfoOnly) this.#readDyldInfo(fields);
    else if (command === Command.exportsTrie) this.exportsTrie = this.#place(fields, 8);
    else if (command === Command.chainedFixups) this.chainedFixups = this.#place(fields, 8);
    else if (command === Command.buildVersion) this.platform = this.#atLeast(fields, 24).u32(8);
    else this.platform = VERSION_COMMANDS[command] ?? this.platform;
  }

  #atLeast(fields: Struct, size: number): Struct {
    if (fields.bytes.length >= size) return fields;
    throw this.source.fail(
      `a load command has ${fields.bytes.length} bytes, expected at least ${size} (corrupted)`,
    );
  }

  #readSegment(command: number, fields: Struct): void {
    const wide = command === Command.segment64;
    this.#atLeast(fields, wide ? 72 : 56);
    const word = (index: number) => (wide ? fields.u64(24 + index * 8) : fields.u32(24 + index * 4));
    const tail = wide ? 56 : 40;
    const [address, memorySize, offset, fileSize] = [word(0), word(1), word(2), word(3)];
    if (fileSize > 0 && !this.source.contains(offset, fileSize)) {
      throw this.source.fail(
        `a segment ends at byte ${offset + fileSize}, but the file has ${this.source.size} bytes (truncated)`,
      );
    }
    const protection = fields.u32(tail + 4);
    const name = fields.bytes.toString('latin1', 8, 24);
    const constant = (fields.u32(tail + 12) & READ_ONLY_SEGMENT) !== 0 || name.startsWith(CONSTANT_SEGMENT);
    const writable = (protection & WRITABLE) !== 0 && !constant;
    const whole = { start: address, end: address + memorySize };
    const sections = codeSections(fields, wide, fields.u32(tail + 8));
    this.#sectionCount += sections.length + 1;
    if (this.#sectionCount > INSPECT_LIMITS.segments)
      throw this.source.fail('it has too many segments (corrupted)');
    const code = (protection & EXECUTABLE) === 0 ? [] : sections.length > 0 ? sections : [whole];
    this.#segments.push({ address, memorySize, offset, fileSize, writable, code });
  }

  #string(fields: Struct, what: string): string {
    const start = this.#atLeast(fields, 12).u32(8);
    const end = start >= 12 && start < fields.bytes.length ? fields.bytes.indexOf(0, start) : 0;
    if (end === 0) throw this.source.fail(`${what} is outside of its load command (corrupted)`);
    return fields.bytes.toString('utf8', start, end < 0 ? fields.bytes.length : end);
  }

  #readSymtab(fields: Struct): void {
    this.#atLeast(fields, 24);
    const strings = { offset: fields.u32(16), size: fields.u32(20) };
    this.symbols = { offset: fields.u32(8), size: fields.u32(12) * (this.layout.wide ? 16 : 12), strings };
  }

  #readDyldInfo(fields: Struct): void {
    this.#atLeast(fields, 48);
    this.bindsByName = fields.u32(20) > 0 || fields.u32(28) > 0;
    this.exportsTrie = this.#place(fields, 40);
  }

  #place(fields: Struct, at: number): MachoPlace | null {
    const size = this.#atLeast(fields, at + 8).u32(at + 4);
    return size === 0 ? null : { offset: fields.u32(at), size };
  }
}

/** Returns the sections with instructions. An executable segment also holds constants and strings. */
function codeSections(fields: Struct, wide: boolean, count: number): AddressRange[] {
  const [start, entry] = wide ? [72, 80] : [56, 68];
  const ranges: AddressRange[] = [];
  for (let at = start; at + entry <= fields.bytes.length && ranges.length < count; at += entry) {
    const address = wide ? fields.u64(at + 32) : fields.u32(at + 32);
    const size = wide ? fields.u64(at + 40) : fields.u32(at + 36);
    const flags = fields.u32(at + (wide ? 64 : 56));
    if ((flags & SOME_INSTRUCTIONS) !== 0) ranges.push({ start: address, end: address + size });
  }
  return ranges;
}

/**
 * Returns the slice of a universal binary for a processor, or else its first slice. Returns a thin file
 * unchanged.
 */
export function chooseSlice(source: ByteSource, wanted: (cpu: number) => boolean): ByteSource {
  const magic = source.read(0, 4, 'the Mach-O header').readUInt32BE(0);
  if (magic !== FAT_32 && magic !== FAT_64) return source;
  const layout = { little: false, wide: magic === FAT_64 };
  const count = new Struct(source.read(4, 4, 'the header of the universal binary'), layout).u32(0);
  if (count === 0 || count > MAX_SLICES) {
    throw source.fail(
      `found ${count} slices in a universal binary, expected 1 to ${MAX_SLICES} (a Java class file?)`,
    );
  }
  const entry = layout.wide ? 32 : 20;
  const table = new Struct(source.read(8, count * entry, 'the header of the universal binary'), layout);
  const indices = Array.from({ length: count }, (_, index) => index);
  const at = (indices.find((index) => wanted(table.u32(index * entry))) ?? 0) * entry;
  const offset = table.word(at + 8);
  const size = table.word(at + 8 + (layout.wide ? 8 : 4));
  if (!source.contains(offset, size)) {
    throw source.fail(
      `a slice ends at byte ${offset + size}, but the file has ${source.size} bytes (truncated)`,
    );
  }
  return new SliceSource(source, offset, size);
}
