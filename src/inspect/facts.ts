/**
 * The facts that inspection finds about a library file. All addresses are relative to the image base (RVA).
 */

export type BinaryFormat = 'elf' | 'pe' | 'macho';

/**
 * An exported name. The type is `unknown` and the address 0 only if another library defines the name (PE
 * forwarders, Mach-O re-exports). The address of a thread-local or absolute ELF symbol is its plain value.
 */
export interface ExportedSymbol {
  readonly name: string;
  readonly type: 'function' | 'data' | 'unknown';
  readonly address: number;
}

/** A half-open range of addresses. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** The decoded `tenon_descriptor`. */
export interface Descriptor {
  /** The version of the ABI, for example `1.0.0`. */
  readonly abi: string;
  readonly pointerSize: number;
  readonly endian: 'little' | 'big';
  readonly vtableSize: number;
  readonly flags: number;
  readonly name: string;
  /** The plugin's own version. */
  readonly version: string;
  /** Kind name to version: `{ codec: '1.0.0' }`. */
  readonly kinds: Readonly<Record<string, string>>;
}

/**
 * A slot of a vtable that was found without running code. Slots that only the loader can fill are omitted.
 */
export interface StaticSlot {
  readonly name: string;
  /** 0 for a NULL slot. */
  readonly address: number;
  /** Whether it points into the executable ranges of this file. */
  readonly code: boolean;
}

/** The vtable, found if `get_plugin` only returns the address of constant memory. */
export interface StaticVTable {
  readonly address: number;
  readonly size: number;
  readonly flags: number;
  /** In the order of the vtable. Empty if `size` is invalid or the address misaligned. */
  readonly slots: readonly StaticSlot[];
}

/**
 * The facts about a kind that a plugin's file contains. The host compares them with its own definition of the
 * kind before any code of the plugin runs.
 */
export interface KindFacts {
  /** The name of the kind and its major version: `text/1`. */
  readonly id: string;
  /** The version of the kind that the plugin was built for. */
  readonly version: string;
  /** The hash of each slot of the method table, as `0x` and 16 hexadecimal digits. */
  readonly hashes: readonly string[];
  /** The document of the kind, which is JSON that was not checked. Null if the file has none. */
  readonly document: string | null;
}

/** The facts of a library file. */
export interface LibraryFacts {
  readonly path: string;
  /** The size of the file in bytes. */
  readonly size: number;
  readonly format: BinaryFormat;
  /** As in `process.platform`: `linux`, `win32`, `darwin`. For ELF also `freebsd` and similar names. */
  readonly os: string;
  /** As in `process.arch`: `x64`, `arm64`, `ia32`, `arm`, `riscv64`, …. Otherwise `unknown(0x…)`. */
  readonly arch: string;
  readonly bits: 32 | 64;
  readonly endian: 'little' | 'big';
  /** The language of the plugin, from the marks of compilers in the file. Null if unknown. */
  readonly language: 'c' | 'c++' | 'rust' | 'go' | 'zig' | null;
  readonly exports: readonly ExportedSymbol[];
  /** The libraries that the loader loads with this one, in order. */
  readonly needed: readonly string[];
  /** The library's own search path for them (ELF RUNPATH or RPATH, Mach-O LC_RPATH), not expanded. */
  readonly runpath: readonly string[];
  /** The executable ranges: segments or, if known, the sections in them that hold instructions. */
  readonly code: readonly AddressRange[];
  readonly descriptor: Descriptor | null;
  /** The reason why the descriptor could not be decoded. Null if it was decoded or there is none. */
  readonly descriptorProblem: string | null;
  /** The kinds of the descriptor about which the file has facts. */
  readonly kindFacts: readonly KindFacts[];
  /** By the id of a kind, the reason why the facts about it could not be decoded. */
  readonly kindProblems: Readonly<Record<string, string>>;
  readonly vtable: StaticVTable | null;
}
