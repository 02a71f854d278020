/** The symbols and libraries of this program, as the loader of Linux finds them. */
import { readFileSync } from 'node:fs';
import { type ForeignAddress, standardLibrary } from './ffi.js';
import { memory } from './memory.js';

/** The file of a loaded library. */
export interface LoadedFile {
  readonly path: string;
  /** Whether another file is at the path now, or none. */
  readonly isGone: boolean;
  /** A path for reading the file that was loaded, even if it is gone. Not every process may read it. */
  readonly content: string;
}

/** The symbols and libraries of this program. */
export interface Program {
  readonly isGlibc: boolean;
  /** Whether the allocator is not that of the C library, as with a sanitizer or jemalloc. */
  replacesMalloc(): boolean;
  /** Returns the address of a symbol in the program and its libraries, or in a library that is loaded. */
  find(name: string, handle?: bigint): bigint | null;
  /** Returns the handle of a library that is loaded; null if none of that name is. */
  handle(name: string): bigint | null;
  /** Returns the file of a loaded library; null for the program itself. */
  fileOf(handle: bigint): LoadedFile | null;
  /** Returns the handles. They are not used afterwards. */
  close(): void;
  /** Returns whether the symbol at an address is a variable. */
  isData(address: bigint): boolean;
}

const RTLD_LAZY = 1;
const RTLD_NOLOAD = 4;
const RTLD_DL_SYMENT = 1;
const RTLD_DI_LINKMAP = 2;
/** `struct link_map`: base, name, dynamic section, next, previous. */
const LINK_MAP = { size: 40, name: 8, dynamic: 16, next: 24 } as const;
/** `Elf64_Sym`. */
const SYMBOL = { size: 24, info: 4, section: 6 } as const;
const FUNCTION_TYPES = [2, 10];
const MOST_OBJECTS = 4096;
const LONGEST_PATH = 4096;

let calls: ReturnType<typeof bindCalls> | undefined;

function systemCalls(): ReturnType<typeof bindCalls> {
  calls ??= bindCalls();
  return calls;
}

function bindCalls() {
  const system = standardLibrary();
  const func = <T>(name: string, result: string, parameters: string[]) =>
    system.func(name, result, parameters) as unknown as T;
  return {
    dlopen: func<(path: string | null, flags: number) => ForeignAddress>('dlopen', 'uint64_t', [
      'str',
      'int',
    ]),
    dlsym: func<(handle: bigint, name: string) => ForeignAddress>('dlsym', 'uint64_t', ['uint64_t', 'str']),
    dlclose: func<(handle: bigint) => number>('dlclose', 'int', ['uint64_t']),
    dlinfo: func<(handle: bigint, request: number, result: Buffer) => number>('dlinfo', 'int', [
      'uint64_t',
      'int',
      'void *',
    ]),
    dladdr1: orMissing(() =>
      func<(address: bigint, info: Buffer, extra: Buffer, flags: number) => number>('dladdr1', 'int', [
        'uint64_t',
        'void *',
        'void *',
        'int',
      ]),
    ),
  };
}

/** Returns a function that only some C libraries have: musl lacks what is an extension of glibc. */
function orMissing<T>(bind: () => T): T | null {
  try {
    return bind();
  } catch {
    return null;
  }
}

/** Returns the program. Nothing is loaded for it. */
export function thisProgram(): Program {
  const { dlopen, dlsym, dlclose } = systemCalls();
  const open = (name: string | null) => orNull(BigInt(dlopen(name, RTLD_LAZY | RTLD_NOLOAD)));
  const all = open(null) ?? 0n;
  const find = (name: string, within = all) => orNull(BigInt(dlsym(within, name)));
  const handles = new Map<string, bigint | null>();
  const handle = (name: string) => {
    if (!handles.has(name)) handles.set(name, open(name));
    return handles.get(name) ?? null;
  };
  const isGlibc = find('gnu_get_libc_version') !== null;
  return {
    isGlibc,
    fileOf: (one) => objectsFrom(one, 1).map(fileOf)[0] ?? null,
    close() {
      for (const one of handles.values()) if (one !== null) dlclose(one);
      if (all !== 0n) dlclose(all);
    },
    replacesMalloc() {
      const own = find('malloc');
      // A program with fixed addresses has an address of its own for a function of a library.
      const isOwn = own !== null && (symbolAt(own)?.isDefined ?? false);
      const loaded = objectsFrom(all, MOST_OBJECTS).flatMap(({ path }) => handle(path) ?? []);
      const first = loaded.flatMap((one) => find('malloc', one) ?? [])[0] ?? null;
      const libc = handle('libc.so.6');
      return (isOwn ? own : first) !== (libc === null ? null : find('malloc', libc));
    },
    find,
    handle,
    isData(address) {
      const symbol = symbolAt(address);
      return symbol?.isDefined === true && !symbol.isFunction;
    },
  };
}

interface SymbolEntry {
  /** False for a function of a library to which the program gives an address of its own. */
  readonly isDefined: boolean;
  readonly isFunction: boolean;
}

/** Reads the entry of the symbol at an address; null if there is none, or if the C library does not tell. */
function symbolAt(address: bigint): SymbolEntry | null {
  const info = Buffer.allocUnsafeSlow(32);
  const entry = Buffer.allocUnsafeSlow(8);
  const { dladdr1 } = systemCalls();
  if (dladdr1 === null || dladdr1(address, info, entry, RTLD_DL_SYMENT) === 0) return null;
  const place = entry.readBigUInt64LE();
  if (place === 0n) return null;
  const symbol = memory.read(place, SYMBOL.size, 'a symbol');
  return {
    isDefined: symbol.readUInt16LE(SYMBOL.section) !== 0,
    isFunction: FUNCTION_TYPES.includes(symbol.readUInt8(SYMBOL.info) & 15),
  };
}

interface LoadedObject {
  readonly path: string;
  /** The address of its dynamic section. */
  readonly dynamic: bigint;
}

/** Returns the loaded libraries with files, from that of a handle on, in the order of the loader. */
function objectsFrom(handle: bigint, most: number): LoadedObject[] {
  const pointer = Buffer.allocUnsafeSlow(8);
  if (systemCalls().dlinfo(handle, RTLD_DI_LINKMAP, pointer) !== 0) return [];
  const objects: LoadedObject[] = [];
  for (let at = pointer.readBigUInt64LE(), count = 0; at !== 0n && count < most; count += 1) {
    const map = memory.read(at, LINK_MAP.size, 'the link map');
    const name = map.readBigUInt64LE(LINK_MAP.name);
    const path = name === 0n ? '' : memory.readCString(name, LONGEST_PATH, "a library's path").toString();
    if (path.includes('/')) objects.push({ path, dynamic: map.readBigUInt64LE(LINK_MAP.dynamic) });
    at = map.readBigUInt64LE(LINK_MAP.next);
  }
  return objects;
}

/** Finds the file of a library in the memory map of this process, where the system marks files that are gone. */
function fileOf({ path, dynamic }: LoadedObject): LoadedFile {
  for (const line of mapLines()) {
    const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line) ?? [];
    if (start === '' || dynamic < BigInt(`0x${start}`) || dynamic >= BigInt(`0x${end}`)) continue;
    return { path, isGone: line.endsWith(' (deleted)'), content: `/proc/self/map_files/${start}-${end}` };
  }
  return { path, isGone: false, content: path };
}

function mapLines(): string[] {
  try {
    return readFileSync('/proc/self/maps', 'utf8').split('\n');
  } catch {
    return []; // /proc is not mounted
  }
}

function orNull(address: bigint): bigint | null {
  return address === 0n ? null : address;
}
