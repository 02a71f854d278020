/**
 * Function names of addresses in an ELF library, for crash reports. Uses .symtab or, if it was stripped,
 * .dynsym. Of a library of Windows, only what is at the address.
 */
import { ElfFile } from './elf-file.js';
import type { AddressRange } from './facts.js';
import { inRanges } from './image.js';
import { detectFormat } from './magic.js';
import { withFile } from './open.js';
import { peRanges } from './pe.js';
import type { ByteSource } from './source.js';
import type { Struct } from './struct.js';

/** The place of an address in a library. */
export interface SymbolPlace {
  readonly kind: 'code' | 'constant' | 'outside';
  /** The linkage name of the function, or null. */
  readonly name: string | null;
  /** Bytes from the start of the function. 0 without a function. */
  readonly offset: number;
}

const OUTSIDE: SymbolPlace = { kind: 'outside', name: null, offset: 0 };
const SectionType = { symtab: 2, dynsym: 11 } as const;
const SymbolType = { object: 1, func: 2, ifunc: 10 } as const;
const FUNCTIONS: readonly number[] = [SymbolType.func, SymbolType.ifunc];
const VARIABLES: readonly number[] = [SymbolType.object];
/**
 * The maximum number of sections and the maximum bytes of symbols, so that reading names does not delay a
 * restart. Real libraries have at most thousands of sections and megabytes of symbols.
 */
const MAX_SECTIONS = 16_384;
const MAX_TABLE = 32 * 1024 * 1024;
/** The number of symbols per read, which limits the memory. */
const PART = 8192;

/** A table of symbols in the file. */
interface Table {
  readonly offset: number;
  readonly count: number;
  readonly strings: AddressRange;
}

/** The nearest symbol so far. */
interface Hit {
  readonly nameOffset: number;
  readonly start: number;
}

/**
 * Finds the functions of addresses, which are relative to the start of the library. Never fails. Addresses in
 * damaged files and in files for macOS are `outside`.
 */
export function placesIn(path: string, addresses: readonly number[]): SymbolPlace[] {
  try {
    return withFile(path, (source) => placesOf(source, addresses));
  } catch {
    return addresses.map(() => OUTSIDE);
  }
}

/**
 * Finds the functions of addresses in an open file.
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY, ERR_TENON_UNREADABLE
 */
export function placesOf(source: ByteSource, addresses: readonly number[]): SymbolPlace[] {
  const format = detectFormat(source);
  if (format === 'pe') return placesInPe(source, addresses);
  if (format !== 'elf') return addresses.map(() => OUTSIDE);
  const file = new ElfFile(source);
  const code = file.codeRanges();
  const constants = file.constantRanges();
  const inCode = addresses.map((address) => inRanges(code, address));
  const table = inCode.includes(true) ? findTable(file) : undefined;
  const wanted = addresses.map((address, index) => (inCode[index] ? address + file.base : null));
  const hits = table === undefined ? [] : findSymbols(file, table, wanted, FUNCTIONS);
  return addresses.map((address, index) => {
    if (!inCode[index]) return inRanges(constants, address) ? { ...OUTSIDE, kind: 'constant' } : OUTSIDE;
    const hit = hits[index];
    if (hit === undefined || table === undefined) return { kind: 'code', name: null, offset: 0 };
    return { kind: 'code', name: nameAt(file, table, hit), offset: address + file.base - hit.start };
  });
}

/** Finds out what is at the addresses. The functions have no names: a library of Windows lists only its exports. */
function placesInPe(source: ByteSource, addresses: readonly number[]): SymbolPlace[] {
  const { code, constants } = peRanges(source);
  return addresses.map((address) => {
    if (inRanges(code, address)) return { ...OUTSIDE, kind: 'code' };
    return inRanges(constants, address) ? { ...OUTSIDE, kind: 'constant' } : OUTSIDE;
  });
}

/**
 * Finds the linkage names of variables at addresses, which are relative to the start of the library. Null for an
 * address without a symbol. Never fails.
 */
export function variablesIn(path: string, addresses: readonly number[]): (string | null)[] {
  try {
    return withFile(path, (source) => {
      if (detectFormat(source) !== 'elf') return addresses.map(() => null);
      const file = new ElfFile(source);
      const table = findTable(file);
      if (table === undefined) return addresses.map(() => null);
      const wanted = addresses.map((address) => address + file.base);
      const hits = findSymbols(file, table, wanted, VARIABLES);
      return hits.map((hit) => (hit === undefined ? null : nameAt(file, table, hit)));
    });
  } catch {
    return addresses.map(() => null);
  }
}

function findTable(file: ElfFile): Table | undefined {
  const { offset, count } = file.sections;
  const size = file.wide ? 64 : 40;
  if (count === 0 || count > MAX_SECTIONS || !file.source.contains(offset, count * size)) return undefined;
  const headers = file.struct(offset, count * size, 'the section headers');
  const word = (index: number, wide: number, narrow: number) =>
    headers.word(index * size + (file.wide ? wide : narrow));
  for (const type of [SectionType.symtab, SectionType.dynsym]) {
    for (let index = 0; index < count; index += 1) {
      if (headers.u32(index * size + 4) !== type) continue;
      const link = headers.u32(index * size + (file.wide ? 40 : 24));
      if (link >= count) continue;
      const start = word(link, 24, 16);
      const symbols = Math.floor(word(index, 32, 20) / symbolSize(file));
      const table = {
        offset: word(index, 24, 16),
        count: symbols,
        strings: { start, end: start + word(link, 32, 20) },
      };
      if (isUsable(file, table)) return table;
    }
  }
  return undefined;
}

function isUsable(file: ElfFile, { offset, count, strings }: Table): boolean {
  const size = count * symbolSize(file);
  const { start, end } = strings;
  return size <= MAX_TABLE && file.source.contains(offset, size) && file.source.contains(start, end - start);
}

function symbolSize(file: ElfFile): number {
  return file.wide ? 24 : 16;
}

/** Returns for each address the symbol of one of the types that contains it, if there is one. */
function findSymbols(
  file: ElfFile,
  table: Table,
  addresses: readonly (number | null)[],
  types: readonly number[],
): (Hit | undefined)[] {
  const hits: (Hit | undefined)[] = addresses.map(() => undefined);
  const wanted = addresses.flatMap((address, index) => (address === null ? [] : [{ address, index }]));
  const least = Math.min(...wanted.map(({ address }) => address));
  const greatest = Math.max(...wanted.map(({ address }) => address));
  const size = symbolSize(file);
  for (let first = 0; first < table.count; first += PART) {
    const count = Math.min(PART, table.count - first);
    const symbols = file.struct(table.offset + first * size, count * size, 'the symbol table');
    for (let at = 0; at < count * size; at += size) {
      const found = symbolAt(symbols, at, types);
      if (found === null || found.end <= least || found.start > greatest) continue;
      for (const { address, index } of wanted) {
        if (address < found.start || address >= found.end) continue;
        const best = hits[index];
        if (best === undefined || found.start > best.start) hits[index] = found;
      }
    }
  }
  return hits;
}

/** Decodes a symbol that the library defines. Without a size it covers only its first byte. */
function symbolAt(
  symbols: Struct,
  at: number,
  types: readonly number[],
): (Hit & { readonly end: number }) | null {
  const { wide } = symbols;
  const type = symbols.u8(at + (wide ? 4 : 12)) & 15;
  if (!types.includes(type)) return null;
  if (symbols.u16(at + (wide ? 6 : 14)) === 0) return null;
  const start = symbols.word(at + (wide ? 8 : 4));
  const length = symbols.word(at + (wide ? 16 : 8));
  return { nameOffset: symbols.u32(at), start, end: start + Math.max(length, 1) };
}

function nameAt(file: ElfFile, { strings }: Table, { nameOffset }: Hit): string | null {
  try {
    return file.source.cString(strings.start + nameOffset, strings.end, 'the name of a function') || null;
  } catch {
    return null;
  }
}
