/** The exports of the addon for the process tier, on Linux. `native/process/exports.cc` implements them. */

/** Called for each wake-up. The control array holds the entries. */
export type Wake = (runner: number, serial: number) => void;

/** The known facts about a runner. The runner wrote everything but `end`, so any value is possible. */
export interface ProcessFacts {
  /** A `RunnerState`. */
  readonly state: number;
  /** The id of the process that loaded the plugin. It is a child of the process that was started. */
  readonly pid: number;
  /** A bit set of the limits in force. */
  readonly active: number;
  /** The Landlock version of the kernel; 0 if it has none. */
  readonly landlock: number;
  /** The way in which the runner broke the protocol; null if it did not. */
  readonly broken: string | null;
  /** The end of the process. Null while the process runs, and if its exit status was already collected. */
  readonly end: {
    /** The exit code; -1 if a signal ended the process. */
    readonly code: number;
    /** The number of the signal; 0 if the process exited by itself. */
    readonly signal: number;
    /** The peak memory of the process, in bytes. */
    readonly peak: number;
  } | null;
  /** The operation that the runner last began. */
  readonly call: {
    /** A `Stage`. */
    readonly stage: number;
    readonly operation: number;
    /** Of the request, whatever it is. */
    readonly number: number;
    /** Calls and batches that the process was sent, this one among them. */
    readonly calls: number;
    readonly instance: number;
    readonly method: number;
    readonly message: number;
    readonly inputSize: number;
  };
  /** The crash as the runner's signal handler recorded it; null if it recorded none. */
  readonly crash: {
    readonly signal: number;
    readonly mainThread: boolean;
    readonly address: bigint;
    readonly pc: bigint;
    readonly base: bigint;
    readonly frames: readonly bigint[];
  } | null;
}

/**
 * The functions of the process tier. The control array selects the runner and its operation, and receives the
 * outcome.
 */
export interface ProcessAddon {
  /** The maximum size of an answer in the scratch memory, in bytes. */
  readonly scratchSize: number;
  /**
   * Allocates the shared memory of this thread. Call it once per thread, before any other function.
   * @throws if the runtime has no libuv event loop
   */
  open(wake: Wake): [control: ArrayBuffer, scratch: ArrayBuffer];
  /** Sets the memory from which small answers to requests get a slice each. */
  slab(memory: ArrayBuffer): void;
  /**
   * Tries everything that a channel needs. Returns 0, or the number of the system's error. Containers may
   * forbid some of the calls.
   */
  problem(): number;
  /**
   * Creates a channel and returns the files for the runner. An answer longer than `answer` breaks it. The outcome of
   * a request longer than `input` is INSPECT.
   * @throws with `errno`
   */
  create(profile: number, answer: number, input: number): [shm: number, wake: number, life: number];
  /**
   * Registers the spawned runner and the files to which it prints. Its first message arrives as an answer to
   * `slot`.
   * @throws with `errno`
   */
  started(pid: number, slot: number, stdout: number, stderr: number): void;
  /**
   * Returns what the runner printed to stdout (0) or stderr (1) during a wait, or null if it printed nothing.
   * `lost` is the number of bytes that were dropped before that.
   */
  capturedOutput(stream: number): { readonly bytes: Buffer; readonly lost: number } | null;
  /**
   * Registers a child of this thread. If it is not reported as `reaped` before this thread ends, it is ended
   * and its exit status is collected.
   */
  reapAtEnd(pid: number): void;
  reaped(pid: number): void;
  /** Sets whether the event loop is kept alive even if no request is pending. */
  reference(on: boolean): void;
  /** Sets whether events stay in the ring. */
  pause(on: boolean): void;
  /** Schedules another wake-up soon. */
  poke(): void;
  /** Delivers what the runner wrote before its end, and then its end. */
  finish(): void;
  /** Ends the runner by closing its lifetime pipe. Nothing from it is delivered afterwards. */
  close(): void;
  /** Marks the channel as broken: JavaScript found numbers without a meaning in it. */
  break(): void;
  /**
   * Withdraws the asynchronous request of `slot`, which is at `index` of those that are not answered yet. The
   * runner skips it unless it has begun. Returns whether it certainly has not.
   */
  withdraw(index: number, slot: number): boolean;
  /** Frees the memory of large messages. Returns false if more of it is still in use. */
  trim(): boolean;
  /**
   * Frees the memory of `takeWarm` that was not used since the last call. Returns whether there is more of
   * it.
   */
  cool(): boolean;
  /** Returns the known facts about the runner. Returns undefined if the channel is closed. */
  facts(): ProcessFacts | undefined;
  /**
   * Copies the input of the call in flight. Returns its length, or -1 if the input is unavailable or longer than
   * the target.
   */
  callInput(target: Uint8Array): number;
  /** Blocks until the process ends or the time is over. Returns whether the process has ended. */
  awaitEnd(milliseconds: number): boolean;
  /**
   * Sends a request and waits for its answer. Refuses bytes that JavaScript must inspect first; the outcome
   * says so. See CHECKED.
   */
  request(bytes: Uint8Array): void;
  /** Sends a request and waits. The answer must fill `output` exactly. */
  requestInto(bytes: Uint8Array, output: Uint8Array): void;
  /** Sends a request. Its answer arrives with a wake-up. */
  send(bytes: Uint8Array): void;
  /** Sends a batch and waits for its answer. */
  batch(offsets: Int32Array, data: Uint8Array): void;
  /** Sends a batch. Its answer arrives with a wake-up. */
  sendBatch(offsets: Int32Array, data: Uint8Array): void;
  /**
   * Copies the held answer, or the data of the held batch, into `target`. `isNew` says that the memory of the target was
   * probably never used: its pages are then faulted in at once.
   */
  take(target: Uint8Array, isNew: boolean): void;
  /**
   * Returns the held answer in recycled memory. Returns undefined, and leaves the answer held, if its size is
   * not suitable.
   */
  takeWarm(): Buffer | undefined;
  /** Copies the offsets and statuses of the held batch. */
  takeBatch(offsets: Int32Array, statuses: Int32Array): void;
  /** Discards the held answer. */
  skip(): void;
}
