/** The options of an instance in the thread tier. They are options of `load`, which checks them. */
export interface ThreadOptions {
  /** Milliseconds for `new`, `drop` and every call without a timeout of its own. Default: none. */
  readonly timeout?: number | undefined;
  /** The maximum number of calls that wait for the thread. Default: 1024. */
  readonly queue?: number;
  /**
   * The behaviour of a call when the queue is full: `fail` with TENON_BUSY, or `wait` with a copy of its
   * input. Default: `fail`.
   */
  readonly whenFull?: 'fail' | 'wait';
}

/** A limit that is never reached. */
export const NO_LIMIT = 2 ** 31 - 1;
