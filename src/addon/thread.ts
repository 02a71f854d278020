/** What the addon exports for the thread tier. `native/thread/exports.cc` has the other side. */

/**
 * Which instance a function is for, what it is to do, and how it went stands in the control array, see
 * `tiers/thread/control.ts`.
 */
export interface ThreadAddon {
  /** Once per thread, after the addon's own `open`. `settle` is called when `completions` has something. */
  open(settle: () => void): [control: ArrayBuffer, results: ArrayBuffer];
  /** Starts a thread that runs `new`; how that went comes with `completions`. */
  create(
    make: bigint,
    drop: bigint,
    something: bigint,
    getExtension: bigint,
    token: number,
    messages: number,
    bytes: number,
    config: Uint8Array,
  ): void;
  bind(address: bigint): void;
  extension(id: string): bigint;
  /** Takes a call out of the queue; CLOSED if it is not there any more. It does not keep the event loop alive any longer. */
  cancel(): void;
  /** Looks whether the call that runs is over its timeout: WEDGED if so, now or before. */
  check(): void;
  /** Ends the instance after the call that runs: `drop` comes with `completions`. WEDGED if nobody knows when that will be. */
  close(awaited: boolean): void;
  reference(on: boolean): void;
  /** Closes all instances and waits a moment for them. */
  shutdown(): void;
  /** Queues a call with a copy of its input. */
  call(input: Uint8Array): void;
  callMany(offsets: Int32Array, data: Uint8Array): void;
  /** The same, and waits. GROWN: the result is to be taken. */
  callSync(input: Uint8Array): void;
  callManySync(offsets: Int32Array, data: Uint8Array): void;
  record(input: Uint8Array, output: Uint8Array): void;
  /** Fills the rows with what is done. */
  completions(): void;
  take(target: Uint8Array): void;
  takeBatch(resultOffsets: Int32Array, statuses: Int32Array): void;
  /** Instead of `take`. */
  skip(): void;
}
