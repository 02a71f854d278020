/**
 * The numbers that the process tier shares with native code. `native/process/processes.h` and
 * `native/channel/layout.h` define the same numbers.
 */

/** The indexes of the control array. */
export const Word = {
  OUTCOME: 0,
  LENGTH: 1,
  DETAIL: 2,
  RUNNER: 3,
  SERIAL: 4,
  INSTANCE: 5,
  METHOD: 6,
  /** Milliseconds; -1 for no timeout. */
  TIMEOUT: 7,
  OPERATION: 8,
  SLOT: 9,
  HELD: 10,
  PROCESSED: 11,
  COUNT: 12,
  ENDED: 13,
  /** The position of an answer in the slab; -1 if it is not in the slab. */
  PLACE: 14,
  /** The beginning of the free part of the slab. */
  FREE: 15,
  /** 1 if JavaScript has checked the input's memory. */
  CHECKED: 16,
  /** In a wake-up: 1 if `capturedOutput` has something to return. */
  CAPTURED_OUTPUT: 17,
  ENTRIES: 24,
} as const;

/** The indexes of an entry of a wake-up. */
export const Entry = {
  OPERATION: 0,
  SLOT: 1,
  INSTANCE: 2,
  METHOD: 3,
  STATUS: 4,
  DETAIL: 5,
  LENGTH: 6,
  HELD: 7,
  SIZE: 8,
} as const;
/** The maximum number of entries in a wake-up. */
export const ENTRY_COUNT = 256;

/** The operations that a runner performs on request, and the messages that it sends by itself. */
export const Operation = {
  NEW: 1,
  CALL: 2,
  BATCH: 3,
  DROP: 4,
  BIND: 5,
  METHOD_COUNT: 6,
  PING: 7,
  SHUTDOWN: 8,
  READY: 16,
  REFUSED: 17,
  EVENT: 18,
  LOG: 19,
} as const;

/** The bytes of requests that a channel holds, headers included. ChannelOptions in native/channel/host_end.h agrees. */
export const REQUEST_BYTES = 128 << 20;

/** The outcomes of a request besides the statuses and outcomes of all tiers. */
export const ProcessOutcome = {
  BAD_TABLE: -32,
  BAD_REQUEST: -33,
  MISSING_KIND: -34,
  /** The runner has ended, or is about to end. */
  GONE: -40,
  BROKEN: -41,
  TIMEOUT: -42,
  /** No room was available, and nothing was sent. */
  FULL: -43,
  CLOSED: -44,
  /** As TIMEOUT, but the request was withdrawn before it began. */
  UNBEGUN: -45,
  /** The timeout passed when a part of the request was sent, so nothing can follow. */
  TORN: -46,
} as const;

/** The state of the runner in a wake-up. */
export const End = { RUNNING: 0, ENDING: 1, ENDED: 2 } as const;

/** The stage of a runner when it ended. */
export const Stage = {
  IDLE: 0,
  START: 1,
  OPEN: 2,
  VERSION: 3,
  NAME: 4,
  VTABLE: 5,
  NEW: 6,
  CALL: 7,
  DROP: 8,
  EXTENSION: 9,
} as const;

/** The state of a runner that is ready. */
export const STATE_READY = 1;
/** The state of a runner that did not understand its host. */
export const STATE_BROKEN = 6;
/** The state of a runner whose plugin has closed the descriptors of the channel. */
export const STATE_CUT = 7;
/** The exit code of a runner that is cut off, which is its only way to report that over a pipe. */
export const EXIT_CUT = 86;
/** The exit code of a keeper that ended a plugin because of its shared memory. */
export const EXIT_MEMORY = 87;

/** The measures that can be in force, by their bits in the runner's facts. */
export const Force = {
  memory: 1 << 0,
  cpu: 1 << 1,
  files: 1 << 2,
  core: 1 << 3,
  'closed-files': 1 << 4,
  'no-new-privileges': 1 << 5,
  seccomp: 1 << 6,
  landlock: 1 << 7,
  'parent-signal': 1 << 8,
  'signal-scope': 1 << 9,
  orphans: 1 << 10,
  'shared-memory': 1 << 11,
} as const;
