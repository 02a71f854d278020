/** Diagnostics: `node:diagnostics_channel` for tools, `NODE_DEBUG=tenon` for people. */
import { channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { TenonError } from './errors.js';

/** Writes to stderr if NODE_DEBUG includes `tenon`. */
export const debug = debuglog('tenon');

const channels = {
  /** A plugin was admitted: `{ manifest }`. */
  load: channel('tenon.load'),
  /** A file was refused: `{ error }`. */
  refuse: channel('tenon.refuse'),
  /** A call failed: `{ plugin, method, error }`. */
  callFailure: channel('tenon.call.failure'),
  /** The process of a plugin ended without being asked to: `{ report }`, a CrashReport. */
  crash: channel('tenon.crash'),
  /**
   * The process of a plugin will be restarted: `{ plugin, generation, delay }`. `delay` is in milliseconds.
   */
  restart: channel('tenon.restart'),
};

/**
 * Traces each call while there is a subscriber: `tracing:tenon.call:start`, `:end`, `:asyncStart`,
 * `:asyncEnd` and `:error`.
 */
export const callChannels: TracingChannel<object> = tracingChannel<object>('tenon.call');

export function tellLoad(manifest: object): void {
  if (channels.load.hasSubscribers) channels.load.publish({ manifest });
}

export function tellRefuse(error: TenonError): void {
  debug('refused: %s %s', error.code, error.message);
  if (channels.refuse.hasSubscribers) channels.refuse.publish({ error });
}

export function tellCallFailure(plugin: string, method: string, error: unknown): void {
  if (channels.callFailure.hasSubscribers) channels.callFailure.publish({ plugin, method, error });
}

export function tellCrash(report: object): void {
  debug('%s', report);
  if (channels.crash.hasSubscribers) channels.crash.publish({ report });
}

export function tellRestart(plugin: string, generation: number, delay: number): void {
  debug('restart of %s as generation %d in %d ms', plugin, generation, delay);
  if (channels.restart.hasSubscribers) channels.restart.publish({ plugin, generation, delay });
}
