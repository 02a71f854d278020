/** Reads the last generated input that a process recorded before it ended (native/check/breadcrumb.h). */
import { readFileSync } from 'node:fs';

export interface Breadcrumb {
  /** Its position in the sequence of the seed. */
  readonly number: number;
  /** The call that received it: `a call`, `method 0 of codec/1`. */
  readonly what: string;
  readonly bytes: Buffer;
}

const MAGIC = 'TENONFUZ';
const HEADER = 128;
const NUMBER_AT = 8;
const SIZE_AT = 16;
const WHAT_AT = 24;

/** Returns the breadcrumb, or null if no input was tried or the plugin has overwritten it. */
export function readBreadcrumb(file: string): Breadcrumb | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return null;
  }
  if (bytes.length < HEADER || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const size = Number(bytes.readBigUInt64LE(SIZE_AT));
  if (size > bytes.length - HEADER) return null;
  const [what = ''] = bytes.toString('utf8', WHAT_AT, HEADER).split('\0');
  const number = Number(bytes.readBigUInt64LE(NUMBER_AT));
  return { number, what, bytes: bytes.subarray(HEADER, HEADER + size) };
}
