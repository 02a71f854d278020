/**
 * The outcome of a call as numbers that native code and JavaScript share. `native/plugin/output.h` and
 * `native/node/environment.h` define the same numbers; a test compares them.
 */

/**
 * The outcomes of a call. Values from 0 to 8 are statuses that the plugin returned. These are findings of the
 * host.
 */
export const Outcome = {
  CLOSED: -1,
  POISONED: -2,
  DISABLED: -3,
  NOT_BYTES: -4,
  SHARED: -5,
  /** The input may be detached or resizable: JavaScript must check it. */
  INSPECT: -6,
  BAD_BATCH: -7,
  /** The host ran out of memory or instances. */
  EXHAUSTED: -8,
  /** An earlier call did not return from the instance's thread. */
  WEDGED: -9,
  /** Too many calls wait for the instance's thread. */
  FULL: -10,
  /** The call did not return in time, and may still run. */
  TIMED_OUT: -11,
  /** The call's timeout passed before the call began. */
  NOT_BEGUN: -12,
  /** The result is longer than `limits.result`. */
  TOO_LONG: -13,
  BAD_STATUS: -16,
  OVERRUN: -17,
  BAD_LENGTH: -18,
  TAMPERED: -19,
  NOT_TEXT: -20,
  BAD_RECORD: -21,
} as const;

/** Returns whether the outcome means that the plugin broke the contract in this call. */
export const isBreach = (outcome: number): boolean => outcome <= Outcome.BAD_STATUS;

/** The indexes of the control array. */
export const Control = {
  OUTCOME: 0,
  /** The size of the output in bytes. */
  LENGTH: 1,
  /** 1 if the output has outgrown its first memory. */
  GROWN: 2,
  /** The status of a BAD_STATUS, or the length of a BAD_RECORD. */
  DETAIL: 3,
  TARGET: 4,
  GENERATION: 5,
  /** 1 if JavaScript has checked the input's memory. */
  CHECKED: 6,
  /** The number of messages that callMany processed. */
  PROCESSED: 7,
} as const;
/** The number of elements of the control array. */
export const CONTROL_SIZE = 16;
