/** Explains the place of a crash: the call chain, and the likely meaning of the address. */
import { printable } from '../base/text.js';
import { plainName } from '../inspect/demangle/index.js';
import { type SourcePlace, sourcePlacesIn } from '../inspect/dwarf/index.js';
import { placesIn, type SymbolPlace } from '../inspect/symbols.js';
import type { RunnerFault } from '../tiers/process/settings.js';

export { plainName } from '../inspect/demangle/index.js';

/** A place in the code. Names come from the plugin: make them printable before you show them. */
export interface Frame {
  readonly address: bigint;
  /**
   * The address relative to the base of the plugin's library, as `addr2line` expects. Null outside of the
   * library.
   */
  readonly offset: bigint | null;
  /** The demangled name of the function. Null if unknown. */
  readonly function: string | null;
  /** Bytes from the start of the function. */
  readonly functionOffset: number;
  /**
   * The source file of the instruction, as the debug information names it. Null without debug information.
   * If functions are inlined there, the file and line are in the innermost one.
   */
  readonly file: string | null;
  readonly line: number | null;
  /** The functions that the compiler inlined there, the innermost first. */
  readonly inlined: readonly InlinedFrame[];
}

/** A function that is inlined into the next one, and the place of its call there. */
export interface InlinedFrame {
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** A fault with an explanation. */
export interface ReportedFault {
  /** The address of the failed access. Null if the signal is not about an address. */
  readonly address: bigint | null;
  /** The meaning of the address, or null. */
  readonly meaning: string | null;
  readonly pc: bigint;
  /** The call chain, the innermost frame first. */
  readonly frames: readonly Frame[];
  /** True for the thread that makes the calls. False for a thread that the plugin started. */
  readonly mainThread: boolean;
}

/** Addresses below are NULL plus the offset of a member or an element. No system maps them. */
const NULL_AREA = 65_536n;
/** The end of user space. For a fault above it the processor does not report the address. */
const USER_SPACE = 1n << 47n;
/** The maximum number of frames. A report comes from a broken process and is not trusted. */
const MAX_FRAMES = 32;
const LARGEST_LIBRARY = 1n << 40n;

/** The signals, and the exceptions of Windows, that are about an address. */
const ABOUT_ADDRESS = ['SIGSEGV', 'SIGBUS', 'EXCEPTION_ACCESS_VIOLATION', 'EXCEPTION_IN_PAGE_ERROR'];

/**
 * Explains a fault. `cause` is the signal or the exception. `file` is the library that ran. Split debug files are
 * searched in `folders`.
 */
export function explainFault(
  fault: RunnerFault,
  cause: string | null,
  file: string,
  folders: readonly string[] = [],
): ReportedFault {
  const { pc, base, mainThread } = fault;
  const about = ABOUT_ADDRESS.includes(cause ?? '') ? fault.address : null;
  const chain = [pc, ...fault.frames.slice(0, MAX_FRAMES)];
  // A return address may be the first byte after a function that ends in a call.
  const looked = chain.map((address, depth) => offsetIn(base, depth === 0 ? address : address - 1n));
  const places = placesIn(file, [...looked, offsetIn(base, about ?? 0n)]);
  const sources = sourcePlacesIn(file, looked, folders);
  const frames = chain.map((address, depth) => {
    const found = { place: places[depth], source: sources[depth] ?? null };
    return frameAt(address, base, found, depth === 0 ? 0 : 1);
  });
  const meaning = about === null ? null : meaningOf(about, pc, places[chain.length], frames);
  return { address: about, meaning, pc, frames, mainThread };
}

/** Returns the offset in the library. -1 for an address that cannot be in it. */
function offsetIn(base: bigint, address: bigint): number {
  const offset = address - base;
  return base > 0n && offset >= 0n && offset < LARGEST_LIBRARY ? Number(offset) : -1;
}

/** The symbols and the debug information of an address. */
interface Found {
  readonly place: SymbolPlace | undefined;
  readonly source: SourcePlace | null;
}

function frameAt(address: bigint, base: bigint, { place, source }: Found, back: number): Frame {
  const nothing = { function: null, functionOffset: 0, file: null, line: null, inlined: [] };
  if (place === undefined || place.kind !== 'code') return { ...nothing, address, offset: null };
  const named = place.name === null ? (source?.function ?? null) : { name: place.name, offset: place.offset };
  return {
    address,
    offset: address - base,
    function: named === null ? null : plainName(named.name),
    functionOffset: named === null ? 0 : named.offset + back,
    file: source?.file ?? null,
    line: source?.line ?? null,
    inlined: (source?.inlined ?? []).map((one) => ({
      ...one,
      function: one.function === null ? null : plainName(one.function),
    })),
  };
}

function meaningOf(
  address: bigint,
  pc: bigint,
  place: SymbolPlace | undefined,
  frames: readonly Frame[],
): string | null {
  if (address === pc) return 'a jump to an address without code';
  if (address === 0n) return 'NULL, or an address outside user space';
  if (address < NULL_AREA)
    return `NULL plus ${address} bytes: a member or an element accessed through a NULL pointer`;
  if (address >= USER_SPACE) return 'an address outside user space';
  if (place?.kind === 'code') return "the library's own code, which is read-only";
  if (place?.kind === 'constant') return "the library's constant data, which is read-only";
  return isRecursion(frames) ? 'most likely a stack overflow: a function calls itself endlessly' : null;
}

/** Checks that at least two frames have a known function, and that it is the same in all of them. */
function isRecursion(frames: readonly Frame[]): boolean {
  const known = frames.filter((frame) => frame.function !== null);
  const [first] = known;
  return known.length >= 2 && known.every((frame) => frame.function === first?.function);
}

/** Checks whether two frames have the same address. */
export function isSameFrame(one: Frame, other: Frame | undefined): boolean {
  return one.address === other?.address;
}

/** Formats a frame for people: `call+0x1c (0x116c)`, `0x116c`, or `outside of the library (0x7f…)`. */
export function showFrame(frame: Frame): string {
  if (frame.offset === null) return `outside of the library (${hex(frame.address)})`;
  if (frame.function === null) return hex(frame.offset);
  return `${printable(frame.function)}+${hex(frame.functionOffset)} (${hex(frame.offset)})`;
}

/** Formats the functions of a frame and their source lines, the innermost first. Most frames have one. */
export function showCalls(frame: Frame): readonly { readonly what: string; readonly where: string | null }[] {
  const names = [...frame.inlined.map((one) => printable(one.function ?? 'a function')), showFrame(frame)];
  const places = [frame, ...frame.inlined].map(showSource);
  return names.map((what, depth) => ({ what, where: places[depth] ?? null }));
}

/** Formats a source line as `/src/plugin.c:12`. Null if it is unknown. */
export function showSource({ file, line }: Pick<Frame, 'file' | 'line'>): string | null {
  if (file === null) return null;
  return printable(line === null ? file : `${file}:${line}`);
}

export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
