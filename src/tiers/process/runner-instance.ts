/**
 * An instance as the runner knows it, without the objects that users hold. It remains to be dropped after
 * those are garbage collected.
 */
import type { RequestHeader } from './channel.js';
import type { Engine } from './engine.js';
import { Operation } from './protocol.js';

/** An instance of a runner. */
export interface RunnerInstance {
  readonly engine: Engine;
  readonly number: number;
  closed: boolean;
}

/** Milliseconds for `drop` if the grace period is 0. */
const SHORT = 100;

/** Makes the header of a request that concerns no bound method. */
export function requestHeader(operation: number, instance = 0, detail = 0): RequestHeader {
  return { operation, instance, method: 0, detail };
}

/**
 * Runs `drop`. Resolves when it has run, when the process that would run it has ended, or when the grace period is
 * over. Then it still runs after earlier calls; if it runs for longer than the grace period, the process is killed.
 */
export async function dropInstance(held: RunnerInstance): Promise<void> {
  const { engine, number } = held;
  if (held.closed) return;
  held.closed = true;
  engine.mute(number);
  const { grace = Number.POSITIVE_INFINITY } = engine.settings;
  try {
    await engine.submit({
      site: engine.site('drop'),
      timeout: grace === 0 ? SHORT : grace,
      counts: false,
      firm: true,
      batch: 0,
      size: 0,
      keep: () => undefined,
      send: (slot) => engine.channel.send(requestHeader(Operation.DROP, number), slot, -1),
      take: () => engine.retire(number),
      discard: () => engine.retire(number),
    });
  } catch {
    // The process has ended and the instance with it, or `drop` has taken too long.
  }
}
