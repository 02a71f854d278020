/**
 * The layout of the memory that the thread tier shares with native code. `native/thread/table.h` defines the
 * same layout; a test compares them.
 */
import { Control } from '../control.js';

/** The indexes of the control array. The first eight are those of {@link Control}. */
export const ThreadControl = {
  ...Control,
  /** The id of the call in JavaScript. */
  CALL: 8,
  METHOD: 9,
  /** Milliseconds; 0 for no timeout. */
  TIMEOUT: 10,
  /** The maximum number of waiting calls. */
  LIMIT: 11,
  /** The number of rows that `completions` filled. */
  COUNT: 12,
  /** The id of the running call, or -1. */
  RUNNING: 13,
  /** Milliseconds until the running call may exceed its timeout, or -1. */
  REMAINING: 14,
  ROWS: 16,
} as const;

/** The indexes of a row. */
export const ThreadRow = {
  CALL: 0,
  OUTCOME: 1,
  DETAIL: 2,
  LENGTH: 3,
  /** 1 if the result is not in the memory for results, but must be taken. */
  TAKE: 4,
  PROCESSED: 5,
  SIZE: 6,
} as const;
