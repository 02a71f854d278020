/** An opened library: its entry points, read with care. (Placeholder of the interface; the implementation follows.) */
import type { LibraryFacts } from './inspect/facts.js';
import type { Slot } from './abi.js';

/** A vtable that was checked and copied: nothing reads the plugin's memory again. */
export interface VTable {
  readonly address: bigint;
  readonly size: number;
  readonly flags: number;
  /** Addresses of the slots; `get_extension` is 0n if the plugin has none. */
  readonly slots: Readonly<Record<Slot, bigint>>;
}

/** Gates `open` to `vtable` on one library file. */
export interface Library {
  readonly path: string;
  readonly facts: LibraryFacts;
  version(): string;
  pluginName(): string;
  vtable(): VTable;
}
