/**
 * An opened library: its entry points, checked and called, and its vtable, read with guarded reads.
 * Implements the gates `open` to `vtable`.
 */
import {
  type EntryPoint,
  LIMITS,
  MAX_PLUGIN_SIZE,
  OPTIONAL_SLOTS,
  PLUGIN,
  SLOTS,
  type Slot,
} from '../base/abi.js';
import { TenonError } from '../base/errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { type ForeignAddress, ffi, hexAddress } from './ffi.js';
import { type ChosenLibrary, chosenLibraries } from './loaded.js';
import { type LoadedImage, type Loader, systemLoader } from './loader.js';
import { memory } from './memory.js';
import { preferenceFor, someOf } from './preference.js';
import {
  cheapSettings,
  guarded,
  guardedSettings,
  type Meddling,
  type SettingsKeeper,
} from './process-settings.js';
import { refusal, type Stage } from './refusal.js';
import { parseName, parseVersion, quote } from './statements.js';

/** A checked copy of a vtable. The plugin's memory is not read again. */
export interface VTable {
  /** The address of the plugin's vtable. */
  readonly address: bigint;
  /** The size that the plugin states, in bytes. */
  readonly size: number;
  /** Bits of `tenon_plugin.flags`. */
  readonly flags: number;
  /** The addresses of the slots. `get_extension` is 0n if the plugin has none. */
  readonly slots: Readonly<Record<Slot, bigint>>;
}

/** A library file that is open. It stays loaded until the process ends. */
export interface Library {
  readonly path: string;
  readonly facts: LibraryFacts;
  /** The address that the addresses in {@link facts} are relative to. */
  readonly base: bigint;
  /**
   * Calls `get_version` once and returns the result.
   * @throws TenonError ERR_TENON_BAD_POINTER, ERR_TENON_BAD_VERSION
   */
  version(): string;
  /**
   * Calls `get_name` once and returns the result.
   * @throws TenonError ERR_TENON_BAD_POINTER, ERR_TENON_BAD_NAME
   */
  pluginName(): string;
  /**
   * Calls `get_plugin` once and returns a checked copy of its result.
   * @throws TenonError ERR_TENON_BAD_VTABLE
   */
  vtable(): VTable;
  /** The settings of the process that its code has changed so far, in the gates. They were restored. */
  readonly meddlings: readonly Meddling[];
  /** Returns whether `address` is executable code of this library. */
  isCode(address: bigint): boolean;
  /**
   * Returns the libraries that the loader chose for this one. Needs of those for which `isKnown` is true are not
   * followed. Returns none where the loader does not tell.
   */
  chosen(isKnown: (path: string) => boolean): ChosenLibrary[];
  /** Describes the memory at `address` for messages, for example `data of this library`. */
  describe(address: bigint): string;
}

/** Options of {@link openLibrary}. */
export interface OpenOptions {
  /** The path in errors, if `path` is a copy of it. */
  readonly shown?: string | undefined;
  /** Whether the settings of this process are guarded from code of the library. Default: false. */
  readonly guard?: boolean | undefined;
  /** Guards them faster than koffi can. */
  readonly keeper?: SettingsKeeper | null | undefined;
}

/**
 * Opens and pins the library at `path`, which runs its constructors.
 * @throws TenonError ERR_TENON_LOAD_FAILED, ERR_TENON_MISSING_SYMBOL, ERR_TENON_BAD_SYMBOL
 */
export function openLibrary(path: string, facts: LibraryFacts, options: OpenOptions = {}): Library {
  const { shown = path } = options;
  const loader = systemLoader();
  const guard = new Guard(facts, options);
  const ownFirst = prefersOwn(path, shown);
  let image: LoadedImage;
  try {
    image = guard.run('when it was opened', () => loader.open(path, ownFirst));
  } catch (error) {
    if (error instanceof TenonError) throw error.with({ path: shown, gate: 'open' });
    const words = (error instanceof Error ? error.message : String(error)).replaceAll(path, shown);
    throw refusal('ERR_TENON_LOAD_FAILED', 'open', shown, `the system's loader says "${words}"`);
  }
  return new OpenedLibrary(loader, image, path, facts, shown, guard);
}

/**
 * Returns whether the library at `path` must prefer its own symbols to those of this program. Loads nothing.
 * @throws TenonError ERR_TENON_LOAD_FAILED if it must, and cannot
 */
export function prefersOwn(path: string, shown: string): boolean {
  const { replaced, clashes, obstacle, ownFirst } = preferenceFor(path);
  const [other] = replaced;
  if (other !== undefined)
    throw new TenonError(
      'ERR_TENON_LOAD_FAILED',
      `Cannot load ${shown}: it brings a library, but this process has already loaded another library of the name ${other.name} (${other.loaded}), which the loader would use instead. Load it with isolation: 'process', or give the library a name of its own. If the library was rebuilt, restarting the program helps too.`,
      { path: shown, gate: 'open' },
    );
  if (obstacle === null) return ownFirst;
  throw new TenonError(
    'ERR_TENON_LOAD_FAILED',
    `Cannot load ${shown}: this program has symbols that would replace those of the plugin or of its libraries (${someOf(clashes)}), and ${obstacle}. Load it with isolation: 'process', or hide the symbols: compile with -fvisibility=hidden, and link static libraries with -Wl,--exclude-libs,ALL.`,
    { path: shown, gate: 'open' },
  );
}

/** Guards the settings of the process in the gates. */
class Guard {
  readonly meddlings: Meddling[] = [];
  readonly #which: number;
  readonly #keeper: SettingsKeeper | null;

  constructor(facts: LibraryFacts, { guard = false, keeper = null }: OpenOptions) {
    this.#which = guard ? guardedSettings(facts) : 0;
    this.#keeper = keeper;
  }

  /** Runs code of the library. Where little is expected of it, only the settings that cost little are guarded. */
  run<T>(step: string, work: () => T, much = true): T {
    const which = much ? this.#which : cheapSettings(this.#which);
    const { result, changes } = guarded(this.#keeper, which, work);
    if (changes !== null) this.meddlings.push({ step, ...changes });
    return result;
  }
}

class OpenedLibrary implements Library {
  readonly path: string;
  readonly facts: LibraryFacts;
  readonly base: bigint;
  readonly #loader: Loader;
  readonly #image: LoadedImage;
  readonly #shown: string;
  readonly #guard: Guard;
  readonly #entries: Readonly<Record<EntryPoint, bigint>>;
  #version: Buffer | undefined;
  #name: Buffer | undefined;
  #vtable: VTable | undefined;

  constructor(
    loader: Loader,
    image: LoadedImage,
    path: string,
    facts: LibraryFacts,
    shown: string,
    guard: Guard,
  ) {
    this.path = path;
    this.facts = facts;
    this.base = image.base;
    this.#loader = loader;
    this.#image = image;
    this.#shown = shown;
    this.#guard = guard;
    this.#entries = {
      get_version: this.#entryPoint('get_version'),
      get_name: this.#entryPoint('get_name'),
      get_plugin: this.#entryPoint('get_plugin'),
    };
  }

  get meddlings(): readonly Meddling[] {
    return this.#guard.meddlings;
  }

  version(): string {
    this.#version ??= this.#stated('get_version', LIMITS.version, 'version');
    return parseVersion(this.#version, this.#shown);
  }

  pluginName(): string {
    this.#name ??= this.#stated('get_name', LIMITS.name, 'name');
    return parseName(this.#name, this.#shown);
  }

  vtable(): VTable {
    this.#vtable ??= this.#readVTable();
    return this.#vtable;
  }

  isCode(address: bigint): boolean {
    const relative = address - this.base;
    return this.facts.code.some(({ start, end }) => relative >= BigInt(start) && relative < BigInt(end));
  }

  chosen(isKnown: (path: string) => boolean): ChosenLibrary[] {
    return this.#image.map === null ? [] : chosenLibraries(this.#image.map, isKnown);
  }

  describe(address: bigint): string {
    if (address === 0n) return 'NULL';
    if (this.isCode(address)) return 'code of this library';
    const owner = this.#loader.ownerOf(address);
    if (owner !== null) {
      return owner.identity === this.#image.identity
        ? 'data of this library'
        : `another library (${owner.path})`;
    }
    try {
      memory.read(address, 1);
      return 'memory of no library (heap or stack)';
    } catch {
      return 'unmapped or protected memory';
    }
  }

  #entryPoint(name: EntryPoint): bigint {
    const address = this.#loader.symbol(this.#image, name);
    if (address === null) {
      throw refusal('ERR_TENON_MISSING_SYMBOL', 'open', this.#shown, `the loader does not find ${name}`);
    }
    // The loader also finds symbols of the library's dependencies. If the facts were those of another file,
    // isCode would be wrong.
    const own = this.#loader.ownerOf(address)?.identity === this.#image.identity;
    if (own && this.isCode(address)) return address;
    const problem = `${name} resolves to ${this.describe(address)}, expected code of this library`;
    throw refusal('ERR_TENON_BAD_SYMBOL', 'open', this.#shown, problem);
  }

  /** Calls an entry point and reads the string that it returns. */
  #stated(name: 'get_version' | 'get_name', limit: number, gate: Stage): Buffer {
    const address = this.#guard.run(`in ${name}`, () => callForAddress(this.#entries[name]), false);
    try {
      return memory.readCString(address, limit, `the string of ${name}`);
    } catch (cause) {
      const problem = `${name} returned ${hexAddress(address)}, where no string can be read`;
      throw refusal('ERR_TENON_BAD_POINTER', gate, this.#shown, problem, cause);
    }
  }

  #readVTable(): VTable {
    const address = this.#guard.run('in get_plugin', () => callForAddress(this.#entries.get_plugin));
    const at = `get_plugin returned ${hexAddress(address)}`;
    if (address === 0n) throw this.#badVTable('get_plugin returned NULL, expected the vtable');
    if (address % BigInt(PLUGIN.align) !== 0n)
      throw this.#badVTable(`${at}, which is not aligned to ${PLUGIN.align} bytes`);
    const size = this.#readOfVTable(address, 4, `${at}, which cannot be read`).readUInt32LE();
    if (size < PLUGIN.size || size > MAX_PLUGIN_SIZE || size % PLUGIN.align !== 0) {
      throw this.#badVTable(
        `its size is ${size}, expected a multiple of ${PLUGIN.align} from ${PLUGIN.size} to ${MAX_PLUGIN_SIZE}`,
      );
    }
    const copy = this.#readOfVTable(address, size, `${at}, where ${size} bytes cannot be read`);
    if (copy.readUInt32LE(PLUGIN.offset.size) !== size)
      throw this.#badVTable('its size changed while it was read');
    const slot = (name: Slot) => this.#checkSlot(name, copy.readBigUInt64LE(PLUGIN.offset[name]));
    const slots = Object.fromEntries(SLOTS.map((name) => [name, slot(name)])) as Record<Slot, bigint>;
    this.#checkRepeats('get_version', slots.get_version, LIMITS.version);
    this.#checkRepeats('get_name', slots.get_name, LIMITS.name);
    return Object.freeze({
      address,
      size,
      flags: copy.readUInt32LE(PLUGIN.offset.flags),
      slots: Object.freeze(slots),
    });
  }

  #readOfVTable(address: bigint, length: number, problem: string): Buffer {
    try {
      return memory.read(address, length, 'the vtable');
    } catch (cause) {
      throw this.#badVTable(problem, cause);
    }
  }

  #checkSlot(name: Slot, address: bigint): bigint {
    if (this.isCode(address) || (address === 0n && OPTIONAL_SLOTS.includes(name))) return address;
    const found = address === 0n ? 'is NULL' : `points to ${this.describe(address)}`;
    throw this.#badVTable(`its slot ${name} ${found}, expected code of this library`);
  }

  /**
   * Checks a slot that repeats an entry point: both must return the same string. A difference is a fault of
   * the vtable.
   */
  #checkRepeats(name: 'get_version' | 'get_name', slot: bigint, limit: number): void {
    if (slot === this.#entries[name]) return;
    const text = callForAddress(slot);
    const unreadable = `its slot ${name} returned ${hexAddress(text)}, where no string can be read`;
    let found: Buffer;
    try {
      found = memory.readCString(text, limit, `the string of the slot ${name}`);
    } catch (cause) {
      throw this.#badVTable(unreadable, cause);
    }
    const expected = Buffer.from(name === 'get_version' ? this.version() : this.pluginName());
    if (!found.equals(expected)) {
      throw this.#badVTable(`its slot ${name} says ${quote(found)}, the exported ${name} ${quote(expected)}`);
    }
  }

  #badVTable(problem: string, cause?: unknown): TenonError {
    return refusal('ERR_TENON_BAD_VTABLE', 'vtable', this.#shown, problem, cause);
  }
}

let noArguments: ReturnType<ReturnType<typeof ffi>['proto']> | undefined;

/**
 * Calls a function without arguments that returns a pointer. `koffi.call` is slow, but each function is
 * called only once, and decoding each to a callable would leak memory.
 */
function callForAddress(code: bigint): bigint {
  noArguments ??= ffi().proto('uint64_t', []);
  return BigInt(ffi().call(code, noArguments) as ForeignAddress);
}
