/**
 * The interface of a plugin's process for its supervisor. `RunnerProcess` of the process tier implements it.
 */
import type { RunnerExit, RunnerHandlers } from '../tiers/process/settings.js';
import type { CallOptions, InstanceEvents, TierInstance } from '../tiers/tier.js';

/** A process that has loaded the plugin. */
export interface Runner {
  readonly pid: number;
  readonly generation: number;
  /** False once the end of the process is known. */
  readonly alive: boolean;
  create(config: Uint8Array, events: InstanceEvents, options?: CallOptions): Promise<TierInstance>;
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance;
  stop(graceMs: number): Promise<RunnerExit>;
}

/** Starts a process. Rejects if the plugin does not pass its gates in the process. */
export type StartRunner = (generation: number, handlers: RunnerHandlers) => Promise<Runner>;
