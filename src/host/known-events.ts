/** Which listeners an EventEmitter has: only of events that it knows, and whether there are any. */
import type { EventEmitter } from 'node:events';
import { invalidArgument } from '../base/errors.js';
import { didYouMean, shown } from '../base/options.js';

/**
 * The events of every EventEmitter. `events.once` adds a listener of `error` in addition to the awaited
 * event.
 */
const GENERAL = ['error', 'newListener', 'removeListener'];

/**
 * Refuses listeners of events that are not in `known`: a listener of a misspelled name would wait forever.
 * `what` names the emitter, for example `a plugin`.
 */
export function refuseUnknownEvents(emitter: EventEmitter, what: string, known: readonly string[]): void {
  emitter.on('newListener', (name: string | symbol) => {
    if (typeof name === 'symbol' || known.includes(name) || GENERAL.includes(name)) return;
    const isText = typeof name === 'string';
    const list = known.map((one) => `'${one}'`).join(', ');
    throw invalidArgument(
      'event',
      `must be an event of ${what} (${list}), not ${isText ? `'${name}'` : shown(name)}`,
      isText ? didYouMean(name, known) : '',
    );
  });
}

/**
 * Forwards an event while the receiver has listeners of it, so that the sender notices when it has none. Returns a
 * function that stops.
 */
export function forwardWhileListened(from: EventEmitter, to: EventEmitter, event: string): () => void {
  const forward = (...values: unknown[]) => void to.emit(event, ...values);
  const added = (name: string | symbol) => {
    if (name === event && to.listenerCount(event) === 0) from.on(event, forward);
  };
  const removed = (name: string | symbol) => {
    if (name === event && to.listenerCount(event) === 0) from.off(event, forward);
  };
  if (to.listenerCount(event) > 0) from.on(event, forward);
  to.on('newListener', added);
  to.on('removeListener', removed);
  return () => {
    from.off(event, forward);
    to.off('newListener', added);
    to.off('removeListener', removed);
  };
}
