/** The exports of the addon for the thread tier. `native/thread/exports.cc` implements them. */

/**
 * The functions of the thread tier. The control array selects the instance and its operation, and receives
 * the outcome. See `tiers/thread/control.ts`.
 */
export interface ThreadAddon {
  /**
   * Allocates the shared memory of this JavaScript thread. Call it once per thread, after `open` of the addon
   * itself. `settle` is called when `completions` has something to report.
   */
  open(settle: () => void): [control: ArrayBuffer, results: ArrayBuffer];
  /**
   * Starts a thread that runs `new`. Its outcome arrives with `completions`: `processed` has bits of the
   * settings of the process that have changed, of those in `settings`, and `detail` bits of signals.
   */
  create(
    make: bigint,
    drop: bigint,
    something: bigint,
    getExtension: bigint,
    token: number,
    messages: number,
    bytes: number,
    config: Uint8Array,
    origin: string,
    settings: number,
  ): void;
  /** Stores the index of the method at `address` in the control array. */
  bind(address: bigint): void;
  /** Returns the address that `get_extension` returned, which may be called on any thread. */
  extension(id: string): bigint;
  /**
   * Removes a call from the queue. The outcome is CLOSED if the call is not in the queue. The call then no
   * longer keeps the event loop alive.
   */
  cancel(): void;
  /** Checks whether the running call exceeds its timeout. The outcome is WEDGED if so, now or earlier. */
  check(): void;
  /**
   * Ends the instance after the running call. `drop` arrives with `completions`. The outcome is WEDGED if it
   * is unknown when that will happen.
   */
  close(awaited: boolean): void;
  /** Sets whether the instance keeps the event loop alive for its events. */
  reference(on: boolean): void;
  /** Closes all instances and waits a moment for them. */
  shutdown(): void;
  /** Queues a call with a copy of its input. */
  call(input: Uint8Array): void;
  /** Queues a batch with a copy of its messages. */
  callMany(offsets: Int32Array, data: Uint8Array): void;
  /** Queues a call and waits for it. If GROWN is set, `take` copies the result. */
  callSync(input: Uint8Array): void;
  /** Queues a batch and waits for it. */
  callManySync(offsets: Int32Array, data: Uint8Array): void;
  /** Queues a record call and waits for it. */
  record(input: Uint8Array, output: Uint8Array): void;
  /** Fills the rows of the control array with the completed operations. */
  completions(): void;
  /** Copies the result that is next to be taken into `target`, and frees it. */
  take(target: Uint8Array): void;
  /** Copies the offsets and statuses of the batch that is next to be taken. `take` then copies its data. */
  takeBatch(resultOffsets: Int32Array, statuses: Int32Array): void;
  /** Frees the result that is next to be taken, without copying it. */
  skip(): void;
}
