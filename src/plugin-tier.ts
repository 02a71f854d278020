/** Where a plugin's instances are made: one choice per loaded plugin, above the tiers and below what a user holds. */
import type { Admitted } from './admission.js';
import { TenonError } from './errors.js';
import type { LoadSettings } from './load-options.js';
import { memory } from './memory.js';
import { createInlineInstance, type InlineContext } from './tiers/inline.js';
import type { InstanceEvents, TierInstance } from './tiers/tier.js';

/** A tier with one plugin in it. */
export interface PluginTier {
  /** `running`, unless a process is between a crash and its end. */
  readonly state: string;
  create(config: Uint8Array, events: InstanceEvents): Promise<TierInstance>;
  /** The same at once. @throws TenonError ERR_TENON_UNSUPPORTED where `new` of the plugin runs elsewhere */
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance;
  /** Ends what the tier holds beside the instances. */
  close(): Promise<void>;
}

type Opened = NonNullable<Admitted['opened']>;

/** Brings the plugin to where it is to run. */
export async function openTier(admitted: Admitted, settings: LoadSettings): Promise<PluginTier> {
  if (settings.isolation === 'inline') return inlineTier(admitted, settings);
  throw new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot run a plugin with isolation '${settings.isolation}' yet.`,
  );
}

/** The plugin on the thread of its caller. */
function inlineTier(admitted: Admitted, settings: LoadSettings): PluginTier {
  const { vtable } = requireOpened(admitted);
  const context = contextOf(admitted, settings);
  const createSync = (config: Uint8Array, events: InstanceEvents) =>
    createInlineInstance(vtable, context, config, events);
  return {
    state: 'running',
    create: async (config, events) => createSync(config, events),
    createSync,
    close: async () => undefined,
  };
}

function contextOf(admitted: Admitted, settings: LoadSettings): InlineContext {
  const { library } = requireOpened(admitted);
  return {
    plugin: admitted.name,
    path: admitted.path,
    queue: settings.queue,
    memory,
    isPluginCode: (address: bigint) => library.isCode(address),
  };
}

function requireOpened({ opened, path }: Admitted): Opened {
  if (opened !== null) return opened;
  throw new TenonError('ERR_TENON_UNSUPPORTED', `${path} was admitted for a process of its own only.`, {
    path,
  });
}
