/**
 * The facts about kinds: constant data without pointers, exported as `tenon_kind_NAME_MAJOR`. All numbers are
 * little-endian.
 *
 * | offset | member | meaning |
 * | --- | --- | --- |
 * | 0 | `char magic[8]` | `TENONK\0\1`; the last byte is the version of this format |
 * | 8 | `uint32_t size` | the bytes of everything, with the document |
 * | 12 | `uint32_t slots` | the slots of the method table |
 * | 16 | `uint32_t document_at` | where the document of the kind begins; 0 without one |
 * | 20 | `uint32_t document_size` | the bytes of the document; 0 without one |
 * | 24 | `char kind[64]` | `text/1.1.0`, padded with NUL |
 * | 88 | `uint64_t hashes[slots]` | the hash of each slot |
 */
import { METHODS } from '../base/abi.js';
import { hexOf } from '../base/bytes.js';
import type { KindFacts, LibraryFacts } from './facts.js';
import type { Image } from './image.js';

const MAGIC = Buffer.from('TENONK\0', 'latin1');
const FORMAT = 1;
const HEADER = 88;
const KIND = { at: 24, length: 64 };
/** The maximum size. A document of a kind with many methods has some 100 KiB. */
const MAX_SIZE = 4 * 1024 * 1024;

/** Returns the name of the symbol with the facts about a kind of this name and version. */
export function kindSymbol(name: string, version: string): string {
  return `tenon_kind_${name.replaceAll('-', '_')}_${majorOf(version)}`;
}

/** Reads the facts about the kinds that the descriptor lists, each with its version. */
export function findKindFacts(
  image: Image,
  kinds: Readonly<Record<string, string>>,
): Pick<LibraryFacts, 'kindFacts' | 'kindProblems'> {
  const kindFacts: KindFacts[] = [];
  const kindProblems: Record<string, string> = {};
  for (const [name, version] of Object.entries(kinds)) {
    const id = `${name}/${majorOf(version)}`;
    const found = factsOf(image, name, version, id);
    if (typeof found === 'string') kindProblems[id] = found;
    else if (found !== null) kindFacts.push(found);
  }
  return { kindFacts, kindProblems };
}

function majorOf(version: string): string {
  return version.split('.', 1)[0] ?? '';
}

/** Returns the facts about one kind; null if there are none. A returned string is the problem. */
function factsOf(image: Image, name: string, version: string, id: string): KindFacts | string | null {
  const symbol = image.find(kindSymbol(name, version));
  if (symbol === null) return null;
  if (symbol.type !== 'data')
    return `${symbol.name} is exported as ${symbol.type === 'function' ? 'a function' : 'a forwarder'}, expected data`;
  const header = image.read(symbol.address, HEADER);
  if (header === null) return `the ${HEADER} bytes of ${symbol.name} are not in the file`;
  const [size, slots] = [header.readUInt32LE(8), header.readUInt32LE(12)];
  const problem = headerProblem(header) ?? nameProblem(header, `${name}/${version}`);
  if (problem !== null) return problem;
  const bytes = image.read(symbol.address, size);
  if (bytes === null) return `their ${size} bytes are not in the file`;
  const document = documentOf(bytes, HEADER + 8 * slots);
  if (document !== null && 'problem' in document) return document.problem;
  const hashes = Array.from({ length: slots }, (_, slot) => hexOf(bytes.readBigUInt64LE(HEADER + 8 * slot)));
  return { id, version, hashes, document: document === null ? null : document.text };
}

function headerProblem(header: Buffer): string | null {
  const magic = header.subarray(0, 8);
  if (!magic.subarray(0, MAGIC.length).equals(MAGIC))
    return `they begin with ${magic.toString('hex')}, expected ${MAGIC.toString('hex')}01`;
  if (magic[MAGIC.length] !== FORMAT)
    return `their format has version ${magic[MAGIC.length]}, but this host knows only version ${FORMAT}`;
  const [size, slots] = [header.readUInt32LE(8), header.readUInt32LE(12)];
  if (slots === 0 || slots > METHODS.max) return `they state ${slots} slots, expected 1 to ${METHODS.max}`;
  const least = HEADER + 8 * slots;
  if (size < least || size > MAX_SIZE)
    return `they state a size of ${size} bytes, expected ${least} to ${MAX_SIZE} for ${slots} slots`;
  return null;
}

function nameProblem(header: Buffer, expected: string): string | null {
  const field = header.subarray(KIND.at, KIND.at + KIND.length);
  const end = field.indexOf(0);
  if (end < 0) return `their name is not terminated within ${KIND.length} bytes`;
  const name = field.toString('latin1', 0, end);
  return name === expected
    ? null
    : `they are about ${JSON.stringify(name)}, but the descriptor lists ${expected}`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function documentOf(bytes: Buffer, least: number): { text: string } | { problem: string } | null {
  const [at, size] = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
  if (at === 0 && size === 0) return null;
  if (at < least || size === 0 || at + size > bytes.length) {
    const place = `bytes ${at} to ${at + size}`;
    return { problem: `their document is in ${place}, expected a place from ${least} to ${bytes.length}` };
  }
  try {
    return { text: utf8.decode(bytes.subarray(at, at + size)) };
  } catch {
    return { problem: 'their document is not UTF-8' };
  }
}
