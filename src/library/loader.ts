/**
 * The system's loader, called through koffi: opens and pins a library, looks up symbols, and finds the
 * library of an address.
 */
import { statSync } from 'node:fs';
import { type ForeignAddress, ffi, standardLibrary } from './ffi.js';
import { memory } from './memory.js';

/** A library that was opened and is never unloaded. */
export interface LoadedImage {
  readonly handle: bigint;
  /** The address that the addresses of its file are relative to. */
  readonly base: bigint;
  /** The value of {@link SymbolOwner.identity} for every address in this library. */
  readonly identity: bigint;
  /** The address of its entry in the list of the loader; null where there is no such list. */
  readonly map: bigint | null;
}

/** The library that an address belongs to. */
export interface SymbolOwner {
  /** A value that no other library has. */
  readonly identity: bigint;
  readonly path: string;
}

/** The system's loader. */
export interface Loader {
  /**
   * Opens and pins a library. With `ownFirst` it and the libraries that come with it prefer each other's symbols
   * to those of this program.
   * @throws Error with the loader's own message
   */
  open(path: string, ownFirst?: boolean): LoadedImage;
  /**
   * Returns the address of a symbol of the library or of one of its dependencies, or null if none defines it.
   */
  symbol(image: LoadedImage, name: string): bigint | null;
  /** Returns the address of a symbol of this program and its libraries, or null. */
  global(name: string): bigint | null;
  /** Returns the library that contains `address`, or null if there is none. Safe for any address. */
  ownerOf(address: bigint): SymbolOwner | null;
}

let loader: Loader | undefined;

/** Returns the loader of this thread. @throws TenonError ERR_TENON_UNSUPPORTED */
export function systemLoader(): Loader {
  loader ??= process.platform === 'win32' ? windowsLoader() : posixLoader();
  return loader;
}

const RTLD_NOW = 2;
/**
 * Prevents unloading, after which stale function pointers and thread-local destructors would jump to unmapped
 * memory.
 */
const RTLD_NODELETE = process.platform === 'darwin' ? 0x80 : 0x1000;
const RTLD_LOCAL = process.platform === 'darwin' ? 4 : 0;
const RTLD_DEFAULT = process.platform === 'darwin' ? 2n ** 64n - 2n : 0n;
/** Only on Linux with glibc. */
const RTLD_DEEPBIND = 8;
const RTLD_DI_LINKMAP = 2;
const LONGEST_PATH = 4096;

/**
 * The functions of `<dlfcn.h>` that every POSIX system has. Addresses are passed as integers because koffi's
 * own pointers would hide NULL.
 */
function posixCalls() {
  const system = standardLibrary();
  return {
    dlopen: system.func('dlopen', 'uint64_t', ['str', 'int']) as unknown as (
      path: string,
      flags: number,
    ) => ForeignAddress,
    dlerror: system.func('dlerror', 'str', []) as unknown as () => string | null,
    dlsym: system.func('dlsym', 'uint64_t', ['uint64_t', 'str']) as unknown as (
      handle: bigint,
      name: string,
    ) => ForeignAddress,
    dladdr: system.func('dladdr', 'int', ['uint64_t', 'void *']) as unknown as (
      address: bigint,
      info: Buffer,
    ) => number,
  };
}

function posixLoader(): Loader {
  const { dlopen, dlerror, dlsym, dladdr } = posixCalls();
  // Dl_info: path and base of the object, then name and address of the symbol.
  const info = Buffer.allocUnsafeSlow(32);
  const ownerOf = (address: bigint): SymbolOwner | null => {
    if (dladdr(address, info) === 0) return null;
    const name = info.readBigUInt64LE(0);
    const identity = info.readBigUInt64LE(8);
    const path = name === 0n ? '' : memory.readCString(name, LONGEST_PATH, "a library's path").toString();
    return { identity, path };
  };
  const place = process.platform === 'darwin' ? dyldPlace() : linkMapPlace(ownerOf);
  return {
    open(path, ownFirst = false) {
      const preference = ownFirst ? RTLD_DEEPBIND : 0;
      const handle = BigInt(dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | preference));
      if (handle === 0n) throw new Error(dlerror() ?? 'the loader gave no reason');
      return { handle, ...place(handle, path) };
    },
    symbol(image, name) {
      const address = BigInt(dlsym(image.handle, name));
      return address === 0n ? null : address;
    },
    global(name) {
      const address = BigInt(dlsym(RTLD_DEFAULT, name));
      return address === 0n ? null : address;
    },
    ownerOf,
  };
}

type Place = (handle: bigint, path: string) => Omit<LoadedImage, 'handle'>;

/**
 * Locates libraries on ELF systems. The link map has the base and the address of the dynamic section, which
 * only this library can own.
 */
function linkMapPlace(ownerOf: Loader['ownerOf']): Place {
  const dlinfo = standardLibrary().func('dlinfo', 'int', ['uint64_t', 'int', 'void *']) as unknown as (
    handle: bigint,
    request: number,
    result: Buffer,
  ) => number;
  const pointer = Buffer.allocUnsafeSlow(8);
  return (handle) => {
    if (dlinfo(handle, RTLD_DI_LINKMAP, pointer) !== 0)
      throw new Error("the loader does not report the library's address");
    const map = pointer.readBigUInt64LE();
    const entry = memory.read(map, 24, 'the link map');
    const owner = ownerOf(entry.readBigUInt64LE(16));
    if (owner === null) throw new Error('the loader does not list the library that it has just opened');
    return { base: entry.readBigUInt64LE(0), identity: owner.identity, map };
  };
}

/** Locates libraries on macOS by the file that was opened. Not yet run on macOS. */
function dyldPlace(): Place {
  const system = standardLibrary();
  const count = system.func('_dyld_image_count', 'uint32_t', []) as unknown as () => number;
  const name = system.func('_dyld_get_image_name', 'str', ['uint32_t']) as unknown as (
    index: number,
  ) => string | null;
  const header = system.func('_dyld_get_image_header', 'uint64_t', ['uint32_t']) as unknown as (
    index: number,
  ) => ForeignAddress;
  return (_handle, path) => {
    const wanted = statSync(path, { bigint: true });
    for (let index = count() - 1; index >= 0; index--) {
      const found = statSync(name(index) ?? '', { bigint: true, throwIfNoEntry: false });
      if (found?.ino !== wanted.ino || found.dev !== wanted.dev) continue;
      const base = BigInt(header(index));
      return { base, identity: base, map: null };
    }
    throw new Error('dyld does not list the library that it has just opened');
  };
}

const LOAD_WITH_ALTERED_SEARCH_PATH = 8;
const PIN = 1;
const UNCHANGED_REFCOUNT = 2;
const FROM_ADDRESS = 4;
const FROM_SYSTEM = 0x1000 | 0x200;

/**
 * The loader of Windows, where a module's handle is its base. Written from the system's documentation; not
 * yet run on Windows.
 */
function windowsLoader(): Loader {
  const kernel = ffi().load('kernel32.dll');
  const func = <T>(name: string, result: string, types: string[]) =>
    kernel.func(name, result, types) as unknown as T;
  const load = func<(path: string, file: number, flags: number) => ForeignAddress>(
    'LoadLibraryExW',
    'uint64_t',
    ['str16', 'uint64_t', 'uint32_t'],
  );
  const lookup = func<(module: bigint, name: string) => ForeignAddress>('GetProcAddress', 'uint64_t', [
    'uint64_t',
    'str',
  ]);
  const moduleAt = func<(flags: number, address: bigint, module: Buffer) => number>(
    'GetModuleHandleExW',
    'int',
    ['uint32_t', 'uint64_t', 'void *'],
  );
  const fileName = func<(module: bigint, into: Buffer, size: number) => number>(
    'GetModuleFileNameW',
    'uint32_t',
    ['uint64_t', 'void *', 'uint32_t'],
  );
  const reason = windowsReason(func);
  const module = Buffer.allocUnsafeSlow(8);
  const name = Buffer.allocUnsafeSlow(LONGEST_PATH * 2);
  return {
    open(path) {
      const handle = BigInt(load(path, 0, LOAD_WITH_ALTERED_SEARCH_PATH));
      if (handle === 0n) throw new Error(reason());
      if (moduleAt(PIN | FROM_ADDRESS, handle, module) === 0) throw new Error(reason());
      return { handle, base: handle, identity: handle, map: null };
    },
    symbol(image, symbol) {
      const address = BigInt(lookup(image.handle, symbol));
      return address === 0n ? null : address;
    },
    global: () => null,
    ownerOf(address) {
      if (moduleAt(UNCHANGED_REFCOUNT | FROM_ADDRESS, address, module) === 0) return null;
      const identity = module.readBigUInt64LE();
      return { identity, path: name.toString('utf16le', 0, fileName(identity, name, LONGEST_PATH) * 2) };
    },
  };
}

/** Returns a function that formats the last error of Windows. */
function windowsReason(func: <T>(name: string, result: string, types: string[]) => T): () => string {
  const lastError = func<() => number>('GetLastError', 'uint32_t', []);
  const types = ['uint32_t', 'uint64_t', 'uint32_t', 'uint32_t', 'void *', 'uint32_t', 'uint64_t'];
  type Format = (
    flags: number,
    source: number,
    id: number,
    lang: number,
    into: Buffer,
    size: number,
    list: number,
  ) => number;
  const format = func<Format>('FormatMessageW', 'uint32_t', types);
  return () => {
    const code = lastError();
    const text = Buffer.alloc(1024);
    const length = format(FROM_SYSTEM, 0, code, 0, text, text.length / 2, 0);
    return `${text.toString('utf16le', 0, length * 2).trim()} (error ${code})`;
  };
}
