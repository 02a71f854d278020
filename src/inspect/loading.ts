/** The requirements of an ELF library for the system's loader, and its effects on the process. */
import { ElfFile, Tag } from './elf-file.js';
import { elfPointers } from './elf-relocations.js';
import { sectionNames } from './elf-sections.js';
import { ElfSymbols } from './elf-symbols.js';
import { definedVersions, type NeededVersion, neededVersions } from './elf-versions.js';
import type { AddressRange } from './facts.js';
import { detectFormat } from './magic.js';
import { withFile } from './open.js';
import type { ByteSource } from './source.js';
import { placesOf } from './symbols.js';

/** A function that runs when the library is loaded. */
export interface Constructor {
  /** Relative to the image base. */
  readonly address: number;
  /** The linkage name. Null if it was stripped. */
  readonly name: string | null;
}

/** The properties of an ELF library that concern its loading. */
export interface LoadingFacts {
  readonly soname: string | null;
  readonly needed: readonly string[];
  /** The folders that are searched for needed libraries, not expanded. */
  readonly searched: { readonly tag: 'RPATH' | 'RUNPATH'; readonly folders: readonly string[] } | null;
  readonly versions: readonly NeededVersion[];
  /** The versions that it defines. */
  readonly defined: readonly string[];
  /** The names that are looked up in other libraries. */
  readonly imports: readonly string[];
  /** Null if not specified, which means executable on most processors. */
  /** The names of variables of which the whole process has only one, however many libraries define them. */
  readonly unique: readonly string[];
  readonly executableStack: boolean | null;
  readonly writableCode: readonly AddressRange[];
  readonly relro: boolean;
  readonly bindNow: boolean;
  readonly textRelocations: boolean;
  readonly noDelete: boolean;
  /** Whether its thread-local variables need the static block, which is allocated when the program starts. */
  readonly staticTls: boolean;
  readonly unwindTables: boolean;
  /** Null if they are unknown without loading the library. */
  readonly constructors: readonly Constructor[] | null;
  readonly symbolTable: boolean;
  readonly debugInfo: boolean;
}

const Flag = { textRelocations: 4, bindNow: 8, staticTls: 16 } as const;
const Flag1 = { now: 1, noDelete: 8 } as const;
const MAX_CONSTRUCTORS = 65_536;

/**
 * Inspects a library file. Returns null for a file of another format.
 * @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE, ERR_TENON_NOT_A_LIBRARY
 */
export function inspectLoading(path: string): LoadingFacts | null {
  return withFile(path, loadingOf);
}

/**
 * Inspects an open library file in the same way.
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY, ERR_TENON_UNREADABLE
 */
export function loadingOf(source: ByteSource): LoadingFacts | null {
  if (detectFormat(source) !== 'elf') return null;
  const file = new ElfFile(source);
  const symbols = new ElfSymbols(file, file.codeRanges());
  const imports = symbols.imports();
  const flags = file.tag(Tag.flags) ?? 0;
  const flags1 = file.tag(Tag.flags1) ?? 0;
  const has = (word: number, flag: number) => Math.floor(word / flag) % 2 === 1;
  const sections = sectionNames(file);
  const soname = file.tag(Tag.soname);
  return {
    soname: soname === undefined ? null : symbols.string(soname, 'the name of the library'),
    needed: file.tags(Tag.needed).map((offset) => symbols.string(offset, 'the name of a needed library')),
    searched: searchedBy(file, symbols),
    versions: neededVersions(file, symbols, imports),
    defined: definedVersions(file, symbols),
    imports: imports.map(({ name }) => name),
    unique: symbols.unique(),
    executableStack: file.executableStack(),
    writableCode: file.writableCode(),
    relro: file.hasRelro,
    bindNow: has(flags, Flag.bindNow) || has(flags1, Flag1.now) || file.tag(Tag.bindNow) !== undefined,
    textRelocations: has(flags, Flag.textRelocations) || file.tag(Tag.textRelocations) !== undefined,
    noDelete: has(flags1, Flag1.noDelete),
    staticTls: has(flags, Flag.staticTls),
    unwindTables: file.hasUnwindTables,
    constructors: constructorsOf(file, symbols),
    symbolTable: sections.has('.symtab'),
    debugInfo: sections.has('.debug_info') || sections.has('.zdebug_info'),
  };
}

/** Returns the search path. The loader ignores RPATH if there is a RUNPATH. */
function searchedBy(file: ElfFile, symbols: ElfSymbols): LoadingFacts['searched'] {
  const runpath = file.tag(Tag.runpath);
  const value = runpath ?? file.tag(Tag.rpath);
  if (value === undefined) return null;
  const folders = symbols.string(value, 'a RUNPATH').split(':');
  return { tag: runpath === undefined ? 'RPATH' : 'RUNPATH', folders };
}

/** Returns the constructors: DT_INIT, by default the symbol `_init`, then the functions of the array. */
function constructorsOf(file: ElfFile, symbols: ElfSymbols): Constructor[] | null {
  const init = file.tag(Tag.init);
  const array = file.tag(Tag.initArray);
  const count = Math.min(
    Math.floor((file.tag(Tag.initArraySize) ?? 0) / file.wordSize),
    array === undefined ? 0 : MAX_CONSTRUCTORS,
  );
  const pointers = count === 0 ? [] : elfPointers(file, symbols, (array ?? 0) - file.base, count);
  if (pointers === null) return null;
  const addresses = init === undefined || init === 0 ? [] : [init - file.base];
  for (const pointer of pointers) {
    if (pointer === null) return null;
    // Loaders skip 0 and -1, which old linkers put at the start and the end of the array.
    if (pointer.inside) addresses.push(pointer.address);
  }
  const places = placesOf(file.source, addresses);
  return addresses.map((address, index) => ({ address, name: places[index]?.name ?? null }));
}
