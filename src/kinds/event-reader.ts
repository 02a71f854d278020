/** Typed events: messages that begin with the id of an event of a kind. */
import { invalidArgument } from '../base/errors.js';
import { didYouMean, shown } from '../base/options.js';
import { decodeWith } from './codec.js';
import { type Kind, modelOf } from './kind.js';
import { eventId } from './wire.js';

/** The size of the id. */
const ID = 8;

/**
 * Returns a function that reads the messages of an event. It returns the event's value in an object, or undefined for
 * any other message. It calls `refuse` for a message with the id of the event whose record is malformed.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function eventReader(
  kind: Kind,
  name: string,
  refuse: (problem: string) => void,
): (message: Buffer) => { readonly value: unknown } | undefined {
  const model = modelOf(kind);
  const event = model.events.find((one) => one.name === name);
  if (event === undefined) {
    const known = model.events.map((one) => one.name);
    const problem = `must be an event of the kind ${kind.name} (${known.join(', ') || 'it has none'}), not ${shown(name)}`;
    throw invalidArgument('event', problem, typeof name === 'string' ? didYouMean(name, known) : '');
  }
  const id = eventId(model, event);
  return (message) => {
    if (message.length < ID || message.readBigUInt64LE(0) !== id) return undefined;
    const problems: string[] = [];
    try {
      const value = decodeWith(event.fields, message.subarray(ID), `${kind.name}.${name}`, (problem) => {
        problems.push(problem);
        throw new Error(problem);
      });
      return { value };
    } catch (error) {
      const [problem] = problems;
      if (problem === undefined) throw error;
      refuse(problem);
      return undefined;
    }
  };
}
