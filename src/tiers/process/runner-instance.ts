/** An instance as the runner knows it, without the objects by which users hold it: what is left to drop when they are gone. */
import type { RequestHeader } from './channel.js';
import type { Engine } from './engine.js';
import { Operation } from './protocol.js';

export interface RunnerInstance {
  readonly engine: Engine;
  readonly number: number;
  closed: boolean;
}

export function requestHeader(operation: number, instance = 0, detail = 0): RequestHeader {
  return { operation, instance, method: 0, detail };
}

/** Has `drop` run. Resolves when it has, or when there is nothing left that could run it. */
export async function dropInstance(held: RunnerInstance): Promise<void> {
  const { engine, number } = held;
  if (held.closed) return;
  held.closed = true;
  engine.mute(number);
  try {
    await engine.submit({
      site: engine.site('drop'),
      timeout: Number.POSITIVE_INFINITY,
      counts: false,
      batch: 0,
      keep: () => undefined,
      send: (slot) => engine.channel.send(requestHeader(Operation.DROP, number), slot, -1),
      take: () => engine.retire(number),
    });
  } catch {
    // The process has ended, and the instance with it.
  }
}
