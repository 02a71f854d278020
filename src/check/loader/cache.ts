/** The cache of the system's loader, /etc/ld.so.cache: which library has which name. Written by ldconfig of glibc. */
import { readFileSync } from 'node:fs';

const FILE = '/etc/ld.so.cache';
/** Since glibc 2.2; older entries may stand before it. */
const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;
const MAX_ENTRIES = 1024 * 1024;

/** The processor in the flags of an entry, as `process.arch` spells it; others are taken as they come. */
const FLAGS: Readonly<Record<string, number>> = { x64: 0x303, arm64: 0xa03, ia32: 0x3 };

/** Paths by name, in the order in which the loader takes them. */
export type LoaderCache = ReadonlyMap<string, readonly string[]>;

let known: { readonly arch: string; readonly cache: LoaderCache | null } | undefined;

/** That of this system, read once; null where there is none. */
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

/** Null if these are not the bytes of a cache. */
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
