/** PE dynamic-link libraries: Windows, 32 and 64 bits. */
import { sameAbiName } from './entry-names.js';
import type { AddressRange, ExportedSymbol } from './facts.js';
import { type Image, type ImageOptions, inRanges, type Pointer } from './image.js';
import { type ByteSource, INSPECT_LIMITS } from './source.js';
import { Struct } from './struct.js';

/** Values of `Machine` in the COFF header as in `process.arch`. */
const MACHINES: Readonly<Record<number, string>> = {
  332: 'ia32',
  448: 'arm',
  452: 'arm',
  34404: 'x64',
  43620: 'arm64',
};
const IS_DLL = 0x2000;
const PE32 = 0x10b;
const PE32_PLUS = 0x20b;
const EXECUTABLE = 0x20000000;
const WRITABLE = 0x80000000;
const Directory = { exports: 0, imports: 1 } as const;

interface Section {
  readonly start: number;
  /** The size in memory, in bytes. */
  readonly size: number;
  readonly offset: number;
  readonly fileSize: number;
  readonly flags: number;
}

/** The headers of a DLL. All addresses in a DLL are relative to the image base. */
class PeFile {
  readonly source: ByteSource;
  readonly machine: number;
  readonly wide: boolean;
  readonly base: number;
  readonly sections: readonly Section[];
  readonly #directories: readonly AddressRange[];
  readonly #headersSize: number;

  constructor(source: ByteSource) {
    this.source = source;
    const start = this.#signature();
    const coff = this.at(start + 4, 20, 'the COFF header');
    this.machine = coff.u16(0);
    const optionalSize = coff.u16(16);
    const optional = this.at(start + 24, optionalSize, 'the optional header');
    const magic = optionalSize >= 96 ? optional.u16(0) : 0;
    this.wide = magic === PE32_PLUS;
    if (!(magic === PE32 || (this.wide && optionalSize >= 112))) {
      throw source.fail(
        `the PE optional header has magic 0x${magic.toString(16)} and ${optionalSize} bytes (corrupted)`,
      );
    }
    if ((coff.u16(18) & IS_DLL) === 0)
      throw source.fail('found a Windows program, expected a DLL: link it with /DLL or -shared');
    this.base = this.wide ? optional.u64(24) : optional.u32(28);
    this.#headersSize = Math.min(optional.u32(60), source.size);
    this.#directories = directoriesOf(optional, this.wide ? 112 : 96);
    this.sections = this.#readSections(start + 24 + optionalSize, coff.u16(2));
  }

  at(offset: number, length: number, what: string): Struct {
    return new Struct(this.source.read(offset, length, what), { little: true, wide: true });
  }

  directory(index: number): AddressRange | null {
    const range = this.#directories[index];
    return range === undefined || range.start === 0 || range.end === range.start ? null : range;
  }

  /**
   * Returns the position of an address in the file and the end of its section. Null if the file has no bytes
   * for it.
   */
  place(address: number, length: number): { readonly offset: number; readonly end: number } | null {
    for (const section of this.sections) {
      const distance = address - section.start;
      if (distance >= 0 && distance + length <= section.fileSize) {
        return { offset: section.offset + distance, end: section.offset + section.fileSize };
      }
    }
    return address + length <= this.#headersSize ? { offset: address, end: this.#headersSize } : null;
  }

  fields(address: number, length: number, what: string): Struct {
    const place = this.place(address, length);
    if (place !== null) return this.at(place.offset, length, what);
    throw this.source.fail(
      `${what} (${length} bytes at 0x${address.toString(16)}) is not in a section (corrupted)`,
    );
  }

  string(address: number, what: string): string {
    const place = this.place(address, 1);
    if (place === null)
      throw this.source.fail(`${what} (at 0x${address.toString(16)}) is not in a section (corrupted)`);
    return this.source.cString(place.offset, place.end, what);
  }

  ranges(accept: (flags: number) => boolean): AddressRange[] {
    return this.sections
      .filter((section) => accept(section.flags))
      .map((section) => ({ start: section.start, end: section.start + section.size }));
  }

  #signature(): number {
    const start = this.at(0, 64, 'the DOS header').u32(60);
    const bytes = this.source.contains(start, 24)
      ? this.source.read(start, 4, 'the PE signature')
      : Buffer.alloc(0);
    if (bytes.toString('latin1') === 'PE\0\0') return start;
    throw this.source.fail('found a DOS program without a PE header (or a truncated file)');
  }

  #readSections(offset: number, count: number): Section[] {
    if (count > INSPECT_LIMITS.segments)
      throw this.source.fail(`the header states ${count} sections (corrupted)`);
    const table = this.at(offset, count * 40, 'the section table');
    return Array.from({ length: count }, (_, index) => {
      const at = index * 40;
      const fileSize = table.u32(at + 16);
      const start = table.u32(at + 20);
      if (fileSize > 0 && !this.source.contains(start, fileSize)) {
        throw this.source.fail(
          `a section ends at byte ${start + fileSize}, but the file has ${this.source.size} bytes (truncated)`,
        );
      }
      return {
        start: table.u32(at + 12),
        size: table.u32(at + 8) || fileSize,
        offset: start,
        fileSize,
        flags: table.u32(at + 36),
      };
    });
  }
}

function directoriesOf(optional: Struct, start: number): AddressRange[] {
  const room = Math.floor((optional.bytes.length - start) / 8);
  const count = Math.min(optional.u32(start - 4), room, 16);
  return Array.from({ length: count }, (_, index) => {
    const address = optional.u32(start + index * 8);
    return { start: address, end: address + optional.u32(start + index * 8 + 4) };
  });
}

/** Reads a DLL. @throws TenonError ERR_TENON_NOT_A_LIBRARY */
export function readPe(source: ByteSource, options: ImageOptions): Image {
  const file = new PeFile(source);
  const code = file.ranges((flags) => (flags & EXECUTABLE) !== 0);
  const constants = file.ranges((flags) => (flags & WRITABLE) === 0);
  const exports = readExports(file, code);
  return {
    format: 'pe',
    os: 'win32',
    arch: MACHINES[file.machine] ?? `unknown(0x${file.machine.toString(16)})`,
    bits: file.wide ? 64 : 32,
    endian: 'little',
    exports: options.exports === 'all' ? exports : exports.filter(sameAbiName),
    needed: readImports(file),
    runpath: [],
    code,
    mark: null,
    find: (name) => exports.find((symbol) => symbol.name === name) ?? null,
    read: (address, length) => {
      const place = file.place(address, length);
      return place === null ? null : source.read(place.offset, length, 'the memory image');
    },
    constant: (address, length) => inRanges(constants, address) && inRanges(constants, address + length - 1),
    pointers: (address, count) => pointersAt(file, address, count),
  };
}

function readExports(file: PeFile, code: readonly AddressRange[]): ExportedSymbol[] {
  const range = file.directory(Directory.exports);
  if (range === null) return [];
  const header = file.fields(range.start, 40, 'the export directory');
  const functionCount = header.u32(20);
  const count = header.u32(24);
  if (functionCount > INSPECT_LIMITS.symbols || count > INSPECT_LIMITS.symbols) {
    throw file.source.fail(
      `the export directory states ${Math.max(functionCount, count)} exports (corrupted)`,
    );
  }
  if (count === 0) return [];
  const functions = file.fields(header.u32(28), functionCount * 4, 'the table of exported addresses');
  const names = file.fields(header.u32(32), count * 4, 'the table of exported names');
  const ordinals = file.fields(header.u32(36), count * 2, 'the table of export ordinals');
  const found: ExportedSymbol[] = [];
  let nameBytes = 0;
  for (let index = 0; index < count; index += 1) {
    const ordinal = ordinals.u16(index * 2);
    if (ordinal >= functionCount)
      throw file.source.fail(`an export has ordinal ${ordinal} of ${functionCount} (corrupted)`);
    const name = file.string(names.u32(index * 4), 'the name of an export');
    nameBytes += name.length;
    if (nameBytes > INSPECT_LIMITS.nameBytes)
      throw file.source.fail('the names of its exports are too long (corrupted)');
    found.push(exportAt(name, functions.u32(ordinal * 4), range, code));
  }
  return found;
}

/** Decodes an export. An address within the directory is the string of a forwarder: `OTHER.function`. */
function exportAt(
  name: string,
  address: number,
  directory: AddressRange,
  code: readonly AddressRange[],
): ExportedSymbol {
  if (address >= directory.start && address < directory.end) return { name, type: 'unknown', address: 0 };
  return { name, type: inRanges(code, address) ? 'function' : 'data', address };
}

function readImports(file: PeFile): string[] {
  const range = file.directory(Directory.imports);
  const needed: string[] = [];
  if (range === null) return needed;
  for (let index = 0; index < INSPECT_LIMITS.needed; index += 1) {
    const descriptor = file.fields(range.start + index * 20, 20, 'the import directory');
    const name = descriptor.u32(12);
    if (name === 0) return needed;
    needed.push(file.string(name, 'the name of a needed library'));
  }
  throw file.source.fail(`it needs more than ${INSPECT_LIMITS.needed} libraries (corrupted)`);
}

/** Returns pointers relative to the base. They are stored as absolute addresses for the preferred base. */
function pointersAt(file: PeFile, address: number, count: number): Pointer[] | null {
  const place = file.place(address, count * 8);
  if (place === null || !file.wide) return null;
  const values = file.at(place.offset, count * 8, 'the vtable');
  return Array.from({ length: count }, (_, slot) => {
    const value = values.u64(slot * 8);
    const inside = value >= file.base && value < file.base + 2 ** 32;
    return { address: inside ? value - file.base : value, inside };
  });
}

/** Returns the ranges of code and of constant data, relative to the start of the library. */
export function peRanges(source: ByteSource): { code: AddressRange[]; constants: AddressRange[] } {
  const file = new PeFile(source);
  return {
    code: file.ranges((flags) => (flags & EXECUTABLE) !== 0),
    constants: file.ranges((flags) => (flags & (EXECUTABLE | WRITABLE)) === 0),
  };
}
