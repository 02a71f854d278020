/** What tenon tells those who watch: `node:diagnostics_channel` for tools, `NODE_DEBUG=tenon` for people. */
import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { TenonError } from './errors.js';

/** Writes to stderr when NODE_DEBUG names `tenon`. */
export const debug = debuglog('tenon');

const channels = {
  /** A plugin was admitted: `{ manifest }`. */
  load: channel('tenon.load'),
  /** A file was refused: `{ error }`. */
  refuse: channel('tenon.refuse'),
  /** A call failed: `{ plugin, method, error }`. */
  callFailure: channel('tenon.call.failure'),
};

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
