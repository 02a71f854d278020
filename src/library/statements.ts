/**
 * Parses what a plugin states about itself, its ABI version and its name, from the bytes that it returned.
 */
import semver from 'semver';
import { ABI_VERSION, LIMITS, NAME_PATTERN } from '../base/abi.js';
import { refusal } from './refusal.js';

/** The maximum length of a quotation in a message. */
const LONGEST_QUOTE = 80;

/** Quotes bytes for a message: bounded, on one line, printable. */
export function quote(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    const next = plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
    if (text.length + next.length > LONGEST_QUOTE) return `"${text}…"`;
    text += next;
  }
  return `"${text}"`;
}

/**
 * Parses the ABI version that `get_version` returned. `bytes` longer than the limit have no NUL within it.
 * @throws TenonError ERR_TENON_BAD_VERSION
 */
export function parseVersion(bytes: Buffer, shown: string): string {
  const text = utf8(bytes);
  if (bytes.length <= LIMITS.version && text !== null && isSemver(text)) return text;
  const found =
    bytes.length > LIMITS.version
      ? `${quote(bytes)}, longer than ${LIMITS.version} bytes`
      : `${quote(bytes)}${text === null ? ', not UTF-8' : ''}`;
  const problem = `get_version returned ${found}, expected a semantic version such as "${ABI_VERSION}"`;
  throw refusal('ERR_TENON_BAD_VERSION', 'version', shown, problem);
}

/**
 * Parses the name that `get_name` returned. `bytes` longer than the limit have no NUL within it.
 * @throws TenonError ERR_TENON_BAD_NAME
 */
export function parseName(bytes: Buffer, shown: string): string {
  const text = bytes.toString('latin1');
  if (NAME_PATTERN.test(text)) return text;
  const long = bytes.length > LIMITS.name ? `, longer than ${LIMITS.name} bytes` : '';
  const problem = `get_name returned ${quote(bytes)}${long}, expected 1 to ${LIMITS.name} letters, digits, dots, underscores or hyphens`;
  throw refusal('ERR_TENON_BAD_NAME', 'name', shown, problem);
}

function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Returns whether the string is a version exactly as semver.org defines it, without a leading `v` and without
 * blanks around it.
 */
function isSemver(text: string): boolean {
  const parsed = semver.parse(text);
  if (parsed === null) return false;
  return text === (parsed.build.length > 0 ? `${parsed.version}+${parsed.build.join('.')}` : parsed.version);
}
