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
let waiting: Waiting[] = [];

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
  const entry = { due: performance.now() + ms, fire };
  waiting.push(entry);
  set();
  return () => {
    waiting = waiting.filter((one) => one !== entry);
  };
}

function ring(): void {
  const now = performance.now();
  const due = waiting.filter((one) => one.due <= now);
  waiting = waiting.filter((one) => one.due > now);
  for (const { fire } of due) fire();
  set();
}

/** Sets the alarm for the timer that is due next. */
function set(): void {
  if (waiting.length === 0) return;
  const next = Math.min(...waiting.map(({ due }) => due));
  alarm?.(Math.max(1, (next - performance.now()) * 1000));
}
