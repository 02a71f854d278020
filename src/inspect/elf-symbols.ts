/** The dynamic symbols of an ELF file: a list of all, and a lookup by name in the loader's hash tables. */
import { type ElfFile, Tag } from './elf-file.js';
import type { AddressRange, ExportedSymbol } from './facts.js';
import { inRanges } from './image.js';
import { INSPECT_LIMITS } from './source.js';
import type { Struct } from './struct.js';

const Binding = { global: 1, weak: 2, unique: 10 } as const;
const SymbolType = { none: 0, func: 2, section: 3, file: 4, tls: 6, ifunc: 10 } as const;
const UNDEFINED_SECTION = 0;
const ABSOLUTE_SECTION = 0xfff1;
/** A flag in the version table: the symbol is not the default version of its name. */
const HIDDEN_VERSION = 0x8000;

/** A symbol that other libraries can find. */
interface DefinedSymbol {
  readonly nameOffset: number;
  readonly symbol: Omit<ExportedSymbol, 'name'>;
}

/** A symbol that another library must define. */
export interface ImportedSymbol {
  readonly name: string;
  /** The index of its version among the needed ones (elf-versions.ts). 0 and 1 mean that it has none. */
  readonly version: number;
}

/** The dynamic symbol table. */
export class ElfSymbols {
  readonly #file: ElfFile;
  readonly #code: readonly AddressRange[];
  readonly #entrySize: number;
  readonly #symtab: number;
  readonly #strtab: number;
  readonly #strSize: number;

  /** @throws TenonError ERR_TENON_NOT_A_LIBRARY if the dynamic table has no symbols or strings */
  constructor(file: ElfFile, code: readonly AddressRange[]) {
    this.#file = file;
    this.#code = code;
    this.#entrySize = file.wide ? 24 : 16;
    const strtab = file.tag(Tag.strtab);
    const symtab = file.tag(Tag.symtab);
    if (strtab === undefined || symtab === undefined) {
      throw file.source.fail('the dynamic segment has no symbol table (corrupted)');
    }
    this.#strSize = file.tag(Tag.strSize) ?? 0;
    this.#strtab = file.locate(strtab, this.#strSize, 'the dynamic string table');
    this.#symtab = file.locate(symtab, this.#entrySize, 'the dynamic symbol table');
  }

  /** Returns a string of the dynamic string table. */
  string(offset: number, what: string): string {
    return this.#file.source.cString(this.#strtab + offset, this.#strtab + this.#strSize, what);
  }

  /** Returns the address of a symbol relative to the base. Null if another library defines it. */
  addressOf(index: number): number | null {
    const offset = this.#symtab + index * this.#entrySize;
    if (index === 0 || !this.#file.source.contains(offset, this.#entrySize)) return null;
    return this.#decode(this.#file.struct(offset, this.#entrySize, 'a symbol'), 0)?.symbol.address ?? null;
  }

  /** Looks up names by their hashes. Without a hash table it finds nothing, like the loader. */
  find(names: readonly string[]): ExportedSymbol[] {
    const gnu = this.#file.tag(Tag.gnuHash);
    const sysv = this.#file.tag(Tag.hash);
    const found: ExportedSymbol[] = [];
    for (const name of names) {
      const symbol =
        gnu !== undefined ? this.#findGnu(gnu, name) : sysv !== undefined ? this.#findSysv(sysv, name) : null;
      if (symbol !== null) found.push(symbol);
    }
    return found;
  }

  /** Returns all exported symbols. A name with several versions has only its default version. */
  all(): ExportedSymbol[] {
    const { source } = this.#file;
    const count = this.#count();
    if (count === 0) return [];
    if (count > INSPECT_LIMITS.symbols)
      throw source.fail(`the symbol table states ${count} symbols (corrupted)`);
    const table = this.#file.struct(this.#symtab, count * this.#entrySize, 'the dynamic symbol table');
    const strings = source.read(this.#strtab, this.#strSize, 'the dynamic string table');
    const isDefault = this.#defaultVersions(count);
    const byName = new Map<string, ExportedSymbol>();
    let nameBytes = 0;
    for (let index = 1; index < count; index += 1) {
      const defined = this.#decode(table, index * this.#entrySize);
      if (defined === null) continue;
      const end = defined.nameOffset < this.#strSize ? strings.indexOf(0, defined.nameOffset) : -1;
      if (end < 0) throw source.fail('the name of a symbol is outside of the string table (corrupted)');
      nameBytes += end - defined.nameOffset;
      if (nameBytes > INSPECT_LIMITS.nameBytes)
        throw source.fail('the names of its symbols are too long (corrupted)');
      const name = strings.toString('utf8', defined.nameOffset, end);
      if (name !== '' && (isDefault(index) || !byName.has(name)))
        byName.set(name, { name, ...defined.symbol });
    }
    return [...byName.values()];
  }

  /** Returns the symbols that the loader looks up in other libraries. */
  imports(): ImportedSymbol[] {
    const { source } = this.#file;
    const count = Math.max(this.#count(), this.#firstHashed());
    if (count === 0 || !source.contains(this.#symtab, count * this.#entrySize)) return [];
    const table = this.#file.struct(this.#symtab, count * this.#entrySize, 'the dynamic symbol table');
    const version = this.#versions(count);
    const found: ImportedSymbol[] = [];
    for (let index = 1; index < count; index += 1) {
      const at = index * this.#entrySize;
      if (table.u16(at + (table.wide ? 6 : 14)) !== UNDEFINED_SECTION) continue;
      const name = this.string(table.u32(at), 'the name of a symbol');
      found.push({ name, version: version(index) & ~HIDDEN_VERSION });
    }
    return found;
  }

  /** Returns the names of the symbols of which the loader keeps one for the whole process (STB_GNU_UNIQUE). */
  unique(): string[] {
    const count = this.#count();
    const { source } = this.#file;
    if (count > INSPECT_LIMITS.symbols || !source.contains(this.#symtab, count * this.#entrySize)) return [];
    const table = this.#file.struct(this.#symtab, count * this.#entrySize, 'the dynamic symbol table');
    const numbers = new Set<number>();
    for (let index = 1; index < count; index += 1) {
      const at = index * this.#entrySize;
      const info = table.u8(at + (table.wide ? 4 : 12));
      const section = table.u16(at + (table.wide ? 6 : 14));
      if (info >> 4 === Binding.unique && section !== UNDEFINED_SECTION) numbers.add(index);
    }
    return this.names(numbers);
  }

  /** Returns the names of the symbols with these numbers. Numbers outside of the table are left out. */
  names(numbers: ReadonlySet<number>): string[] {
    const last = [...numbers].reduce((most, number) => Math.max(most, number), 0);
    const size = (last + 1) * this.#entrySize;
    if (last > INSPECT_LIMITS.symbols || !this.#file.source.contains(this.#symtab, size)) return [];
    const table = this.#file.struct(this.#symtab, size, 'the dynamic symbol table');
    const strings = this.#file.source.read(this.#strtab, this.#strSize, 'the dynamic string table');
    const found = new Set<string>();
    for (const number of numbers) {
      const start = table.u32(number * this.#entrySize);
      const end = start < this.#strSize ? strings.indexOf(0, start) : -1;
      if (end > start) found.add(strings.toString('utf8', start, end));
    }
    return [...found];
  }

  /** Returns the index of the first exported symbol. Imported symbols precede it. */
  #firstHashed(): number {
    const gnu = this.#file.tag(Tag.gnuHash);
    const first = gnu === undefined ? 0 : this.#gnuHash(gnu).firstSymbol;
    return first > INSPECT_LIMITS.symbols ? 0 : first;
  }

  #decode(table: Struct, at: number): DefinedSymbol | null {
    const { wide } = table;
    const info = table.u8(at + (wide ? 4 : 12));
    const section = table.u16(at + (wide ? 6 : 14));
    const binding = info >> 4;
    const type = info & 15;
    if (section === UNDEFINED_SECTION || type === SymbolType.section || type === SymbolType.file) return null;
    if (binding !== Binding.global && binding !== Binding.weak && binding !== Binding.unique) return null;
    const value = table.word(at + (wide ? 8 : 4));
    // Thread-local offsets and absolute values are not relative to the image.
    const fixed = section === ABSOLUTE_SECTION || type === SymbolType.tls;
    const address = fixed ? value : value - this.#file.base;
    const isFunction =
      type === SymbolType.func ||
      type === SymbolType.ifunc ||
      (type === SymbolType.none && !fixed && inRanges(this.#code, address));
    return { nameOffset: table.u32(at), symbol: { type: isFunction ? 'function' : 'data', address } };
  }

  #match(index: number, name: string): ExportedSymbol | null {
    const offset = this.#symtab + index * this.#entrySize;
    const defined = this.#decode(this.#file.struct(offset, this.#entrySize, 'a symbol'), 0);
    if (defined === null || defined.nameOffset >= this.#strSize) return null;
    return this.string(defined.nameOffset, 'the name of a symbol') === name
      ? { name, ...defined.symbol }
      : null;
  }

  #findGnu(address: number, name: string): ExportedSymbol | null {
    const table = this.#gnuHash(address);
    const hash = gnuHash(name);
    let index = this.#u32(table.buckets + (hash % table.bucketCount) * 4);
    for (; index >= table.firstSymbol && index < INSPECT_LIMITS.symbols; index += 1) {
      const chained = this.#u32(table.chain + (index - table.firstSymbol) * 4);
      // The lowest bit marks the end of a chain. It is not part of the hash.
      const symbol = chained >>> 1 === hash >>> 1 ? this.#match(index, name) : null;
      if (symbol !== null) return symbol;
      if ((chained & 1) === 1) return null;
    }
    return null;
  }

  #findSysv(address: number, name: string): ExportedSymbol | null {
    const { start, bucketCount, symbolCount } = this.#sysvHash(address);
    if (bucketCount === 0) return null;
    let index = this.#u32(start + 8 + (sysvHash(name) % bucketCount) * 4);
    // A chain visits a symbol at most once, so more steps than symbols are a loop.
    for (let steps = 0; index !== 0 && index < symbolCount && steps < symbolCount; steps += 1) {
      const symbol = this.#match(index, name);
      if (symbol !== null) return symbol;
      index = this.#u32(start + 8 + (bucketCount + index) * 4);
    }
    return null;
  }

  /** Returns the number of symbols. It is not stored directly, so it is derived from a hash table. */
  #count(): number {
    const gnu = this.#file.tag(Tag.gnuHash);
    if (gnu !== undefined) return this.#countGnu(gnu);
    const sysv = this.#file.tag(Tag.hash);
    return sysv === undefined ? 0 : this.#sysvHash(sysv).symbolCount;
  }

  #countGnu(address: number): number {
    const table = this.#gnuHash(address);
    const buckets = this.#file.struct(
      table.buckets,
      table.bucketCount * 4,
      'the buckets of the GNU hash table',
    );
    let last = 0;
    for (let bucket = 0; bucket < table.bucketCount; bucket += 1)
      last = Math.max(last, buckets.u32(bucket * 4));
    if (last < table.firstSymbol) return 0;
    while (
      last < INSPECT_LIMITS.symbols &&
      (this.#u32(table.chain + (last - table.firstSymbol) * 4) & 1) === 0
    )
      last += 1;
    return last + 1;
  }

  #gnuHash(address: number): { firstSymbol: number; bucketCount: number; buckets: number; chain: number } {
    const start = this.#file.locate(address, 16, 'the GNU hash table');
    const header = this.#file.struct(start, 16, 'the GNU hash table');
    const bucketCount = header.u32(0);
    if (bucketCount === 0) throw this.#file.source.fail('the GNU hash table has no buckets (corrupted)');
    const buckets = start + 16 + header.u32(8) * this.#file.wordSize;
    return { firstSymbol: header.u32(4), bucketCount, buckets, chain: buckets + bucketCount * 4 };
  }

  #sysvHash(address: number): { start: number; bucketCount: number; symbolCount: number } {
    const start = this.#file.locate(address, 8, 'the hash table');
    const header = this.#file.struct(start, 8, 'the hash table');
    return { start, bucketCount: header.u32(0), symbolCount: header.u32(4) };
  }

  #u32(offset: number): number {
    return this.#file.struct(offset, 4, 'a hash table').u32(0);
  }

  /**
   * Returns a test for the default version of a name. It fails for all symbols without a table of versions.
   */
  #defaultVersions(count: number): (index: number) => boolean {
    const version = this.#versions(count);
    return (index) => (version(index) & HIDDEN_VERSION) === 0;
  }

  /** Reads the table of versions, if there is one. Returns a lookup of the version index of a symbol. */
  #versions(count: number): (index: number) => number {
    const address = this.#file.tag(Tag.versym);
    const offset = address === undefined ? null : this.#file.offsetOf(address, count * 2);
    if (offset === null) return () => HIDDEN_VERSION;
    const versions = this.#file.struct(offset, count * 2, 'the table of symbol versions');
    return (index) => versions.u16(index * 2);
  }
}

function gnuHash(name: string): number {
  let hash = 5381;
  for (const byte of Buffer.from(name)) hash = (hash * 33 + byte) % 2 ** 32;
  return hash;
}

function sysvHash(name: string): number {
  let hash = 0;
  for (const byte of Buffer.from(name)) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24) ^ high) >>> 0;
  }
  return hash;
}
