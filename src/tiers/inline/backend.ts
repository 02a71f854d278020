/**
 * The interface of the inline tier to the code that calls a plugin: the native addon, or koffi without the
 * addon.
 */
import type { VTable } from '../../library/library.js';
import type { PluginContext } from '../context.js';
import type { MethodRef, TierBinding } from '../tier.js';

/** A method of calling plugins. Each thread has one. */
export interface Backend {
  /** Whether plugins can emit messages and log entries. */
  readonly events: boolean;
  /**
   * Runs `new`. {@link Dispatch} identifies the instance by `token`.
   * @throws TenonError ERR_TENON_NEW_FAILED, ERR_TENON_PANIC, ERR_TENON_CONTRACT
   */
  create(vtable: VTable, context: PluginContext, config: Uint8Array, token: number): BackendInstance;
  /** Delivers the log entries of instances that are closed or whose `new` failed. */
  flush(): void;
}

/**
 * An instance without the objects that users hold. It remains to be closed after those are garbage collected.
 */
export interface BackendInstance {
  readonly closed: boolean;
  /**
   * Binds the method at `address`. The binding keeps `owner` alive, so that an instance is not collected
   * while its methods can be called.
   */
  bind(owner: object, method: MethodRef, address: bigint): TierBinding;
  /**
   * Returns the result of the plugin's `get_extension`; 0n if it has none.
   * @throws TenonError ERR_TENON_CLOSED
   */
  extension(id: string): bigint;
  /** Sets whether the instance keeps the event loop alive. */
  reference(on: boolean): void;
  /** Runs `drop` once. Idempotent. */
  close(): void;
}
