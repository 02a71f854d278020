/** Rewrites Mach-O files into forms that the linkers of Debian do not produce. */
import type { LibraryFacts } from '../../src/inspect/index.js';

const SEGMENT_64 = 0x19;
const DYLD_INFO_ONLY = 0x80000022;
const EXPORTS_TRIE = 0x80000033;
const CHAINED_FIXUPS = 0x80000034;
const SOURCE_VERSION = 0x2a;

/** Returns the offsets of the load commands of one type. */
function commands(bytes: Buffer, kind: number): number[] {
  const found: number[] = [];
  let at = 32;
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    if (bytes.readUInt32LE(at) === kind) found.push(at);
    at += bytes.readUInt32LE(at + 4);
  }
  return found;
}

function dyldInfo(bytes: Buffer): number {
  const [at] = commands(bytes, DYLD_INFO_ONLY);
  if (at === undefined) throw new Error('The linker wrote no LC_DYLD_INFO_ONLY.');
  return at;
}

/** Removes the export trie, which the output of old linkers does not have. */
export function withoutExportTrie(bytes: Buffer): Buffer {
  const edited = Buffer.from(bytes);
  edited.fill(0, dyldInfo(edited) + 40, dyldInfo(edited) + 48);
  return edited;
}

/**
 * Converts the slots of the vtable to chained pointers of the given format, and LC_DYLD_INFO_ONLY to the two
 * commands that they need. The distances between the pointers are filled with ones. A reader of a single
 * pointer masks them out.
 */
export function withChainedFixups(bytes: Buffer, facts: LibraryFacts, format: number): Buffer {
  const vtable = facts.vtable;
  if (vtable === null) throw new Error('The library has no vtable to edit.');
  const segments = commands(bytes, SEGMENT_64).map((at) => ({
    address: Number(bytes.readBigUInt64LE(at + 24)),
    size: Number(bytes.readBigUInt64LE(at + 32)),
    offset: Number(bytes.readBigUInt64LE(at + 40)),
  }));
  const index = segments.findIndex(
    ({ address, size }) => vtable.address >= address && vtable.address < address + size,
  );
  const segment = segments[index];
  if (segment === undefined) throw new Error('The vtable is in no segment.');
  const edited = Buffer.concat([bytes, fixups(segments.length, index, format)]);
  vtable.slots.forEach((slot, number) => {
    const at = segment.offset + vtable.address - segment.address + 8 + number * 8;
    if (slot.address !== 0) edited.writeBigUInt64LE(chainedPointer(slot.address, format), at);
  });
  const at = dyldInfo(edited);
  const [trieOffset, trieSize] = [edited.readUInt32LE(at + 40), edited.readUInt32LE(at + 44)];
  const replacement = [
    CHAINED_FIXUPS,
    bytes.length,
    edited.length - bytes.length,
    EXPORTS_TRIE,
    trieOffset,
    trieSize,
    SOURCE_VERSION,
    0,
    0,
  ];
  replacement.forEach((value, place) => {
    const command = at + Math.floor(place / 3) * 16;
    edited.writeUInt32LE(16, command + 4);
    edited.writeUInt32LE(value, command + (place % 3 === 0 ? 0 : 4 + (place % 3) * 4));
  });
  edited.writeUInt32LE(edited.readUInt32LE(16) + 2, 16);
  return edited;
}

function chainedPointer(target: number, format: number): bigint {
  const isArm64e = format === 1 || format === 9 || format === 12;
  // The `next` field starts at bit 51. It has 12 bits, or 11 bits in the arm64e formats.
  return BigInt(target) | ((isArm64e ? 0x7ffn : 0xfffn) << 51n);
}

/**
 * Returns a `dyld_chained_fixups_header`, a `dyld_chained_starts_in_image`, and a
 * `dyld_chained_starts_in_segment`.
 */
function fixups(segments: number, index: number, format: number): Buffer {
  const starts = 28;
  const info = 4 + segments * 4;
  const blob = Buffer.alloc(starts + info + 24);
  blob.writeUInt32LE(starts, 4);
  blob.writeUInt32LE(segments, starts);
  blob.writeUInt32LE(info, starts + 4 + index * 4);
  blob.writeUInt32LE(24, starts + info);
  blob.writeUInt16LE(4096, starts + info + 4);
  blob.writeUInt16LE(format, starts + info + 6);
  return blob;
}
