/** The relocations of pointers in an ELF image: RELA entries and the packed RELR table. */
import { type ElfFile, Tag } from './elf-file.js';
import type { ElfSymbols } from './elf-symbols.js';
import type { Pointer } from './image.js';
import { INSPECT_LIMITS } from './source.js';
import type { Struct } from './struct.js';

const ENTRY = 24;
const CHUNK = 2048;
/** The maximum number of entries found. Real files have one entry per place. */
const MOST_FOUND = 64;

/** The relocation types that fill a pointer, by `e_machine`. */
const TYPES: Readonly<Record<number, { readonly relative: number; readonly symbolic: ReadonlySet<number> }>> =
  {
    62: { relative: 8, symbolic: new Set([1, 6, 7]) },
    183: { relative: 1027, symbolic: new Set([257, 1025, 1026]) },
  };

/**
 * Returns the pointers at `address` (relative to the base) with the values that they have in the loaded
 * library.
 *
 * A pointer to a symbol of another library is null. A pointer whose relocation has an unknown type is null
 * too. A symbol that this library defines is assumed to resolve to this library, although an earlier library
 * of the process can replace it. Returns null for processors other than 64-bit x64 and arm64, and for an
 * unsupported form of relocations.
 */
export function elfPointers(
  file: ElfFile,
  symbols: ElfSymbols,
  address: number,
  count: number,
): (Pointer | null)[] | null {
  const types = TYPES[file.machine];
  const unknownForm = [Tag.rel, Tag.androidRel, Tag.androidRela].some((tag) => file.tag(tag) !== undefined);
  const start = address + file.base;
  const offset = file.offsetOf(start, count * 8);
  if (types === undefined || unknownForm || !file.wide || !file.little || offset === null) return null;
  const plain = file.struct(offset, count * 8, 'the vtable');
  const pointers: (Pointer | null)[] = Array.from({ length: count }, (_, slot) => ({
    address: plain.u64(slot * 8),
    inside: false,
  }));
  for (const place of relrPlaces(file, start, start + count * 8)) {
    const slot = (place - start) / 8;
    if (Number.isInteger(slot)) pointers[slot] = { address: plain.u64(slot * 8) - file.base, inside: true };
  }
  for (const { place, type, symbol, addend } of relaEntries(file, start, start + count * 8)) {
    const slot = (place - start) / 8;
    if (!Number.isInteger(slot)) return null;
    if (type === types.relative) pointers[slot] = { address: addend - file.base, inside: true };
    else pointers[slot] = types.symbolic.has(type) ? symbolPointer(symbols, symbol, addend) : null;
  }
  return pointers;
}

function symbolPointer(symbols: ElfSymbols, symbol: number, addend: number): Pointer | null {
  const address = symbols.addressOf(symbol);
  return address === null ? null : { address: address + addend, inside: true };
}

interface Rela {
  readonly place: number;
  readonly type: number;
  readonly symbol: number;
  readonly addend: number;
}

/**
 * Returns the entries for places from `start` up to `end`. All are read: linkers sort the relative ones by place,
 * but loaders do not need that.
 */
function relaEntries(file: ElfFile, start: number, end: number): Rela[] {
  const table = file.tag(Tag.rela);
  const count = Math.min(Math.floor((file.tag(Tag.relaSize) ?? 0) / ENTRY), INSPECT_LIMITS.relocations);
  if (table === undefined || count === 0) return [];
  const offset = file.locate(table, count * ENTRY, 'the relocation table');
  const found: Rela[] = [];
  for (let first = 0; first < count && found.length < MOST_FOUND; first += CHUNK) {
    const here = Math.min(CHUNK, count - first);
    const entries = file.struct(offset + first * ENTRY, here * ENTRY, 'the relocation table');
    for (let at = 0; at < here * ENTRY; at += ENTRY) {
      const place = entries.u64(at);
      if (place >= start && place < end) found.push(decode(entries, at, place));
    }
  }
  return found;
}

function decode(entries: Struct, at: number, place: number): Rela {
  return { place, type: entries.u32(at + 8), symbol: entries.u32(at + 12), addend: entries.u64(at + 16) };
}

/**
 * Returns the places in the range that the RELR table relocates. An even entry is a place. An odd entry is a
 * bitmap of the 63 words after the last place.
 */
function relrPlaces(file: ElfFile, start: number, end: number): number[] {
  const address = file.tag(Tag.relr);
  const count = Math.min(Math.floor((file.tag(Tag.relrSize) ?? 0) / 8), INSPECT_LIMITS.relocations);
  if (address === undefined || count === 0) return [];
  const table = file.struct(file.locate(address, count * 8, 'the RELR table'), count * 8, 'the RELR table');
  const places: number[] = [];
  let next = 0;
  for (let entry = 0; entry < count; entry += 1) {
    const low = table.u32(entry * 8);
    if ((low & 1) === 0) {
      const place = table.u64(entry * 8);
      if (place >= start && place < end) places.push(place);
      next = place + 8;
      continue;
    }
    const reaches = next < end && next + 63 * 8 > start;
    if (reaches) places.push(...bitmapPlaces(low, table.u32(entry * 8 + 4), next, start, end));
    next += 63 * 8;
  }
  return places;
}

function bitmapPlaces(low: number, high: number, next: number, start: number, end: number): number[] {
  const places: number[] = [];
  for (let bit = 1; bit < 64; bit += 1) {
    const word = bit < 32 ? low : high;
    const place = next + (bit - 1) * 8;
    if (((word >>> (bit % 32)) & 1) === 1 && place >= start && place < end) places.push(place);
  }
  return places;
}
