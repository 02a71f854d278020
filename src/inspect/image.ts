/** What the three formats have in common once their headers are read: an image in memory that was never loaded. */
import type { AddressRange, BinaryFormat, ExportedSymbol, LibraryFacts } from './facts.js';

/** What a pointer in the image will be once the loader is done. */
export interface Pointer {
  /** Relative to the image base if `inside`, otherwise the plain number. */
  readonly address: number;
  /** It moves with the image; otherwise it is NULL or a constant that the loader does not touch. */
  readonly inside: boolean;
}

/** Which exports a caller wants to see. `entry-points` keeps the names of the ABI and what looks like them. */
export type ExportSelection = 'all' | 'entry-points';

/** How to look at a file. */
export interface ImageOptions {
  /** Which slice of a universal binary to take, as `process.arch` spells it. */
  readonly arch: string;
  readonly exports: ExportSelection;
}

/** A library as its loader would see it. All addresses are relative to the image base. */
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
  /** The language that only this format's marks tell, or null. */
  readonly mark: LibraryFacts['language'];
  /** The file's bytes at an address, or null if they do not come from the file. Pointers in them are not relocated. */
  read(address: number, length: number): Buffer | null;
  /** Whether memory at `address` can no longer change when the first instruction of the library runs. */
  constant(address: number, length: number): boolean;
  /** The pointers at `address`: null in place of one that only the loader can know, null if that is true for all. */
  pointers(address: number, count: number): readonly (Pointer | null)[] | null;
}

/** Whether an address lies in one of the ranges. */
export function inRanges(ranges: readonly AddressRange[], address: number): boolean {
  return ranges.some((range) => address >= range.start && address < range.end);
}
