/**
 * The constants of `include/tenon.h`, for 64-bit platforms. A test prints the offsets with a C program and
 * compares this file with them.
 */

/** The ABI version that this package implements. */
export const ABI_VERSION = '1.0.0';

/** The range of ABI versions that a host accepts by default. */
export const DEFAULT_ABI_RANGE = '^1.0.0';

/** The entry points that every plugin must export as functions, in the order in which a host calls them. */
export const ENTRY_POINTS = ['get_version', 'get_name', 'get_plugin'] as const;
export type EntryPoint = (typeof ENTRY_POINTS)[number];

/** The optional data symbol. It is read from the bytes of the file and never called. */
export const DESCRIPTOR_SYMBOL = 'tenon_descriptor';

/**
 * The status codes of `tenon_status`: what a plugin's functions return. A call that returns anything but
 * `TENON_OK` fails; `status` of the {@link TenonError} is then the name of the code.
 */
export const Status = {
  /** Success. */
  TENON_OK: 0,
  /** An error of the plugin itself. */
  TENON_FAILED: 1,
  /** The input or the config is not acceptable. */
  TENON_INVALID: 2,
  /** The plugin does not support the operation. */
  TENON_UNSUPPORTED: 3,
  /** Back-pressure: nothing was consumed, so the call can be repeated later. */
  TENON_BUSY: 4,
  /** An allocation failed. */
  TENON_NO_MEMORY: 5,
  /** A panic or an exception was caught. The instance is poisoned. */
  TENON_PANIC: 6,
  /** The call was refused, because an earlier call of the instance panicked. */
  TENON_POISONED: 7,
  /** The call was refused, because the other side is closed. */
  TENON_CLOSED: 8,
} as const;
/** The name of a status code, as {@link Status} lists them. */
export type StatusName = keyof typeof Status;

const STATUS_NAMES = Object.keys(Status) as StatusName[];

/** Returns the name of a status, or undefined if the ABI does not define the number. */
export function statusName(status: number): StatusName | undefined {
  return STATUS_NAMES[status];
}

/** The bits of `tenon_plugin.flags`. Unknown bits are ignored. */
export const PluginFlag = { TENON_THREAD_SAFE: 1, TENON_SINGLETON: 2, TENON_DETERMINISTIC: 4 } as const;

/** The levels of `host->log`. The index is the level's number in the ABI. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
/** The severity of a log entry. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The layout of `tenon_plugin`, the vtable. */
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

/** The slots of the vtable. All but the last are required. */
export const SLOTS = ['get_version', 'get_name', 'new', 'drop', 'something', 'get_extension'] as const;
export type Slot = (typeof SLOTS)[number];
export const OPTIONAL_SLOTS: readonly Slot[] = ['get_extension'];

/**
 * The limit on the size of a vtable. A larger one is treated as garbage: no ABI of this major version will
 * grow that far.
 */
export const MAX_PLUGIN_SIZE = 4096;

/** The layout of `tenon_host`. */
export const HOST = {
  size: 40,
  offset: { size: 0, reserved: 4, ctx: 8, log: 16, emit: 24, get_extension: 32 },
} as const;

/** The layout of `tenon_out`. */
export const OUT = { size: 32, offset: { data: 0, len: 8, capacity: 16, reserve: 24 } } as const;

/** The layout of a kind's method table: `size`, `count`, then the slots. */
export const METHODS = { header: 8, slot: 8, max: 256 } as const;

/** The layout of `tenon_descriptor_t`. */
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

/** The limits on the strings of a plugin, in bytes without the terminating NUL. */
export const LIMITS = { version: 255, name: 63 } as const;

/** The syntax of a plugin name. */
export const NAME_PATTERN = /^[A-Za-z0-9._-]{1,63}$/;
