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

/** Decodes bytes like {@link decodeUtf8}. */
export type DecodeText = typeof decodeUtf8;

/** The bytes that are converted at once: a string of them may keep them all in memory. */
const WINDOW = 4096;
/** The longest string that is a part of such a conversion. */
const PART = 256;

/**
 * Returns a function like {@link decodeUtf8}, for strings that are read in the order of their places in `memory` and
 * are near each other. It converts all bytes of a window to one string, whatever they are, and returns parts of it,
 * because each call of Node.js costs more than the conversion of many bytes.
 */
export function windowDecoder(memory: Buffer, view: DataView): DecodeText {
  let from = 0;
  let to = 0;
  let window = '';
  return (_, start, end) => {
    if (end - start > PART || !isAscii(memory, view, start, end)) return decodeUtf8(memory, start, end);
    if (start < from || end > to) {
      from = start;
      to = Math.min(start + WINDOW, memory.length);
      window = direct(memory).latin1Slice(from, to);
    }
    return window.substring(start - from, end - from);
  };
}

function isAscii(memory: Buffer, view: DataView, start: number, end: number): boolean {
  let bits = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) bits |= view.getInt32(at, true);
  bits &= 0x80808080;
  for (; at < end; at++) bits |= (memory[at] as number) & 0x80;
  return bits === 0;
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
