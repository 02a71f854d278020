/**
 * ELF shared objects: Linux, the BSDs, Android. Only the data of the loader is required, not section headers.
 */

import { ElfFile, Tag } from './elf-file.js';
import { elfPointers } from './elf-relocations.js';
import { ElfSymbols } from './elf-symbols.js';
import { NEAR_ENTRY_POINTS } from './entry-names.js';
import type { LibraryFacts } from './facts.js';
import { type Image, type ImageOptions, inRanges } from './image.js';
import { languageOfComment } from './language.js';
import type { ByteSource } from './source.js';

/**
 * Values of `e_machine` as in `process.arch`. The names of MIPS and RISC-V depend on other header fields too.
 */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  258: 'loong64',
};
const MIPS = 8;
const RISCV = 243;

/** Values of EI_OSABI as in `process.platform`. Linux libraries have 0 (System V) or 3 (GNU). */
const SYSTEMS: Readonly<Record<number, string>> = {
  0: 'linux',
  1: 'hpux',
  2: 'netbsd',
  3: 'linux',
  6: 'sunos',
  7: 'aix',
  9: 'freebsd',
  12: 'openbsd',
};

/** Owners of notes that identify the system if EI_OSABI is System V. */
const NOTE_SYSTEMS: Readonly<Record<string, string>> = {
  Android: 'android',
  FreeBSD: 'freebsd',
  NetBSD: 'netbsd',
  OpenBSD: 'openbsd',
};

/** Reads an ELF file. @throws TenonError ERR_TENON_NOT_A_LIBRARY */
export function readElf(source: ByteSource, options: ImageOptions): Image {
  const file = new ElfFile(source);
  const code = file.codeRanges();
  const constants = file.constantRanges();
  const symbols = new ElfSymbols(file, code);
  // The loader ignores RPATH if there is a RUNPATH.
  const runpath = file.tag(Tag.runpath) ?? file.tag(Tag.rpath);
  return {
    format: 'elf',
    os: systemOf(file),
    arch: archOf(file),
    bits: file.wide ? 64 : 32,
    endian: file.little ? 'little' : 'big',
    exports: options.exports === 'all' ? symbols.all() : symbols.find(NEAR_ENTRY_POINTS),
    needed: file.tags(Tag.needed).map((offset) => symbols.string(offset, 'the name of a needed library')),
    runpath: runpath === undefined ? [] : symbols.string(runpath, 'a RUNPATH').split(':'),
    code,
    mark: markOf(file),
    find: (name) => symbols.find([name])[0] ?? null,
    read: (address, length) => {
      const offset = file.offsetOf(address + file.base, length);
      return offset === null ? null : source.read(offset, length, 'the memory image');
    },
    constant: (address, length) => inRanges(constants, address) && inRanges(constants, address + length - 1),
    pointers: (address, count) => elfPointers(file, symbols, address, count),
  };
}

export function archOf(file: ElfFile): string {
  if (file.machine === MIPS) return file.little ? 'mipsel' : 'mips';
  if (file.machine === RISCV) return file.wide ? 'riscv64' : 'riscv32';
  return MACHINES[file.machine] ?? `unknown(0x${file.machine.toString(16)})`;
}

function systemOf(file: ElfFile): string {
  const noted = file.noteOwners().find((owner) => Object.hasOwn(NOTE_SYSTEMS, owner));
  const system = noted === undefined ? SYSTEMS[file.osAbi] : NOTE_SYSTEMS[noted];
  return system ?? `unknown(osabi ${file.osAbi})`;
}

/**
 * Returns the language from the marks of compilers in sections. Loaders ignore sections, so errors give null.
 */
function markOf(file: ElfFile): LibraryFacts['language'] {
  const { offset, count, names } = file.sections;
  const { source } = file;
  const entrySize = file.wide ? 64 : 40;
  if (count === 0 || names >= count || !source.contains(offset, count * entrySize)) return null;
  const table = file.struct(offset, count * entrySize, 'the section headers');
  const place = (index: number) => {
    const at = index * entrySize;
    const start = table.word(at + (file.wide ? 24 : 16));
    const size = Math.min(table.word(at + (file.wide ? 32 : 20)), 4096);
    return source.contains(start, size) ? source.read(start, size, 'a section') : Buffer.alloc(0);
  };
  const strings = place(names);
  const position = (section: string) => strings.indexOf(`\0${section}\0`, 0, 'latin1') + 1;
  const go = position('.go.buildinfo') || position('.note.go.buildid');
  const comment = position('.comment');
  let text = '';
  for (let index = 0; index < count; index += 1) {
    const name = table.u32(index * entrySize);
    if (name === 0) continue;
    if (name === go) return 'go';
    if (name === comment) text = place(index).toString('latin1');
  }
  return languageOfComment(text);
}
