/** The descriptor: facts about a plugin that can be read from the file without loading it. */
import { DESCRIPTOR, DESCRIPTOR_SYMBOL, MAX_PLUGIN_SIZE, NAME_PATTERN, PLUGIN } from '../base/abi.js';
import type { Descriptor } from './facts.js';
import type { Image } from './image.js';

const { offset, length } = DESCRIPTOR;
/** The maximum size. Later versions may append fields to a descriptor. */
const MAX_SIZE = 64 * 1024;
const MAGIC = Buffer.from(DESCRIPTOR.magic, 'latin1');
const OUR_MAJOR = 1;
const NUMBER = '(?:0|[1-9]\\d*)';
const PRERELEASE = '(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?';
const BUILD = '(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?';
const SEMVER = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}${PRERELEASE}${BUILD}$`);

const TEXT_FIELDS = ['name', 'version', 'kinds'] as const;
type TextField = (typeof TEXT_FIELDS)[number];

/** A descriptor, or the reason why it could not be decoded. Both are null if there is none. */
export interface DescriptorFacts {
  readonly descriptor: Descriptor | null;
  readonly problem: string | null;
}

/** Locates the descriptor by its exported symbol, and decodes it. */
export function findDescriptor(image: Image): DescriptorFacts {
  const symbol = image.exports.find((candidate) => candidate.name === DESCRIPTOR_SYMBOL);
  if (symbol === undefined) return { descriptor: null, problem: null };
  if (symbol.type !== 'data')
    return bad(
      `it is exported as ${symbol.type === 'function' ? 'a function' : 'a forwarder'}, expected data`,
    );
  const bytes = image.read(symbol.address, DESCRIPTOR.size);
  if (bytes === null) return bad(`its ${DESCRIPTOR.size} bytes are not in the file`);
  return decodeDescriptor(bytes);
}

/** Decodes a descriptor from at least {@link DESCRIPTOR.size} bytes. Accepts any version of the ABI. */
export function decodeDescriptor(bytes: Buffer): DescriptorFacts {
  const problem = headerProblem(bytes);
  if (problem !== null) return bad(problem);
  for (const name of TEXT_FIELDS) {
    const unreadable = textProblem(bytes, name);
    if (unreadable !== null) return bad(`its ${name} ${unreadable}`);
  }
  const [name, version] = [textOf(bytes, 'name'), textOf(bytes, 'version')];
  if (!NAME_PATTERN.test(name)) {
    return bad(`its name is ${quote(name)}, expected 1 to 63 characters of A-Z a-z 0-9 . _ -`);
  }
  if (!SEMVER.test(version)) return bad(`its version is ${quote(version)}, expected a semantic version`);
  const kinds = parseKinds(textOf(bytes, 'kinds'));
  if (typeof kinds === 'string') return bad(kinds);
  const abi = [offset.abi_major, offset.abi_minor, offset.abi_patch]
    .map((at) => bytes.readUInt32LE(at))
    .join('.');
  const descriptor: Descriptor = {
    abi,
    pointerSize: bytes.readUInt8(offset.pointer_size),
    endian: 'little',
    vtableSize: bytes.readUInt32LE(offset.vtable_size),
    flags: bytes.readUInt32LE(offset.flags),
    name,
    version,
    kinds,
  };
  return { descriptor, problem: null };
}

function bad(problem: string): DescriptorFacts {
  return { descriptor: null, problem };
}

function quote(value: string): string {
  return JSON.stringify(value);
}

function headerProblem(bytes: Buffer): string | null {
  const magic = bytes.subarray(offset.magic, MAGIC.length);
  if (!magic.equals(MAGIC))
    return `it starts with ${magic.toString('hex')}, expected ${MAGIC.toString('hex')}`;
  const endian = bytes.readUInt8(offset.endian);
  if (endian !== 1) return `it states byte order ${endian}, expected 1 (little-endian)`;
  const pointerSize = bytes.readUInt8(offset.pointer_size);
  if (pointerSize !== 8)
    return `it states pointers of ${pointerSize} bytes, expected 8: build the plugin for 64 bits`;
  const size = bytes.readUInt32LE(offset.size);
  if (size < DESCRIPTOR.size || size > MAX_SIZE)
    return `it states its size as ${size} bytes, expected ${DESCRIPTOR.size}`;
  const vtableSize = bytes.readUInt32LE(offset.vtable_size);
  const ours = bytes.readUInt32LE(offset.abi_major) === OUR_MAJOR;
  if (ours && (vtableSize < PLUGIN.size || vtableSize > MAX_PLUGIN_SIZE)) {
    return `it states a vtable of ${vtableSize} bytes, expected at least ${PLUGIN.size} and at most ${MAX_PLUGIN_SIZE}`;
  }
  return null;
}

function field(bytes: Buffer, name: TextField): Buffer {
  return bytes.subarray(offset[name], offset[name] + length[name]);
}

/** Checks a string field: printable ASCII, padded with at least one NUL. Returns the problem or null. */
function textProblem(bytes: Buffer, name: TextField): string | null {
  const content = field(bytes, name);
  const end = content.indexOf(0);
  if (end < 0) return `is not terminated within ${content.length} bytes`;
  if (content.subarray(end).some((byte) => byte !== 0)) return 'is not padded with NULs';
  return /[^\x20-\x7e]/.test(content.toString('latin1', 0, end))
    ? 'has characters other than printable ASCII'
    : null;
}

function textOf(bytes: Buffer, name: TextField): string {
  const content = field(bytes, name);
  return content.toString('latin1', 0, content.indexOf(0));
}

/** Decodes `codec/1.0.0;connector/1.2.0`. A returned string is the problem. */
function parseKinds(list: string): Record<string, string> | string {
  const kinds = new Map<string, string>();
  for (const item of list === '' ? [] : list.split(';')) {
    const [name = '', version = '', ...more] = item.split('/');
    if (!NAME_PATTERN.test(name) || !SEMVER.test(version) || more.length > 0) {
      return `its kinds contain ${quote(item)}, expected a name, a slash and a semantic version, as in "codec/1.0.0"`;
    }
    if (kinds.has(name)) return `its kinds contain ${quote(name)} twice`;
    kinds.set(name, version);
  }
  return Object.fromEntries(kinds);
}
