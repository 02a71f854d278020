/** Mach-O libraries of macOS and related systems, thin and universal. */
import { sameAbiName } from './entry-names.js';
import { type Image, type ImageOptions, inRanges } from './image.js';
import { machoExports } from './macho-exports.js';
import { chooseSlice, MachoFile } from './macho-file.js';
import { machoPointers } from './macho-pointers.js';
import type { ByteSource } from './source.js';

/** Values of `cputype` as in `process.arch`. */
const CPUS: Readonly<Record<number, string>> = {
  7: 'ia32',
  12: 'arm',
  18: 'ppc',
  16777223: 'x64',
  16777228: 'arm64',
  16777234: 'ppc64',
  33554444: 'arm64_32',
};

/** PLATFORM_ constants in the style of `process.platform`. Mac Catalyst (6) runs on macOS. */
const PLATFORMS: Readonly<Record<number, string>> = {
  1: 'darwin',
  2: 'ios',
  3: 'tvos',
  4: 'watchos',
  6: 'darwin',
  7: 'ios',
  8: 'tvos',
  9: 'watchos',
  11: 'visionos',
  12: 'visionos',
};

/**
 * Reads a Mach-O file, or the slice of a universal binary for `options.arch`.
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY
 */
export function readMacho(source: ByteSource, options: ImageOptions): Image {
  const file = new MachoFile(chooseSlice(source, (cpu) => CPUS[cpu] === options.arch));
  const code = file.codeRanges();
  const constants = file.constantRanges();
  const exports = machoExports(file, code);
  return {
    format: 'macho',
    os: PLATFORMS[file.platform] ?? `unknown(platform ${file.platform})`,
    arch: CPUS[file.cpu] ?? `unknown(0x${file.cpu.toString(16)})`,
    bits: file.layout.wide ? 64 : 32,
    endian: file.layout.little ? 'little' : 'big',
    exports: options.exports === 'all' ? exports : exports.filter(sameAbiName),
    needed: file.needed,
    runpath: file.runpath,
    code,
    mark: null,
    find: (name) => exports.find((symbol) => symbol.name === name) ?? null,
    read: (address, length) => {
      const offset = file.offsetOf(address, length);
      return offset === null ? null : file.source.read(offset, length, 'the memory image');
    },
    constant: (address, length) => inRanges(constants, address) && inRanges(constants, address + length - 1),
    pointers: (address, count) => machoPointers(file, address, count),
  };
}
