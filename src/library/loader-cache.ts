/** Reads the cache of the system's loader, /etc/ld.so.cache: paths of libraries by name. glibc's ldconfig writes it. */
import { readFileSync } from 'node:fs';

const FILE = '/etc/ld.so.cache';
/** The format since glibc 2.2. Entries in the older format may precede it. */
const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;
const MAX_ENTRIES = 1024 * 1024;

/** Flags of an entry by `process.arch`. For other processors, all entries are accepted. */
const FLAGS: Readonly<Record<string, number>> = { x64: 0x303, arm64: 0xa03, ia32: 0x3 };

/** Paths by name, in the order in which the loader tries them. */
export type LoaderCache = ReadonlyMap<string, readonly string[]>;

let known: { readonly arch: string; readonly cache: LoaderCache | null } | undefined;

/** Returns the cache of this system, which is read once, or null if the system does not have one. */
export function loaderCache(arch: string): LoaderCache | null {
  if (known?.arch !== arch) known = { arch, cache: readCache(arch) };
  return known.cache;
}

function readCache(arch: string): LoaderCache | null {
  try {
    return parseCache(readFileSync(FILE), arch);
  } catch {
    return null;
  }
}

/** Parses a cache. Returns null if the bytes are malformed. */
export function parseCache(bytes: Buffer, arch: string): LoaderCache | null {
  const start = bytes.indexOf(MAGIC, 0, 'latin1');
  if (start < 0 || start + HEADER > bytes.length) return null;
  const part = bytes.subarray(start);
  const count = part.readUInt32LE(20);
  if (count > MAX_ENTRIES || HEADER + count * ENTRY > part.length) return null;
  const wanted = FLAGS[arch];
  const paths = new Map<string, string[]>();
  for (let at = HEADER; at < HEADER + count * ENTRY; at += ENTRY) {
    if (wanted !== undefined && part.readUInt32LE(at) !== wanted) continue;
    const name = stringAt(part, part.readUInt32LE(at + 4));
    const path = stringAt(part, part.readUInt32LE(at + 8));
    if (name === null || path === null) return null;
    paths.set(name, [...(paths.get(name) ?? []), path]);
  }
  return paths;
}

function stringAt(bytes: Buffer, offset: number): string | null {
  const end = offset < bytes.length ? bytes.indexOf(0, offset) : -1;
  return end < 0 ? null : bytes.toString('utf8', offset, end);
}
