/** The answer of a plugin as lines, and what has changed since the last answer. */
import { isUtf8 } from 'node:buffer';
import { printable } from '../text.js';

/** Bytes on a line of an answer that is not text. */
const BYTES = 16;
/** The lines of a difference that are shown. */
const MOST_LINES = 40;

/** Returns text line by line, and other bytes as hexadecimal numbers with their offset. */
export function answerLines(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  if (isText(bytes)) return bytes.toString().replace(/\n$/, '').split('\n').map(printable);
  return Array.from({ length: Math.ceil(bytes.length / BYTES) }, (_, i) => {
    const row = bytes.subarray(i * BYTES, (i + 1) * BYTES);
    const offset = (i * BYTES).toString(16).padStart(6, '0');
    return `${offset}  ${row.toString('hex').replace(/../g, '$& ').trimEnd()}`;
  });
}

function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.some((byte) => byte < 32 && byte !== 10 && byte !== 9);
}

/**
 * Returns the lines that differ, those of the last answer after `-` and those of the new one after `+`. Empty if the
 * answers are the same.
 */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const most = Math.min(before.length, after.length);
  let same = 0;
  while (same < most && before[same] === after[same]) same++;
  let end = 0;
  while (end < most - same && before.at(-1 - end) === after.at(-1 - end)) end++;
  return [
    ...limited(before.slice(same, before.length - end), '-'),
    ...limited(after.slice(same, after.length - end), '+'),
  ];
}

function limited(lines: readonly string[], mark: string): string[] {
  const shown = lines.slice(0, MOST_LINES).map((line) => `${mark} ${line}`);
  const rest = lines.length - shown.length;
  return rest > 0 ? [...shown, `${mark} … ${rest} more lines`] : shown;
}
