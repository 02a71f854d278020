/** UTF-8 between strings and bytes, without replacement characters. */
import { isUtf8 } from 'node:buffer';

interface WellFormed {
  isWellFormed(): boolean; // in every supported Node.js, but not in the library of ES2023
}

/** Returns whether a string has no lone surrogates. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed();
}

/** Methods of Buffer that its types leave out. `toString` and `write` look up an encoding first. */
interface Direct {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
  utf8Write(text: string, start: number, length: number): number;
}

const direct = (memory: Buffer): Direct => memory as unknown as Direct;

/** The number of bytes up to which a loop that reads is faster than a call of Node.js, and one that writes. */
const SHORT_READ = 8;
const SHORT_WRITE = 24;

/** Decodes bytes. Returns null if they are not UTF-8. */
export function decodeUtf8(memory: Buffer, start: number, end: number): string | null {
  if (end - start <= SHORT_READ) {
    let text = '';
    let at = start;
    for (; at < end; at++) {
      const byte = memory[at] as number;
      if (byte > 127) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  const text = direct(memory).utf8Slice(start, end);
  // Every invalid byte becomes a replacement character, which valid bytes rarely contain.
  if (!text.includes('\ufffd') || isUtf8(memory.subarray(start, end))) return text;
  return null;
}

/** The bytes that are converted to one string at once: a part of that string keeps it all in memory. */
export const WINDOW = 16384;
/** The longest string that is a part of such a string. */
export const PART = 256;

/** Converts bytes, whatever they are, to a string with a character for each. */
export function latin1(memory: Buffer, start: number, end: number): string {
  return direct(memory).latin1Slice(start, end);
}

/** Returns whether bytes are ASCII. */
export function isAscii(view: DataView, start: number, end: number): boolean {
  let bits = 0;
  if (end - start < 4) {
    for (let at = start; at < end; at++) bits |= view.getUint8(at);
    return (bits & 0x80) === 0;
  }
  const last = end - 4;
  for (let at = start; at < last; at += 4) bits |= view.getInt32(at, true);
  return ((bits | view.getInt32(last, true)) & 0x80808080) === 0;
}

/**
 * Writes a string and returns the end of its bytes. Returns -1 if it has a lone surrogate. The memory must have room
 * for them.
 */
export function encodeUtf8(text: string, memory: Buffer, start: number): number {
  const { length } = text;
  if (length <= SHORT_WRITE) {
    let at = 0;
    for (; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 127) break;
      memory[start + at] = unit;
    }
    if (at === length) return start + length;
  }
  const written = memory.write(text, start);
  // A lone surrogate becomes a replacement character, of three bytes.
  return written === length || isWellFormed(text) ? start + written : -1;
}

/** The room that {@link writeAscii} needs besides a byte for each character. */
export const ASCII_ROOM = 4;

/** Writes a string if it is ASCII. Otherwise leaves zeros and returns false. */
export function writeAscii(text: string, memory: Buffer, start: number): boolean {
  const written = direct(memory).utf8Write(text, start, memory.length - start);
  // Of any other string, more bytes than it has characters fit into the room.
  if (written === text.length) return true;
  memory.fill(0, start, start + written);
  return false;
}
