import type { MemoryReader } from '../library/memory.js';
import type { CallTally } from './call-tally.js';
import type { QueueLimits } from './tier.js';

/** What a tier in the host's own process has to know about a plugin besides its vtable. */
export interface PluginContext {
  /** The name of the plugin. */
  readonly plugin: string;
  /** The file that errors name. */
  readonly path: string;
  readonly queue: QueueLimits;
  readonly tally: CallTally;
  readonly memory: MemoryReader;
  /** Whether the address is executable code of the plugin's own library. */
  readonly isPluginCode: (address: bigint) => boolean;
}
