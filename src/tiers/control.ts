/**
 * How a call went, in numbers that native code and JavaScript share. `native/plugin/output.h` and `native/node/environment.h` have the
 * same; a test holds them against each other.
 */

/** 0 to 8 are what the plugin returned, the rest is the host's finding. */
export const Outcome = {
  CLOSED: -1,
  POISONED: -2,
  DISABLED: -3,
  NOT_BYTES: -4,
  SHARED: -5,
  /** The input may be detached or resizable: JavaScript has to look. */
  INSPECT: -6,
  BAD_BATCH: -7,
  /** The host ran out of memory or of instances. */
  EXHAUSTED: -8,
  /** An earlier call did not come back from the instance's thread. */
  WEDGED: -9,
  /** Too many calls wait for the instance's thread. */
  FULL: -10,
  /** It did not come back in time, and may still run. */
  TIMED_OUT: -11,
  /** Its time was over before its turn came. */
  NOT_BEGUN: -12,
  BAD_STATUS: -16,
  OVERRUN: -17,
  BAD_LENGTH: -18,
  TAMPERED: -19,
  NOT_TEXT: -20,
  BAD_RECORD: -21,
} as const;

/** Whether the outcome says that the plugin broke the contract in this call. */
export const isBreach = (outcome: number): boolean => outcome <= Outcome.BAD_STATUS;

/** Places in the control array. */
export const Control = {
  OUTCOME: 0,
  /** Bytes of output. */
  LENGTH: 1,
  /** 1 if the output has left its first memory. */
  GROWN: 2,
  /** The status of a BAD_STATUS, the length of a BAD_RECORD. */
  DETAIL: 3,
  TARGET: 4,
  GENERATION: 5,
  /** 1 if JavaScript has looked at the input's memory. */
  CHECKED: 6,
  /** Messages that callMany processed. */
  PROCESSED: 7,
} as const;
export const CONTROL_SIZE = 16;
