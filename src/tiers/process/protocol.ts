/** Numbers that the process tier shares with native code: `native/process/processes.h` and `native/channel/layout.h` have the same. */

/** Places in the control array. */
export const Word = {
  OUTCOME: 0,
  LENGTH: 1,
  DETAIL: 2,
  RUNNER: 3,
  SERIAL: 4,
  INSTANCE: 5,
  METHOD: 6,
  /** Milliseconds, -1 for none. */
  TIMEOUT: 7,
  OPERATION: 8,
  SLOT: 9,
  HELD: 10,
  PROCESSED: 11,
  COUNT: 12,
  ENDED: 13,
  /** Where in the slab an answer lies; -1 if it does not. */
  PLACE: 14,
  /** From where on the slab is free. */
  FREE: 15,
  /** 1 if JavaScript has looked at the input's memory. */
  CHECKED: 16,
  /** Of a wake-up: 1 if there is something to take with `capturedOutput`. */
  CAPTURED_OUTPUT: 17,
  ENTRIES: 24,
} as const;

/** Places in an entry of a wake-up. */
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
/** The most entries of one wake-up. */
export const ENTRY_COUNT = 256;

/** What a runner is asked to do, and what it says unasked. */
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

/** What becomes of a request beside the statuses and outcomes that all tiers have. */
export const ProcessOutcome = {
  BAD_TABLE: -32,
  BAD_REQUEST: -33,
  MISSING_KIND: -34,
  /** The runner has ended, or is about to. */
  GONE: -40,
  BROKEN: -41,
  TIMEOUT: -42,
  /** No room; nothing was sent. */
  FULL: -43,
  CLOSED: -44,
} as const;

/** In a wake-up: whether the runner goes on. */
export const End = { RUNNING: 0, ENDING: 1, ENDED: 2 } as const;

/** Where a runner was when it ended. */
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

/** A runner that says itself that it did not understand its host. */
export const STATE_READY = 1;
export const STATE_BROKEN = 6;
/** The plugin has closed the descriptors of the channel. */
export const STATE_CUT = 7;
/** The exit code of a runner that is cut off, which over a pipe has no other way to say so. */
export const EXIT_CUT = 86;

/** What can be in force, by its bit in the runner's facts. */
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
} as const;
