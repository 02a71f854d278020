/** Calls a typed method with JSON, by the document in the plugin's file. */

import { didYouMean } from '../../base/options.js';
import { type Instance, type Manifest, TenonError } from '../../index.js';
import { decode, encode } from '../../kinds/codec.js';
import { documentedModel } from '../../kinds/documented.js';
import type { KindModel } from '../../kinds/model.js';
import { type KindSlot, slotsOf } from '../../kinds/wire.js';
import { fromJson, toJson } from './typed-json.js';

/** A method that was found in the document of a kind. */
export interface TypedMethod {
  /** Its kind and name: `text.find`. */
  readonly shown: string;
  /** The id of the kind: `text/1`. */
  readonly id: string;
  /** The first slot of the method, and the slots that it has: three for a cursor. */
  readonly first: number;
  readonly slots: readonly KindSlot[];
}

/**
 * Returns a method of a plugin's kind by its name.
 * @throws TenonError ERR_TENON_MISSING_KIND if the plugin's file does not describe it
 */
export function typedMethod({ name: plugin, kindFacts }: Manifest, id: string, name: string): TypedMethod {
  const facts = kindFacts.find((one) => one.id === id);
  const found = facts === undefined ? { problem: 'it has no facts about the kind' } : documentedModel(facts);
  if ('problem' in found) {
    const cure = `Give the slot of the method, such as ${id}#0, and bytes with --input`;
    const problem = `the file of ${plugin} does not describe ${id}: ${found.problem}`;
    throw new TenonError('ERR_TENON_MISSING_KIND', `Cannot call ${id} by names: ${problem}. ${cure}.`, {
      plugin,
    });
  }
  return methodIn(found.model, id, name, plugin);
}

function methodIn(kind: KindModel, id: string, name: string, plugin: string): TypedMethod {
  const all = slotsOf(kind);
  const first = all.findIndex(({ method }) => method.name === name);
  const slots = all.filter(({ method }) => method.name === name);
  if (slots.length > 0) return { shown: `${kind.name}.${name}`, id, first, slots };
  const names = kind.methods.map((method) => method.name);
  const message = `Plugin ${plugin} has no method '${name}' in ${id}: it has ${names.join(', ')}.${didYouMean(name, names)}`;
  throw new TenonError('ERR_TENON_MISSING_KIND', message, { plugin });
}

/** The number of items that one call of a cursor reads. */
const ITEMS = 256;

/** Calls a method and passes each line of its output to `print`. */
export async function callTyped(
  instance: Instance,
  method: TypedMethod,
  json: unknown,
  print: (line: string) => void,
): Promise<void> {
  const [slot, next, close] = method.slots;
  if (slot === undefined) return;
  const input = fromJson(slot.input ?? [], json, method.shown);
  const answer = await callSlot(instance, method, 0, input);
  if (next === undefined || close === undefined) return print(JSON.stringify(toJson(answer), null, 2));
  const { cursor } = answer;
  try {
    for (let done = false; !done; ) {
      const { items, done: last } = await callSlot(instance, method, 1, { cursor, max: ITEMS });
      for (const item of items as readonly unknown[]) print(JSON.stringify(toJson(item)));
      done = last === true;
    }
  } finally {
    await callSlot(instance, method, 2, { cursor });
  }
}

async function callSlot(
  instance: Instance,
  { id, first, slots, shown }: TypedMethod,
  index: number,
  input: unknown,
): Promise<Record<string, unknown>> {
  const slot = slots[index];
  const bytes = encode(slot?.input ?? [], input, shown);
  const answer = await instance.method(id, first + index).call(bytes);
  return decode(slot?.output ?? [], answer, shown);
}
