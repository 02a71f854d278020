/** What inspection tells about a library file. All addresses are relative to the image base (RVA). */

export type BinaryFormat = 'elf' | 'pe' | 'macho';

/**
 * One exported name. `unknown`, with address 0, only where another library has it (PE forwarders, Mach-O re-exports). The address of
 * a thread-local or absolute ELF symbol is its plain value.
 */
export interface ExportedSymbol {
  readonly name: string;
  readonly type: 'function' | 'data' | 'unknown';
  readonly address: number;
}

/** Half-open range of addresses. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** The decoded `tenon_descriptor`. */
export interface Descriptor {
  /** `1.0.0` */
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

/** One slot of a vtable that could be found without running anything. A slot that only the loader can fill is left out. */
export interface StaticSlot {
  readonly name: string;
  /** 0 for a NULL slot. */
  readonly address: number;
  /** Whether it points into the executable ranges of this file. */
  readonly code: boolean;
}

/** The vtable, where `get_plugin` plainly returns the address of constant memory. */
export interface StaticVTable {
  readonly address: number;
  readonly size: number;
  readonly flags: number;
  /** In the order of the vtable; none if `size` is absurd or the address misaligned. */
  readonly slots: readonly StaticSlot[];
}

/** Everything that the bytes tell. */
export interface LibraryFacts {
  readonly path: string;
  /** Bytes in the file. */
  readonly size: number;
  readonly format: BinaryFormat;
  /** As `process.platform` spells it: `linux`, `win32`, `darwin`; `freebsd` and the like where ELF says so. */
  readonly os: string;
  /** As `process.arch` spells it: `x64`, `arm64`, `ia32`, `arm`, `riscv64`, …; `unknown(0x…)` otherwise. */
  readonly arch: string;
  readonly bits: 32 | 64;
  readonly endian: 'little' | 'big';
  /** The language of the plugin as far as the compilers' marks in the file tell. */
  readonly language: 'c' | 'c++' | 'rust' | 'go' | 'zig' | null;
  readonly exports: readonly ExportedSymbol[];
  /** Libraries that the loader will look for, in order. */
  readonly needed: readonly string[];
  /** Folders in which the library itself says to look (ELF RUNPATH or RPATH, Mach-O LC_RPATH), unexpanded. */
  readonly runpath: readonly string[];
  /** Executable ranges: segments or, where the file tells so much, the sections in them that hold instructions. */
  readonly code: readonly AddressRange[];
  readonly descriptor: Descriptor | null;
  /** Why a descriptor that is there could not be decoded; null if it could or if there is none. */
  readonly descriptorProblem: string | null;
  readonly vtable: StaticVTable | null;
}
