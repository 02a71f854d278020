/** The relocations of pointers in a Mach-O image: chained fixups, or the older rebase and bind tables. */
import type { Pointer } from './image.js';
import type { MachoFile, MachoPlace } from './macho-file.js';
import type { Struct } from './struct.js';

/** The formats of a chained pointer. */
const Format = { arm64e: 1, ptr64: 2, ptr64Offset: 6, arm64eUserland: 9, arm64eUserland24: 12 } as const;
const BIND_BIT = 0x80000000;
const ARM64E_BIND_BIT = 0x40000000;
const ARM64E_AUTH_BIT = 0x80000000;

/**
 * Returns the pointers at an address (relative to the base) with their values in the loaded library. A
 * pointer to a symbol that is looked up by name is null. In the older form such a pointer is stored as 0,
 * like a NULL pointer. Therefore all zeros are null if the library has any pointer by name.
 */
export function machoPointers(file: MachoFile, address: number, count: number): (Pointer | null)[] | null {
  const offset = file.offsetOf(address, count * 8);
  if (offset === null || !file.layout.wide || !file.layout.little) return null;
  const values = file.struct(offset, count * 8, 'the vtable');
  const slots = Array.from({ length: count }, (_, slot) => slot * 8);
  if (file.chainedFixups === null) return slots.map((at) => rebased(file, values, at));
  const format = chainFormat(file, file.chainedFixups, address);
  if (format === null) return null;
  return slots.map((at) => chained(file, values, at, format));
}

const NULL_POINTER: Pointer = { address: 0, inside: false };

function rebased(file: MachoFile, values: Struct, at: number): Pointer | null {
  const value = values.u64(at);
  if (value === 0) return file.bindsByName ? null : NULL_POINTER;
  return { address: value - file.base, inside: true };
}

function chained(file: MachoFile, values: Struct, at: number, format: number): Pointer | null {
  const low = values.u32(at);
  const high = values.u32(at + 4);
  if (low === 0 && high === 0) return NULL_POINTER;
  if (format === Format.ptr64 || format === Format.ptr64Offset) {
    if ((high & BIND_BIT) !== 0) return null;
    const target = low + (high & 0xf) * 2 ** 32;
    return { address: format === Format.ptr64 ? target - file.base : target, inside: true };
  }
  if ((high & ARM64E_BIND_BIT) !== 0) return null;
  // A signed pointer has a 32-bit offset. An unsigned one has 43 bits, an address in the oldest format.
  if ((high & ARM64E_AUTH_BIT) !== 0) return { address: low, inside: true };
  const target = low + (high & 0x7ff) * 2 ** 32;
  return { address: format === Format.arm64e ? target - file.base : target, inside: true };
}

const KNOWN_FORMATS: ReadonlySet<number> = new Set(Object.values(Format));

/** Returns the format of the pointers in the segment of an address. Null if it has none or an unknown one. */
function chainFormat(file: MachoFile, place: MachoPlace, address: number): number | null {
  const segment = file.segmentAt(address);
  const fixups = file.struct(place.offset, place.size, 'the chained fixups');
  const starts = place.size >= 8 ? fixups.u32(4) : place.size;
  const entry = starts + 4 + segment * 4;
  if (segment < 0 || entry + 4 > place.size || segment >= fixups.u32(starts)) return null;
  const info = fixups.u32(entry);
  if (info === 0 || starts + info + 8 > place.size) return null;
  const format = fixups.u16(starts + info + 6);
  return KNOWN_FORMATS.has(format) ? format : null;
}
