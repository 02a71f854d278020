/** The facts of an ELF library by which the system's loader finds the libraries that it needs. */
import { archOf } from './elf.js';
import { ElfFile, Tag } from './elf-file.js';
import { ElfSymbols } from './elf-symbols.js';
import { detectFormat } from './magic.js';
import { withFile } from './open.js';

/** The libraries that an ELF library needs, and where it says to look for them. */
export interface LoaderNeeds {
  /** The processor, as `process.arch` spells it. */
  readonly arch: string;
  readonly bits: 32 | 64;
  /** The name under which the loader knows the library besides the names of its files. */
  readonly soname: string | null;
  /** The names of the needed libraries, in order. */
  readonly needed: readonly string[];
  /** Folders for this library and, unless they have folders of their own, those that it needs. Unexpanded. */
  readonly rpath: readonly string[] | null;
  /** Folders for this library only. Unexpanded. */
  readonly runpath: readonly string[] | null;
  /** Whether its libraries are also looked up in the folders of the system. */
  readonly system: boolean;
}

/** The flag of libraries whose needed libraries are not looked up in the folders of the system. */
const NO_DEFAULT_FOLDERS = 0x800;

/**
 * Reads the needs of a library. Returns null for a file of another format.
 * @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE, ERR_TENON_NOT_A_LIBRARY
 */
export function inspectNeeds(path: string): LoaderNeeds | null {
  return withFile(path, (source) => {
    if (detectFormat(source) !== 'elf') return null;
    const file = new ElfFile(source);
    const symbols = new ElfSymbols(file, []);
    const text = (offset: number | undefined, what: string) =>
      offset === undefined ? null : symbols.string(offset, what);
    const flags1 = file.tag(Tag.flags1) ?? 0;
    return {
      arch: archOf(file),
      bits: file.wide ? 64 : 32,
      soname: text(file.tag(Tag.soname), 'the name of the library'),
      needed: file.tags(Tag.needed).map((offset) => symbols.string(offset, 'the name of a needed library')),
      rpath: text(file.tag(Tag.rpath), 'an RPATH')?.split(':') ?? null,
      runpath: text(file.tag(Tag.runpath), 'a RUNPATH')?.split(':') ?? null,
      system: Math.floor(flags1 / NO_DEFAULT_FOLDERS) % 2 === 0,
    };
  });
}
