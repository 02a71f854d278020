/** The events of a host: what its plugins report, each with the plugin's name and the instance. */
import type { EventEmitter } from 'node:events';
import type { LogLevel } from '../base/abi.js';
import type { CrashReport } from '../supervision/crash-report.js';
import type { SupervisorState } from '../supervision/supervisor.js';

/** Which plugin, and which of its instances: `instance.id`, or null for what concerns its process as a whole. */
export interface EventSource {
  readonly plugin: string;
  readonly instance: number | null;
}

/** The events of a host. Its listeners keep neither instances nor the event loop alive. */
export interface HostEventMap {
  /** A plugin logged something, also in a `new` that fails. */
  log: [entry: EventSource & { readonly level: LogLevel; readonly message: string }];
  /** A plugin emitted bytes. Listeners of the instance get the same ones. */
  message: [message: EventSource & { readonly data: Buffer }];
  /** The process of a plugin ended in another way than it was asked to. */
  crash: [crash: EventSource & { readonly report: CrashReport }];
  /** The process of a plugin will be started again, after `delay` milliseconds. */
  restart: [restart: EventSource & { readonly generation: number; readonly delay: number }];
  /** The process of a plugin went from one state to another. */
  state: [
    change: EventSource & {
      readonly from: SupervisorState;
      readonly to: SupervisorState;
      readonly generation: number;
    },
  ];
}

export const HOST_EVENTS: readonly (keyof HostEventMap)[] = ['log', 'message', 'crash', 'restart', 'state'];

/** Emits events of a host, which are only made where somebody listens. */
export interface HostEvents {
  emit<Name extends keyof HostEventMap>(name: Name, make: () => HostEventMap[Name][0]): void;
}

/** The events that are emitted by `emitter`. */
export function eventsOf(emitter: EventEmitter<HostEventMap>): HostEvents {
  const listeners = emitter as unknown as EventEmitter;
  return {
    emit(name, make) {
      if (listeners.listenerCount(name) > 0) listeners.emit(name, make());
    },
  };
}
