/** The vtable, found without running code if `get_plugin` only returns a constant address. */
import { MAX_PLUGIN_SIZE, PLUGIN, SLOTS } from '../base/abi.js';
import type { StaticSlot, StaticVTable } from './facts.js';
import { type Image, inRanges } from './image.js';

const LONGEST_FUNCTION = 32;
const POINTER = 8;

/**
 * Finds the vtable. Null if `get_plugin` does more than return an address, or if the memory there is
 * writable. A slot that only the loader can fill, with a function of another library, is omitted from
 * `slots`.
 */
export function staticVTable(image: Image): StaticVTable | null {
  const entry = image.exports.find((symbol) => symbol.name === 'get_plugin' && symbol.type === 'function');
  if (entry === undefined || image.bits !== 64 || image.endian !== 'little') return null;
  const code = readUpTo(image, entry.address, LONGEST_FUNCTION);
  const address = code === null ? null : returnedAddress(image.arch, code, entry.address);
  if (address === null || !image.constant(address, 8)) return null;
  const header = image.read(address, 8);
  if (header === null) return null;
  const size = header.readUInt32LE(PLUGIN.offset.size);
  const flags = header.readUInt32LE(PLUGIN.offset.flags);
  const count = size > MAX_PLUGIN_SIZE ? 0 : slotsWithin(size);
  const slots = count === 0 || address % POINTER !== 0 ? [] : readSlots(image, address, count);
  return slots === null ? null : { address, size, flags, slots };
}

function slotsWithin(size: number): number {
  return Math.max(0, Math.min(SLOTS.length, Math.floor((size - PLUGIN.offset.get_version) / POINTER)));
}

function readSlots(image: Image, vtable: number, count: number): StaticSlot[] | null {
  const first = vtable + PLUGIN.offset.get_version;
  const pointers = image.constant(first, count * POINTER) ? image.pointers(first, count) : null;
  if (pointers === null) return null;
  return SLOTS.slice(0, count).flatMap((name, index) => {
    const pointer = pointers[index];
    if (pointer === null || pointer === undefined) return [];
    const code = pointer.inside && inRanges(image.code, pointer.address);
    return [{ name, address: pointer.address, code }];
  });
}

/** Reads the bytes at an address. Returns fewer bytes at the end of the file. */
function readUpTo(image: Image, address: number, length: number): Buffer | null {
  for (let size = length; size >= 8; size -= 4) {
    const bytes = image.read(address, size);
    if (bytes !== null) return bytes;
  }
  return null;
}

function returnedAddress(arch: string, code: Buffer, start: number): number | null {
  if (arch === 'x64') return x64Address(code, start);
  return arch === 'arm64' ? arm64Address(code, start) : null;
}

const ENDBR64 = 'f30f1efa';
const PUSH_RBP = '55';
const MOV_RBP_RSP = ['4889e5', '488bec'];
const LEA_RAX_RIP = '488d05';
const POP_RBP = '5d';
const RETURNS = ['c3', 'f3c3', 'f2c3'];

/** Decodes `[endbr64] [push rbp; mov rbp, rsp] lea rax, [rip + n]; [pop rbp] ret` */
function x64Address(code: Buffer, start: number): number | null {
  let at = 0;
  const skip = (...encodings: readonly string[]): boolean => {
    const found = encodings.find((hex) => code.toString('hex', at, at + hex.length / 2) === hex);
    at += found === undefined ? 0 : found.length / 2;
    return found !== undefined;
  };
  skip(ENDBR64);
  const framed = skip(PUSH_RBP);
  if (framed && !skip(...MOV_RBP_RSP)) return null;
  if (!skip(LEA_RAX_RIP) || at + 4 > code.length) return null;
  const distance = code.readInt32LE(at);
  at += 4;
  const address = start + at + distance;
  if (framed && !skip(POP_RBP)) return null;
  return skip(...RETURNS) ? address : null;
}

const BTI_C = 0xd503245f;
const NOP = 0xd503201f;
const RET = 0xd65f03c0;

/**
 * Decodes `[bti c] adrp x0, page; add x0, x0, #n; ret`, or `adr x0, n` in place of the first two
 * instructions. Linkers can insert `nop`s.
 */
function arm64Address(code: Buffer, start: number): number | null {
  let address: number | null = null;
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const word = code.readUInt32LE(at);
    if (word === RET) return address;
    if (word === NOP || (word === BTI_C && at === 0)) continue;
    const isAdd = (word & 0xffc003ff) >>> 0 === 0x91000000;
    if (isAdd && address !== null) address += (word >>> 10) & 0xfff;
    else if (address === null) address = pcRelative(word, start + at);
    else return null;
    if (address === null) return null;
  }
  return null;
}

/** Decodes `adr x0` or `adrp x0`. Null for any other instruction. */
function pcRelative(word: number, pc: number): number | null {
  const opcode = (word & 0x9f00001f) >>> 0;
  // 19 bits and 2 bits of a signed distance.
  const distance = (((word << 8) >> 13) << 2) | ((word >>> 29) & 3);
  if (opcode === 0x10000000) return pc + distance;
  return opcode === 0x90000000 ? pc - (pc % 4096) + distance * 4096 : null;
}
