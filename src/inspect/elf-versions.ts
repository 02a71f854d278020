/** Versions of symbols in an ELF library: the versions it needs from other libraries and those it defines. */
import { type ElfFile, Tag } from './elf-file.js';
import type { ElfSymbols, ImportedSymbol } from './elf-symbols.js';
import { INSPECT_LIMITS } from './source.js';

/** A version that another library must define. */
export interface NeededVersion {
  /** The name of the library for the loader, for example `libc.so.6`. */
  readonly library: string;
  /** For example `GLIBC_2.34`. */
  readonly version: string;
  /** Whether the library is still loaded if the version is missing. */
  readonly weak: boolean;
  /** The symbols with this version. */
  readonly symbols: readonly string[];
}

const NEED = 16;
const DEFINITION = 20;
const WEAK = 2;
/** The maximum number of versions. Real libraries need a few dozen versions of a few libraries. */
const MOST = 4096;

/** Returns the needed versions. @throws TenonError ERR_TENON_NOT_A_LIBRARY if the table exceeds the file */
export function neededVersions(
  file: ElfFile,
  symbols: ElfSymbols,
  imports: readonly ImportedSymbol[],
): NeededVersion[] {
  const found: NeededVersion[] = [];
  const names = new Map<number, string[]>();
  for (const { name, version } of imports) {
    const known = names.get(version);
    if (known === undefined) names.set(version, [name]);
    else known.push(name);
  }
  let at = file.tag(Tag.versionsNeeded);
  const count = Math.min(file.tag(Tag.versionsNeededCount) ?? 0, INSPECT_LIMITS.needed);
  for (let index = 0; at !== undefined && index < count; index += 1) {
    const need = record(file, at, NEED, 'a needed version');
    const library = symbols.string(need.u32(4), 'the name of a library');
    let part = at + need.u32(8);
    for (let left = need.u16(2); left > 0 && found.length < MOST; left -= 1) {
      const one = record(file, part, NEED, 'a needed version');
      found.push({
        library,
        version: symbols.string(one.u32(8), 'the name of a version'),
        weak: (one.u16(4) & WEAK) !== 0,
        symbols: names.get(one.u16(6)) ?? [],
      });
      part += one.u32(12);
    }
    const step = need.u32(12);
    at = step === 0 ? undefined : at + step;
  }
  return found;
}

/**
 * Returns the names of the versions that a library defines.
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY if the table exceeds the file
 */
export function definedVersions(file: ElfFile, symbols: ElfSymbols): string[] {
  const found: string[] = [];
  let at = file.tag(Tag.versionsDefined);
  const count = Math.min(file.tag(Tag.versionsDefinedCount) ?? 0, MOST);
  for (let index = 0; at !== undefined && index < count; index += 1) {
    const definition = record(file, at, DEFINITION, 'a version');
    const name = record(file, at + definition.u32(12), 8, 'the name of a version').u32(0);
    found.push(symbols.string(name, 'the name of a version'));
    const step = definition.u32(16);
    at = step === 0 ? undefined : at + step;
  }
  return found;
}

function record(file: ElfFile, address: number, length: number, what: string) {
  return file.struct(file.locate(address, length, what), length, what);
}
