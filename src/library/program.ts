/** The symbols and libraries of this program, as the loader of Linux finds them. */
import { type ForeignAddress, standardLibrary } from './ffi.js';
import { memory } from './memory.js';

/** The symbols and libraries of this program. */
export interface Program {
  readonly isGlibc: boolean;
  /** Whether the allocator is not that of the C library, as with a sanitizer or jemalloc. */
  replacesMalloc(): boolean;
  /** Returns the address of a symbol in the program and its libraries, or in a library that is loaded. */
  find(name: string, handle?: bigint): bigint | null;
  /** Returns the handle of a library that is loaded; null if none of that name is. */
  handle(name: string): bigint | null;
  /** Returns whether the symbol at an address is a variable. */
  isData(address: bigint): boolean;
}

const RTLD_LAZY = 1;
const RTLD_NOLOAD = 4;
const RTLD_DL_SYMENT = 1;
const RTLD_DI_LINKMAP = 2;
/** `struct link_map`: base, name, dynamic section, next, previous. */
const LINK_MAP = { size: 40, name: 8, next: 24 } as const;
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
    dlinfo: func<(handle: bigint, request: number, result: Buffer) => number>('dlinfo', 'int', [
      'uint64_t',
      'int',
      'void *',
    ]),
    dladdr1: func<(address: bigint, info: Buffer, extra: Buffer, flags: number) => number>('dladdr1', 'int', [
      'uint64_t',
      'void *',
      'void *',
      'int',
    ]),
  };
}

/** Returns the program. Nothing is loaded for it. */
export function thisProgram(): Program {
  const { dlopen, dlsym } = systemCalls();
  const open = (name: string | null) => orNull(BigInt(dlopen(name, RTLD_LAZY | RTLD_NOLOAD)));
  const all = open(null) ?? 0n;
  const find = (name: string, within = all) => orNull(BigInt(dlsym(within, name)));
  const handles = new Map<string, bigint | null>();
  const handle = (name: string) => {
    if (!handles.has(name)) handles.set(name, open(name));
    return handles.get(name) ?? null;
  };
  const isGlibc = find('gnu_get_libc_version') !== null;
  if (!isGlibc) return { isGlibc, replacesMalloc: () => false, find, handle, isData: () => false };
  return {
    isGlibc,
    replacesMalloc() {
      const own = find('malloc');
      // A program with fixed addresses has an address of its own for a function of a library.
      const isOwn = own !== null && (symbolAt(own)?.isDefined ?? false);
      const handles = loadedPaths(all).flatMap((path) => handle(path) ?? []);
      const first = handles.flatMap((one) => find('malloc', one) ?? [])[0] ?? null;
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

/** Reads the entry of the symbol at an address; null if there is none. */
function symbolAt(address: bigint): SymbolEntry | null {
  const info = Buffer.allocUnsafeSlow(32);
  const entry = Buffer.allocUnsafeSlow(8);
  if (systemCalls().dladdr1(address, info, entry, RTLD_DL_SYMENT) === 0) return null;
  const place = entry.readBigUInt64LE();
  if (place === 0n) return null;
  const symbol = memory.read(place, SYMBOL.size, 'a symbol');
  return {
    isDefined: symbol.readUInt16LE(SYMBOL.section) !== 0,
    isFunction: FUNCTION_TYPES.includes(symbol.readUInt8(SYMBOL.info) & 15),
  };
}

/** Returns the paths of the libraries of the program, in the order of the loader. */
function loadedPaths(all: bigint): string[] {
  const pointer = Buffer.allocUnsafeSlow(8);
  if (systemCalls().dlinfo(all, RTLD_DI_LINKMAP, pointer) !== 0) return [];
  const paths: string[] = [];
  for (let at = pointer.readBigUInt64LE(); at !== 0n && paths.length < MOST_OBJECTS; ) {
    const map = memory.read(at, LINK_MAP.size, 'the link map');
    const name = map.readBigUInt64LE(LINK_MAP.name);
    const path = name === 0n ? '' : memory.readCString(name, LONGEST_PATH, "a library's path").toString();
    if (path.includes('/')) paths.push(path);
    at = map.readBigUInt64LE(LINK_MAP.next);
  }
  return paths;
}

function orNull(address: bigint): bigint | null {
  return address === 0n ? null : address;
}
