/** The symbols that the system's loader looks up for an ELF library, and those that it finds in it. */
import { ElfFile, Tag } from './elf-file.js';
import { ElfSymbols } from './elf-symbols.js';
import { detectFormat } from './magic.js';
import { withFile } from './open.js';
import { INSPECT_LIMITS } from './source.js';

/** The dynamic linking of an ELF library. */
export interface Linkage {
  /** The names of the libraries that it needs. */
  readonly needed: readonly string[];
  /** Folders in which to look for them, unexpanded. */
  readonly folders: readonly string[];
  /** The names that it defines for others. */
  readonly defined: ReadonlySet<string>;
  /** The names that are looked up for it, its own ones included unless they were bound by the linker. */
  readonly looked: readonly string[];
}

const ENTRY = 24;
const CHUNK = 4096;

/**
 * Reads the linkage of a library. Returns null for a file of another format, and for one of 32 bits.
 * @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE, ERR_TENON_NOT_A_LIBRARY
 */
export function inspectLinkage(path: string): Linkage | null {
  return withFile(path, (source) => {
    if (detectFormat(source) !== 'elf') return null;
    const file = new ElfFile(source);
    if (!file.wide || !file.little) return null;
    const symbols = new ElfSymbols(file, []);
    const numbers = new Set<number>();
    addNumbers(file, file.tag(Tag.rela), file.tag(Tag.relaSize), numbers);
    addNumbers(file, file.tag(Tag.pltRela), file.tag(Tag.pltRelaSize), numbers);
    const folders = file.tag(Tag.runpath) ?? file.tag(Tag.rpath);
    return {
      folders: folders === undefined ? [] : symbols.string(folders, 'a RUNPATH').split(':'),
      needed: file.tags(Tag.needed).map((offset) => symbols.string(offset, 'the name of a needed library')),
      defined: new Set(symbols.all().map(({ name }) => name)),
      looked: symbols.names(numbers),
    };
  });
}

/** Adds the numbers of the symbols in a relocation table. Relative entries have the number 0. */
function addNumbers(
  file: ElfFile,
  table: number | undefined,
  size: number | undefined,
  numbers: Set<number>,
): void {
  const count = Math.min(Math.floor((size ?? 0) / ENTRY), INSPECT_LIMITS.relocations);
  if (table === undefined || count === 0) return;
  const offset = file.locate(table, count * ENTRY, 'the relocation table');
  for (let first = 0; first < count; first += CHUNK) {
    const here = Math.min(CHUNK, count - first);
    const entries = file.struct(offset + first * ENTRY, here * ENTRY, 'the relocation table');
    for (let at = 0; at < here * ENTRY; at += ENTRY) {
      const number = entries.u32(at + 12);
      if (number !== 0) numbers.add(number);
    }
  }
}
