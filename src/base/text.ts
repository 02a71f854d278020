/** Text for people: safe to print, with numbers that are easy to read. */

/**
 * Escapes what is unsafe to print, because names and messages can come from hostile files: characters that
 * move the cursor or reorder text, and the beginnings of commands to a CI runner.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped).replace(COMMAND, '$1\\x3a').replaceAll('##[', '##\\x5b');
}

/** The longest message of a plugin that becomes text, in bytes. */
const LONGEST_MESSAGE = 1 << 20;

/**
 * Decodes the message of a plugin. A message can be larger than a string can be, and everything that is done
 * with it takes time, so only its beginning is decoded.
 */
export function textOf(bytes: Uint8Array, most = LONGEST_MESSAGE): string {
  const kept = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, most));
  const omitted = bytes.length - kept.length;
  return omitted === 0 ? kept.toString() : `${kept.toString()} … (${omitted} more bytes)`;
}

/** The longest log entry of a plugin that becomes text, in bytes. */
export const LONGEST_LOG = 16 << 20;

/** Matches the first of two colons at the beginning of a line. */
const COMMAND = /^(\s*):(?=:)/;

/** Matches control and format characters, line separators, and unpaired surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Indents a message of several lines. Its line breaks are kept. */
export function paragraph(text: string, indent: string): string {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  return lines.map((line) => `${indent}${printable(line.replaceAll('\t', '  '))}`).join('\n');
}

/** Formats a count with its noun: `1 plugin`, `2 plugins`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** Formats a duration with at most three digits: `1.23 ms`, `45 s`. */
export function duration(ms: number): string {
  if (ms < 1e-3) return `${digits(ms * 1e6)} ns`;
  if (ms < 1) return `${digits(ms * 1e3)} µs`;
  return ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

/** Formats a timeout in milliseconds: `200 ms` for 199.997523. */
export function milliseconds(ms: number): string {
  return `${digits(ms)} ms`;
}

/** Formats a number of bytes: `16.1 KiB`. */
export function bytes(n: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(n))) / 10));
  const unit = n === 1 ? 'byte' : units[power];
  return `${digits(n / 1024 ** power)} ${unit}`;
}

/** Formats a number with three significant digits, without exponents or unnecessary zeros. */
export function digits(n: number): string {
  if (Math.abs(n) >= 100) return String(Math.round(n));
  return String(Number(n.toPrecision(3)));
}
