/**
 * Timers for waits of less than some milliseconds. The timers of Node.js have whole milliseconds, and fire up to two
 * milliseconds late.
 */
import { Timer } from '../base/timer.js';
import { loadAddon } from './addon.js';

/** The wait in milliseconds from which a timer of Node.js is precise enough. */
const LONG = 20;

interface Waiting {
  readonly due: number;
  readonly fire: () => void;
}

/** The alarm of this thread; null if this system has none. */
let alarm: ((microseconds: number) => void) | null | undefined;
const waiting: Waiting[] = [];

/**
 * Calls `fire` once, after `ms` milliseconds, which need not be whole. Without the addon, and outside Linux, it may be
 * two milliseconds late. Returns a function that cancels the timer.
 */
export function fineTimer(ms: number, fire: () => void): () => void {
  if (ms < LONG && alarm === undefined) alarm = loadAddon()?.alarm(ring) ?? null;
  if (ms >= LONG || alarm === null) {
    const timer = new Timer(ms, fire);
    return () => timer.cancel();
  }
  const timer = { due: performance.now() + ms, fire };
  waiting.push(timer);
  set();
  return () => remove(timer);
}

/** Fires the timers that are due, in the order of their times. */
function ring(): void {
  const now = performance.now();
  try {
    for (let next = earliest(); next !== undefined && next.due <= now; next = earliest()) {
      remove(next);
      next.fire();
    }
  } finally {
    set();
  }
}

/** Sets the alarm for the timer that is due next. */
function set(): void {
  const next = earliest();
  if (next !== undefined) alarm?.(Math.max(1, (next.due - performance.now()) * 1000));
}

function earliest(): Waiting | undefined {
  let found = waiting[0];
  for (const one of waiting) if (found === undefined || one.due < found.due) found = one;
  return found;
}

function remove(timer: Waiting): void {
  const at = waiting.indexOf(timer);
  if (at >= 0) waiting.splice(at, 1);
}
