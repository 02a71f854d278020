/** Routes events and log entries to instances. Native code identifies an instance by its token. */

import type { Dispatch } from '../addon/addon.js';
import { LOG_LEVELS, type LogLevel } from '../base/abi.js';
import type { InstanceEvents } from './tier.js';

/** The routes by token. They must not refer to the instance, or it would never be collected. */
const routes = new Map<number, InstanceEvents>();
let lastToken = 0;

/** Returns a new token. Its events go to `events` from now on. */
export function openRoute(events: InstanceEvents): number {
  routes.set(++lastToken, events);
  return lastToken;
}

/** Ends a route. Later events of the token are dropped. */
export function endRoute(token: number): void {
  routes.delete(token);
}

/** Receives each event and log entry from native code. */
export const dispatch: Dispatch = (token, kind, level, payload) => {
  const events = routes.get(token);
  if (events === undefined) return;
  if (typeof payload === 'string') events.log({ level: levelName(level), message: payload });
  else if (kind === 0) events.message(payload);
};

/** Returns the name of a level. A level that the ABI does not define becomes the nearest defined one. */
function levelName(level: number): LogLevel {
  return LOG_LEVELS[Math.min(Math.max(level, 0), LOG_LEVELS.length - 1)] ?? 'info';
}
