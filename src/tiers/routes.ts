/** Who gets the events and log entries of which instance. Native code knows instances by their tokens. */

import type { Dispatch } from '../addon/addon.js';
import { LOG_LEVELS, type LogLevel } from '../base/abi.js';
import type { InstanceEvents } from './tier.js';

/** These must not hold the instance, or it would never be collected. */
const routes = new Map<number, InstanceEvents>();
let lastToken = 0;

/** A new token, whose events go to `events` from now on. */
export function openRoute(events: InstanceEvents): number {
  routes.set(++lastToken, events);
  return lastToken;
}

export function endRoute(token: number): void {
  routes.delete(token);
}

/** What native code calls for each event and log entry. */
export const dispatch: Dispatch = (token, kind, level, payload) => {
  const events = routes.get(token);
  if (events === undefined) return;
  if (typeof payload === 'string') events.log({ level: levelName(level), message: payload });
  else if (kind === 0) events.message(payload);
};

/** A level that the ABI does not know counts as the nearest one that it knows. */
function levelName(level: number): LogLevel {
  return LOG_LEVELS[Math.min(Math.max(level, 0), LOG_LEVELS.length - 1)] ?? 'info';
}
