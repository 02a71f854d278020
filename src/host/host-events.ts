/**
 * The events of a host: the reports of its plugins, each with the name of the plugin and the id of the
 * instance.
 */
import type { EventEmitter } from 'node:events';
import type { LogLevel } from '../base/abi.js';
import type { CrashReport } from '../supervision/crash-report.js';
import type { SupervisorState } from '../supervision/supervisor.js';

/** The source of an event of a host. */
export interface EventSource {
  /** The name of the plugin. */
  readonly plugin: string;
  /** The instance, as {@link Instance.id}. Null if the event concerns the plugin's process as a whole. */
  readonly instance: number | null;
}

/** The events of a {@link PluginHost}. Its listeners keep neither instances nor the event loop alive. */
export interface HostEventMap {
  /** A plugin wrote a log entry, possibly in a `new` that failed. */
  log: [
    entry: EventSource & {
      /** The severity. */
      readonly level: LogLevel;
      /** The text of the entry. */
      readonly message: string;
    },
  ];
  /** A plugin emitted a message. Listeners of the instance receive the same Buffer. */
  message: [
    message: EventSource & {
      /** The bytes, which belong to the listeners. */
      readonly data: Buffer;
    },
  ];
  /** The process of a plugin ended without being asked to. */
  crash: [
    crash: EventSource & {
      /** The report on the end of the process. */
      readonly report: CrashReport;
    },
  ];
  /** The process of a plugin will be restarted. */
  restart: [
    restart: EventSource & {
      /** The number of the next start of the process. */
      readonly generation: number;
      /** Milliseconds until the restart. */
      readonly delay: number;
    },
  ];
  /** The process of a plugin changed its state. */
  state: [
    change: EventSource & {
      /** The previous state. */
      readonly from: SupervisorState;
      /** The new state. */
      readonly to: SupervisorState;
      /** The number of the latest start of the process; 0 before the first. */
      readonly generation: number;
    },
  ];
}

/** The names of a host's events. */
export const HOST_EVENTS: readonly (keyof HostEventMap)[] = ['log', 'message', 'crash', 'restart', 'state'];

/** Emits events of a host. An event is created only if it has a listener. */
export interface HostEvents {
  emit<Name extends keyof HostEventMap>(name: Name, make: () => HostEventMap[Name][0]): void;
}

/** Returns the events that `emitter` emits. */
export function eventsOf(emitter: EventEmitter<HostEventMap>): HostEvents {
  const listeners = emitter as unknown as EventEmitter;
  return {
    emit(name, make) {
      if (listeners.listenerCount(name) > 0) listeners.emit(name, make());
    },
  };
}
