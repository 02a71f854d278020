/** The statistics and the events of a plugin. */
import type { SupervisorEventMap, SupervisorState } from '../supervision/supervisor.js';
import type { Isolation } from '../tiers/tier.js';
import type { CallStats } from './call-stats.js';
import type { ReloadReport } from './reload-options.js';

/**
 * The state of a plugin. In the inline and thread tiers it is `running` until `close()`. In the process tier
 * it is the state of the plugin's process. `closed` is final.
 */
export type PluginState = SupervisorState | 'closed';

/** The events of a {@link Plugin}. All except `close` and `reload` concern the process tier. */
export interface PluginEventMap extends SupervisorEventMap {
  /** A reload has ended, or a version that crashed within its probation was rolled back. In all tiers. */
  reload: [report: ReloadReport];
  /** The plugin was closed. */
  close: [];
}

/** Statistics of a plugin since it was loaded. */
export interface PluginStats extends CallStats {
  /** The name of the plugin. */
  readonly name: string;
  /** The tier of the plugin. */
  readonly isolation: Isolation;
  /** The state of the plugin. */
  readonly state: PluginState;
  /** The id of the plugin's process; null in the other tiers, and while none runs. */
  readonly pid: number | null;
  /** The number of the current start of the plugin's process, from 1; null in the other tiers. */
  readonly generation: number | null;
  /** The number of open instances. */
  readonly instances: number;
  /** The number of asynchronous calls that have begun and not ended. */
  readonly inFlight: number;
  /** The number of messages that arrived. */
  readonly messages: number;
  /** The number of log entries that arrived. */
  readonly logs: number;
  /** The number of restarts of the plugin's process; 0 in the other tiers. */
  readonly restarts: number;
  /**
   * The resident memory (RSS) of the plugin's process in bytes. Null in the other tiers, and if the system
   * does not report it.
   */
  readonly rss: number | null;
}
