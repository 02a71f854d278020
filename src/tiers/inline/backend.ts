/** What the inline tier needs from the way in which it calls a plugin: the native addon, or koffi where that is absent. */
import type { VTable } from '../../library/library.js';
import type { PluginContext } from '../context.js';
import type { MethodRef, TierBinding } from '../tier.js';

/** A way to call plugins. One per thread. */
export interface Backend {
  /** Whether plugins can emit events and log. */
  readonly events: boolean;
  /**
   * Runs `new`. `token` is what {@link Dispatch} will name the instance by.
   * @throws TenonError ERR_TENON_NEW_FAILED, ERR_TENON_PANIC, ERR_TENON_CONTRACT
   */
  create(vtable: VTable, context: PluginContext, config: Uint8Array, token: number): BackendInstance;
  /** Delivers the log entries that instances left behind which are closed, or were never made. */
  flush(): void;
}

/** An instance, without those who hold it: it is what is left to be closed when they are gone. */
export interface BackendInstance {
  readonly closed: boolean;
  /** The method at `address`. The binding keeps `owner` alive, so that no instance is collected under its methods. */
  bind(owner: object, method: MethodRef, address: bigint): TierBinding;
  /** What the plugin's `get_extension` returns, 0n if it has none. @throws TenonError ERR_TENON_CLOSED */
  extension(id: string): bigint;
  /** Whether the instance keeps the event loop alive. */
  reference(on: boolean): void;
  /** Runs `drop`, once. Idempotent. */
  close(): void;
}
