/** Events are named by strings, and a listener of a name that nobody emits waits for ever: such names are refused. */
import type { EventEmitter } from 'node:events';
import { invalidArgument } from '../base/errors.js';
import { didYouMean } from '../base/options.js';

/** The events of every EventEmitter. `error` is listened to by `events.once`, whatever it waits for. */
const GENERAL = ['error', 'newListener', 'removeListener'];

/** Refuses listeners of events that are not `known`. `what` says whose they are: `a plugin`. */
export function refuseUnknownEvents(emitter: EventEmitter, what: string, known: readonly string[]): void {
  emitter.on('newListener', (name: string | symbol) => {
    if (typeof name === 'symbol' || known.includes(name) || GENERAL.includes(name)) return;
    const list = known.map((one) => `'${one}'`).join(', ');
    throw invalidArgument(
      'event',
      `must be an event of ${what} (${list}), not '${name}'`,
      didYouMean(name, known),
    );
  });
}
