/** Places in the memory that the thread tier shares with native code. `native/thread/table.h` has the same; a test compares them. */
import { Control } from '../control.js';

/** Places in the control array. The first eight are those of every call, see {@link Control}. */
export const ThreadControl = {
  ...Control,
  /** By which JavaScript knows the call. */
  CALL: 8,
  METHOD: 9,
  /** Milliseconds, 0 for none. */
  TIMEOUT: 10,
  /** Calls that may wait. */
  LIMIT: 11,
  /** Rows that `completions` has filled. */
  COUNT: 12,
  /** The call that runs, or -1. */
  RUNNING: 13,
  /** Milliseconds until that may be overdue, or -1. */
  REMAINING: 14,
  ROWS: 16,
} as const;

/** Places in a row. */
export const ThreadRow = {
  CALL: 0,
  OUTCOME: 1,
  DETAIL: 2,
  LENGTH: 3,
  /** 1: the result is not in the results' memory, it has to be taken. */
  TAKE: 4,
  PROCESSED: 5,
  SIZE: 6,
} as const;
