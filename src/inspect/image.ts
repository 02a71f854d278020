/** The common interface of the three formats: the memory image of a library that was not loaded. */
import type { AddressRange, BinaryFormat, ExportedSymbol, LibraryFacts } from './facts.js';

/** The value of a pointer after relocation. */
export interface Pointer {
  /** Relative to the image base if `inside`, otherwise the plain value. */
  readonly address: number;
  /**
   * True if it is relative to the image. False for NULL and for constants that the loader does not change.
   */
  readonly inside: boolean;
}

/** The exports to list. `entry-points` lists the names of the ABI and similar names. */
export type ExportSelection = 'all' | 'entry-points';

/** The options of a reader. */
export interface ImageOptions {
  /** The slice of a universal binary to read, as in `process.arch`. */
  readonly arch: string;
  readonly exports: ExportSelection;
}

/** A library as its loader sees it. All addresses are relative to the image base. */
export interface Image {
  readonly format: BinaryFormat;
  readonly os: string;
  readonly arch: string;
  readonly bits: 32 | 64;
  readonly endian: 'little' | 'big';
  readonly exports: readonly ExportedSymbol[];
  readonly needed: readonly string[];
  readonly runpath: readonly string[];
  readonly code: readonly AddressRange[];
  /** The language according to marks that are specific to this format. Null without marks. */
  readonly mark: LibraryFacts['language'];
  /** Looks up one exported name. It finds every name, whatever `exports` lists. */
  find(name: string): ExportedSymbol | null;
  /** Reads the bytes at an address. Null if the file has none for it. Pointers in them are not relocated. */
  read(address: number, length: number): Buffer | null;
  /** Checks whether the memory at `address` is read-only when the first instruction of the library runs. */
  constant(address: number, length: number): boolean;
  /** Returns the pointers at `address`. An unknown pointer is null. Returns null if all are unknown. */
  pointers(address: number, count: number): readonly (Pointer | null)[] | null;
}

/** Checks whether an address is in one of the ranges. */
export function inRanges(ranges: readonly AddressRange[], address: number): boolean {
  return ranges.some((range) => address >= range.start && address < range.end);
}
