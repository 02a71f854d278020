import type { MemoryReader } from '../library/memory.js';
import type { CallTally } from './call-tally.js';
import type { QueueLimits } from './tier.js';

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
}
