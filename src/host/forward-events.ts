/** Forwards the events of a plugin's process to those who listen to the plugin, its instances and its host. */
import type { EventEmitter } from 'node:events';
import type { SupervisorEventMap } from '../supervision/supervisor.js';
import type { HostEvents } from './host-events.js';
import type { InstanceEventMap } from './instance.js';
import { forwardWhileListened } from './known-events.js';
import type { PluginEventMap } from './plugin-stats.js';
import type { PluginTier } from './plugin-tier.js';

/** The emitters that receive the events. */
interface Receivers {
  readonly plugin: EventEmitter<PluginEventMap> & { readonly name: string };
  readonly host: HostEvents;
  /** Returns the instances, which receive the end of their process. */
  instances(): readonly EventEmitter<InstanceEventMap>[];
}

type TierListeners = {
  readonly [Event in 'state' | 'restart' | 'renewal' | 'exit']: (
    ...values: SupervisorEventMap[Event]
  ) => void;
};

/** Forwards the events of a tier, without what its process prints. Returns a function that stops. */
export function forwardEvents(
  tier: PluginTier['events'],
  { plugin, host, instances }: Receivers,
): () => void {
  const { name } = plugin;
  const own: TierListeners = {
    state(change) {
      host.emit('state', () => ({ plugin: name, instance: null, ...change }));
      plugin.emit('state', change);
    },
    restart(restart) {
      host.emit('restart', () => ({ plugin: name, instance: null, ...restart }));
      plugin.emit('restart', restart);
    },
    renewal: (renewal) => void plugin.emit('renewal', renewal),
    exit(report) {
      if (report.crashed) host.emit('crash', () => ({ plugin: name, instance: null, report }));
      plugin.emit('exit', report);
      for (const instance of instances()) instance.emit('exit', report);
    },
  };
  const from = tier as EventEmitter; // its general events are not in the map
  for (const [event, listener] of Object.entries(own)) from.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(own)) from.off(event, listener);
  };
}

/** Forwards what the plugin's process prints. Returns a function that stops. */
export function forwardOutput(
  { events, process }: PluginTier,
  plugin: EventEmitter<PluginEventMap>,
): () => void {
  if (process === null) return () => undefined;
  const [from, to] = [events as EventEmitter, plugin as unknown as EventEmitter];
  const stops = ['stdout', 'stderr'].map((stream) => forwardWhileListened(from, to, stream));
  return () => {
    for (const stop of stops) stop();
  };
}
