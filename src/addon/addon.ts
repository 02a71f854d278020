/**
 * Finds, checks and types the native addon. Everything works without it, but more slowly and without events.
 */
import { createRequire } from 'node:module';
import { ABI_VERSION } from '../base/abi.js';
import { messageOf } from '../base/errors.js';
import { BUILD_COMMAND } from '../base/package.js';
import { isWhole, nativeFile, whyUnusable } from './native-files.js';
import type { ProcessAddon } from './process.js';
import type { ThreadAddon } from './thread.js';

/**
 * Receives each event and log entry. A `kind` of 0 is an event with a Buffer, 1 is a log entry with a string.
 */
export type Dispatch = (token: number, kind: number, level: number, payload: Buffer | string) => void;

/**
 * The exports of `native/addon.cc`. The control array selects the binding of a call and receives its outcome.
 */
export interface Addon {
  /** The ABI version that the addon was built for. */
  readonly abiVersion: string;
  /** The functions of the thread tier. */
  readonly threads: ThreadAddon;
  /**
   * The functions of the process tier over shared memory. Absent outside Linux.
   */
  readonly processes?: ProcessAddon;
  /**
   * Locks an open file until its descriptor is closed, without waiting. Returns 1 if it is locked, 0 if a lock
   * of another descriptor excludes this one, and -1 if the system cannot lock it.
   */
  lock(descriptor: number, exclusive: boolean): number;
  /** Bytes of output that fit into the scratch memory. */
  readonly scratchSize: number;
  /**
   * Allocates the memory that the addon and this thread share. Call it once per thread, before any other
   * function. After each call of `defer`, the caller must call `drain` in another turn of the event loop.
   */
  open(dispatch: Dispatch, defer: () => void): [control: ArrayBuffer, scratch: ArrayBuffer];
  /**
   * Runs `new` of a plugin and stores the binding of `something` in the control array. `token` identifies the
   * instance in later calls of `dispatch`. `messages` and `bytes` bound what may wait for delivery. `origin` is
   * the path of the plugin's original file.
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
  ): void;
  /** Makes a binding of the method at `address` for the instance in the control array. */
  bind(address: bigint): void;
  /**
   * Makes a binding whose input and output are pinned memory, sized in bytes. Returns undefined if the
   * instance is closed.
   */
  record(
    address: bigint,
    inputSize: number,
    outputSize: number,
  ): [input: ArrayBuffer, output: ArrayBuffer] | undefined;
  /** Returns the address that `get_extension` returned. Returns undefined if the instance is closed. */
  extension(id: string): bigint | undefined;
  /** Runs `drop` of the instance. */
  close(): void;
  /** Sets whether the instance keeps the event loop alive. */
  reference(on: boolean): void;
  /** Continues the delivery of events after `defer`. */
  drain(): void;
  /** Delivers the log entries of instances that are closed or whose `new` failed. */
  flush(): void;
  /** Changes the number of users that a file has in all threads of this process. Returns the new number. */
  changeFileUses(path: string, by: number): number;
  /**
   * Makes a timer with the precision of the system, which does not keep the event loop alive. The function that it
   * returns lets `callback` be called once after so many microseconds, instead of the time that was set before; 0 stops
   * it. Returns undefined outside Linux.
   */
  alarm(callback: () => void): ((microseconds: number) => void) | undefined;
  /** Saves the settings of this process that `which` names, before code of a plugin runs. */
  saveSettings(which: number): void;
  /** Restores the saved settings. Returns bits of those that had changed, and bits of signals; or undefined. */
  restoreSettings(): readonly [settings: number, signals: number] | undefined;
  /** Calls the method. The output is in the scratch memory, or GROWN is set and `take` copies it. */
  call(input: Uint8Array): void;
  /** Calls the method with the pinned memory of its binding. */
  callRecord(): void;
  /**
   * Calls the method with the first bytes of the pinned memory of its binding; LENGTH is their number. The output
   * is that of `call`.
   */
  callFrame(): void;
  /** Calls the method for each message of a batch. `take` then copies the data of all results. */
  callMany(offsets: Int32Array, data: Uint8Array, resultOffsets: Int32Array, statuses: Int32Array): void;
  /** Copies the output of the last call into `target`. */
  take(target: Uint8Array): void;
}

/** The result of the search. Exactly one member is null. */
interface Found {
  readonly addon: Addon | null;
  readonly problem: string | null;
}

let found: Found | undefined;

/**
 * Returns the addon, or null if it cannot be used; {@link addonProblem} then returns the reason.
 * `TENON_NO_ADDON=1` disables the addon. `TENON_ADDON` selects another file than the one that `npm run build`
 * makes.
 */
export function loadAddon(): Addon | null {
  found ??= find();
  return found.addon;
}

/** Returns why the addon cannot be used, as whole sentences. Returns null if it can. */
export function addonProblem(): string | null {
  found ??= find();
  return found.problem;
}

function find(): Found {
  if (process.env['TENON_NO_ADDON'] === '1')
    return { addon: null, problem: 'TENON_NO_ADDON=1 disables the addon.' };
  const named = process.env['TENON_ADDON'];
  const found = tryFile(named);
  // Most things work without the addon, so that a wrong name could remain unnoticed.
  if (named !== undefined && found.problem !== null)
    process.emitWarning(`TENON_ADDON has no effect. ${found.problem}`, {
      type: 'TenonWarning',
      code: 'TENON_UNSUPPORTED_OPTION',
    });
  return found;
}

function tryFile(named: string | undefined): Found {
  const path = named ?? nativeFile('tenon.node');
  if (named === undefined && !isWhole(path)) return { addon: null, problem: whyUnusable('tenon.node') };
  try {
    const addon: unknown = createRequire(import.meta.url)(path);
    return check(addon, path);
  } catch (error) {
    const reason = messageOf(error).split('\n', 1)[0] ?? '';
    const problem =
      named === undefined
        ? whyUnusable('tenon.node', reason)
        : `Cannot load ${path}: ${reason}. Correct TENON_ADDON, or unset it.`;
    return { addon: null, problem };
  }
}

function check(addon: unknown, path: string): Found {
  const version =
    typeof addon === 'object' && addon !== null && 'abiVersion' in addon ? addon.abiVersion : null;
  if (version === ABI_VERSION) return { addon: addon as Addon, problem: null };
  const problem = `${path} was built for tenon ABI ${String(version)}, expected ${ABI_VERSION}. Run ${BUILD_COMMAND}.`;
  return { addon: null, problem };
}
