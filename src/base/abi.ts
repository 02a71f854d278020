/**
 * The numbers of `include/tenon.h`, for 64-bit platforms. A test prints the offsets with a C program and holds this
 * file against them.
 */

/** The ABI version of this package, and the range that a host accepts unless it says otherwise. */
export const ABI_VERSION = '1.0.0';
export const DEFAULT_ABI_RANGE = '^1.0.0';

/** The entry points that a plugin has to export as functions, in the order in which a host calls them. */
export const ENTRY_POINTS = ['get_version', 'get_name', 'get_plugin'] as const;
export type EntryPoint = (typeof ENTRY_POINTS)[number];

/** The optional data symbol, read from the file's bytes and never called. */
export const DESCRIPTOR_SYMBOL = 'tenon_descriptor';

/** `tenon_status`. */
export const Status = {
  TENON_OK: 0,
  TENON_FAILED: 1,
  TENON_INVALID: 2,
  TENON_UNSUPPORTED: 3,
  TENON_BUSY: 4,
  TENON_NO_MEMORY: 5,
  TENON_PANIC: 6,
  TENON_POISONED: 7,
  TENON_CLOSED: 8,
} as const;
export type StatusName = keyof typeof Status;

const STATUS_NAMES = Object.keys(Status) as StatusName[];

/** The name of a status, or undefined if the number is none of them. */
export function statusName(status: number): StatusName | undefined {
  return STATUS_NAMES[status];
}

/** `tenon_plugin.flags`. Unknown bits are ignored. */
export const PluginFlag = { TENON_THREAD_SAFE: 1, TENON_SINGLETON: 2, TENON_DETERMINISTIC: 4 } as const;

/** The levels of `host->log`, by number. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `tenon_plugin`, the vtable. */
export const PLUGIN = {
  size: 56,
  align: 8,
  offset: {
    size: 0,
    flags: 4,
    get_version: 8,
    get_name: 16,
    new: 24,
    drop: 32,
    something: 40,
    get_extension: 48,
  },
} as const;

/** The slots of the vtable; all but the last are required. */
export const SLOTS = ['get_version', 'get_name', 'new', 'drop', 'something', 'get_extension'] as const;
export type Slot = (typeof SLOTS)[number];
export const OPTIONAL_SLOTS: readonly Slot[] = ['get_extension'];

/** A vtable larger than this is taken for garbage: no ABI of this major will grow so far. */
export const MAX_PLUGIN_SIZE = 4096;

/** `tenon_host`. */
export const HOST = {
  size: 40,
  offset: { size: 0, reserved: 4, ctx: 8, log: 16, emit: 24, get_extension: 32 },
} as const;

/** `tenon_out`. */
export const OUT = { size: 32, offset: { data: 0, len: 8, capacity: 16, reserve: 24 } } as const;

/** A method table of a kind: `size`, `count`, then the slots. */
export const METHODS = { header: 8, slot: 8, max: 256 } as const;

/** `tenon_descriptor_t`. */
export const DESCRIPTOR = {
  magic: 'TENON\0\0\x01',
  size: 392,
  offset: {
    magic: 0,
    size: 8,
    abi_major: 12,
    abi_minor: 16,
    abi_patch: 20,
    pointer_size: 24,
    endian: 25,
    reserved: 26,
    vtable_size: 28,
    flags: 32,
    reserved2: 36,
    name: 40,
    version: 104,
    kinds: 136,
  },
  length: { name: 64, version: 32, kinds: 256 },
} as const;

/** Bounds on the strings of a plugin, in bytes without the terminating NUL. */
export const LIMITS = { version: 255, name: 63 } as const;

/** What a plugin may call itself. */
export const NAME_PATTERN = /^[A-Za-z0-9._-]{1,63}$/;
