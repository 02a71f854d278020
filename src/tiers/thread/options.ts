/** How an instance is to run on its thread. The options of `load`, checked there. */
export interface ThreadOptions {
  /** Milliseconds for `new`, `drop` and every call that has no timeout of its own. Default: none. */
  readonly timeout?: number | undefined;
  /** Calls that may wait for the thread. Default 1024. */
  readonly queue?: number;
  /** What a call does that finds the queue full: fail with TENON_BUSY (the default), or wait, with a copy of its input. */
  readonly whenFull?: 'fail' | 'wait';
}

/** More than can ever wait. */
export const NO_LIMIT = 2 ** 31 - 1;
