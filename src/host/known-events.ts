/**
 * Refuses listeners of unknown events. Event names are strings, so a listener of a misspelled name would wait
 * forever.
 */
import type { EventEmitter } from 'node:events';
import { invalidArgument } from '../base/errors.js';
import { didYouMean, shown } from '../base/options.js';

/**
 * The events of every EventEmitter. `events.once` adds a listener of `error` in addition to the awaited
 * event.
 */
const GENERAL = ['error', 'newListener', 'removeListener'];

/** Refuses listeners of events that are not in `known`. `what` names the emitter, for example `a plugin`. */
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
