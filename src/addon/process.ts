/** What the addon exports for the process tier, on Linux. `native/process/exports.cc` has the other side. */

/** Called for each wake-up: the control array has the entries. */
export type Wake = (runner: number, serial: number) => void;

/** What is known of a runner. Everything but `end` was written by the runner, so it may be anything. */
export interface ProcessFacts {
  /** A `RunnerState`. */
  readonly state: number;
  /** Of the process that has the plugin, a child of the one that was started. */
  readonly pid: number;
  /** Bits: which limits are in force. */
  readonly active: number;
  /** The version of Landlock that the kernel has; 0 for none. */
  readonly landlock: number;
  /** How the runner broke the protocol; null if it did not. */
  readonly broken: string | null;
  /** How the process ended: an exit code, or -1 and a signal. Null while it runs, and when the end was collected already. */
  readonly end: { readonly code: number; readonly signal: number; readonly peak: number } | null;
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
  readonly crash: {
    readonly signal: number;
    readonly mainThread: boolean;
    readonly address: bigint;
    readonly pc: bigint;
    readonly base: bigint;
    readonly frames: readonly bigint[];
  } | null;
}

/** Which runner a function is for, what it is to do, and how it went stands in the control array. */
export interface ProcessAddon {
  /** Bytes that an answer in the scratch memory has at most. */
  readonly scratchSize: number;
  /** Once per thread, before all others. @throws if there is no event loop of libuv */
  open(wake: Wake): [control: ArrayBuffer, scratch: ArrayBuffer];
  /** The memory that small answers of requests get a piece of. */
  slab(memory: ArrayBuffer): void;
  /** Makes a channel; the files are for the runner. @throws with `errno` */
  create(profile: number): [shm: number, wake: number, life: number];
  /** The runner was spawned, and prints to these files; its first message comes as an answer to the slot. @throws with `errno` */
  started(pid: number, slot: number, stdout: number, stderr: number): void;
  /** What it printed to stdout (0) or stderr (1) while it was waited for; `lost`: bytes before that. Null for nothing. */
  capturedOutput(stream: number): { readonly bytes: Buffer; readonly lost: number } | null;
  /** Whether the event loop is kept alive although nothing is under way. */
  reference(on: boolean): void;
  /** Whether events stay in the ring. */
  pause(on: boolean): void;
  /** Another wake-up, soon. */
  poke(): void;
  /** Delivers what the runner wrote before its end, then its end. */
  finish(): void;
  /** Ends the runner by closing its lifetime pipe; nothing of it is delivered any more. */
  close(): void;
  break(): void;
  /** Gives memory of large messages back; false if there is more that is in use now. */
  trim(): boolean;
  /** Gives memory of `takeWarm` back that was not used since the last time. False if all is given back. */
  cool(): boolean;
  facts(): ProcessFacts | undefined;
  /** Copies the input of the call in flight. Its length; -1 if it is not at hand, or longer than the target. */
  callInput(target: Uint8Array): number;
  /** Waits, blocking, for the end of the process. Whether it has ended. */
  awaitEnd(milliseconds: number): boolean;
  /** Refuses, by the outcome, what it cannot look at without care; see CHECKED. */
  request(bytes: Uint8Array): void;
  requestInto(bytes: Uint8Array, output: Uint8Array): void;
  send(bytes: Uint8Array): void;
  batch(offsets: Int32Array, data: Uint8Array): void;
  sendBatch(offsets: Int32Array, data: Uint8Array): void;
  /** The held answer, or the data of the held batch. */
  take(target: Uint8Array): void;
  /** The held answer in memory that is used again and again, if it is of a size for that; undefined leaves it held. */
  takeWarm(): Buffer | undefined;
  takeBatch(offsets: Int32Array, statuses: Int32Array): void;
  skip(): void;
}
