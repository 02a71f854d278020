/** What a supervisor needs of a plugin's process. `RunnerProcess` of the process tier is one. */
import type { RunnerExit, RunnerHandlers } from '../tiers/process/settings.js';
import type { CallOptions, InstanceEvents, TierInstance } from '../tiers/tier.js';

/** A process with the plugin in it. */
export interface Runner {
  readonly pid: number;
  readonly generation: number;
  /** Whether it still runs, as far as anybody knows. */
  readonly alive: boolean;
  create(config: Uint8Array, events: InstanceEvents, options?: CallOptions): Promise<TierInstance>;
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance;
  stop(graceMs: number): Promise<RunnerExit>;
}

/** Starts a process. Rejects if the plugin does not pass its gates in there. */
export type StartRunner = (generation: number, handlers: RunnerHandlers) => Promise<Runner>;
