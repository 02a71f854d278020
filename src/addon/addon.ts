/** The native addon: found, checked and typed. Everything works without it, slower and without events. */
import { createRequire } from 'node:module';
import { ABI_VERSION } from '../base/abi.js';
import { BUILD_COMMAND } from '../base/package.js';
import { builtFile } from './native-files.js';
import type { ProcessAddon } from './process.js';
import type { ThreadAddon } from './thread.js';

/** Called for each event and log entry: `kind` 0 is an event with a Buffer, 1 a log entry with a string. */
export type Dispatch = (token: number, kind: number, level: number, payload: Buffer | string) => void;

/** What `native/addon.cc` exports. How a call went, and which binding it is for, stands in the control array. */
export interface Addon {
  readonly abiVersion: string;
  readonly threads: ThreadAddon;
  /** Where the process tier has shared memory: on Linux. */
  readonly processes?: ProcessAddon;
  /** Bytes of output that fit into the scratch memory. */
  readonly scratchSize: number;
  /** Once per thread, before all others. After each call of `defer`, `drain` has to be called in another turn of the event loop. */
  open(dispatch: Dispatch, defer: () => void): [control: ArrayBuffer, scratch: ArrayBuffer];
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
  record(
    address: bigint,
    inputSize: number,
    outputSize: number,
  ): [input: ArrayBuffer, output: ArrayBuffer] | undefined;
  extension(id: string): bigint | undefined;
  close(): void;
  reference(on: boolean): void;
  drain(): void;
  flush(): void;
  call(input: Uint8Array): void;
  callRecord(): void;
  callMany(offsets: Int32Array, data: Uint8Array, resultOffsets: Int32Array, statuses: Int32Array): void;
  take(target: Uint8Array): void;
}

interface Found {
  readonly addon: Addon | null;
  readonly problem: string | null;
}

let found: Found | undefined;

/**
 * The addon, or null if it cannot be used; {@link addonProblem} says why. `TENON_NO_ADDON=1` does without it, `TENON_ADDON`
 * names another file than the one that `npm run build` makes.
 */
export function loadAddon(): Addon | null {
  found ??= find();
  return found.addon;
}

/** Why there is no addon; null if there is one. */
export function addonProblem(): string | null {
  found ??= find();
  return found.problem;
}

function find(): Found {
  if (process.env['TENON_NO_ADDON'] === '1')
    return { addon: null, problem: 'TENON_NO_ADDON=1 forbids the addon' };
  const path = process.env['TENON_ADDON'] ?? builtFile('tenon.node');
  try {
    const addon: unknown = createRequire(import.meta.url)(path);
    return check(addon, path);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    return { addon: null, problem: `Cannot load ${path}: ${reason}. Run ${BUILD_COMMAND}.` };
  }
}

function check(addon: unknown, path: string): Found {
  const version =
    typeof addon === 'object' && addon !== null && 'abiVersion' in addon ? addon.abiVersion : null;
  if (version === ABI_VERSION) return { addon: addon as Addon, problem: null };
  const problem = `${path} was built for tenon ABI ${String(version)}, expected ${ABI_VERSION}. Run ${BUILD_COMMAND}.`;
  return { addon: null, problem };
}
