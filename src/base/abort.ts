/** Listening to AbortSignals: any number of calls share one listener per signal. */

/** Receives the abort of a signal. */
export interface AbortListener {
  aborted(): void;
}

/** The calls that wait for each signal. Signals without calls have no entry and no listener. */
const waiting = new WeakMap<AbortSignal, Set<AbortListener>>();

/**
 * Adds a listener. With a listener of its own for each of many calls, Node.js would warn of a leak. Does
 * nothing without a signal.
 */
export function listenForAbort(signal: AbortSignal | undefined, listener: AbortListener): void {
  if (signal === undefined) return;
  const listeners = waiting.get(signal);
  if (listeners !== undefined) {
    listeners.add(listener);
    return;
  }
  waiting.set(signal, new Set([listener]));
  signal.addEventListener('abort', tellAll, { once: true });
}

/** Removes a listener. */
export function ignoreAbort(signal: AbortSignal | undefined, listener: AbortListener): void {
  if (signal === undefined) return;
  const listeners = waiting.get(signal);
  if (!listeners?.delete(listener) || listeners.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener('abort', tellAll);
}

function tellAll(this: AbortSignal): void {
  const listeners = waiting.get(this) ?? [];
  waiting.delete(this);
  for (const listener of listeners) listener.aborted();
}
