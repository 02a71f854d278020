import type { TenonError } from '../base/errors.js';
import type { MemoryReader } from '../library/memory.js';
import type { SettingChanges } from '../library/process-settings.js';
import type { CallTally } from './call-tally.js';
import type { QueueLimits } from './tier.js';

/** Guards the settings of the process from the `new` of a plugin. */
export interface SettingsGuard {
  /** Returns the settings to guard when `new` runs the next time, as bits. */
  next(): number;
  /**
   * Reports settings that `new` has changed, and whether all of them were restored. Returns an error if the
   * instance is refused for it.
   */
  judge(changes: SettingChanges, restored: boolean): TenonError | null;
}

/** The facts about a plugin, besides its vtable, that a tier in the host's own process needs. */
export interface PluginContext {
  /** The name of the plugin. */
  readonly plugin: string;
  /** The path in error messages. */
  readonly path: string;
  /** The limits on messages and log entries that wait for delivery. */
  readonly queue: QueueLimits;
  /** The counters of the calls. */
  readonly tally: CallTally;
  /** Reads the plugin's memory safely. */
  readonly memory: MemoryReader;
  /** Returns whether the address is executable code of the plugin's own library. */
  readonly isPluginCode: (address: bigint) => boolean;
  /** Guards the settings of the process. Default: they are not guarded. */
  readonly guard?: SettingsGuard | undefined;
}
