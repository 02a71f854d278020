/**
 * Turns of the event loop. Connectors that answer at once keep a flow in one turn for ever: without these, timers,
 * signals and the other flows of the process would never get theirs.
 */

import { Timer } from '../base/timer.js';

/** The longest time in one turn, in milliseconds. */
const LONGEST = 10;

/** Continues in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The turns of one loop. */
export class Turns {
  #began = performance.now();

  /** Ends the turn if it has lasted long enough, or at once if nothing was done in it. */
  async share(idle = false): Promise<void> {
    if (!idle && performance.now() - this.#began < LONGEST) return;
    await nextTurn();
    this.#began = performance.now();
  }
}

/** Waits for a promise, but at most `ms` milliseconds. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = new Timer(ms, resolve);
  });
  await Promise.race([promise, late]);
  timer?.cancel();
}
