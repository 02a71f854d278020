/** Calls a typed method with JSON, by the document in the plugin's file. */
import { didYouMean } from '../../base/options.js';
import { type Instance, type Manifest, TenonError } from '../../index.js';
import { decode, encode } from '../../kinds/codec.js';
import { documentedModel } from '../../kinds/documented.js';
import type { KindModel } from '../../kinds/model.js';
import { type KindSlot, slotsOf } from '../../kinds/wire.js';
import { UsageError } from '../usage.js';
import { bytesFrom, fromJson, toJson } from './typed-json.js';

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
  if (slot.input === null) {
    const answer = await instance
      .method(method.id, method.first)
      .call(given(method, () => bytesFrom(json, '$')));
    return print(JSON.stringify(toJson(answer)));
  }
  const fields = slot.input;
  const answer = await callSlot(
    instance,
    method,
    0,
    given(method, () => fromJson(fields, json, '$')),
  );
  if (next === undefined || close === undefined) return print(JSON.stringify(toJson(answer), null, 2));
  await printItems(instance, method, answer['cursor'], print);
}

/** Returns the input that the JSON stands for. @throws UsageError that names the method and the place in the JSON */
function given<T>({ shown }: TypedMethod, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${shown}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Prints the items of a cursor and closes it. */
async function printItems(
  instance: Instance,
  method: TypedMethod,
  cursor: unknown,
  print: (line: string) => void,
): Promise<void> {
  let failed = true;
  try {
    for (let done = false; !done; ) {
      const { items, done: last } = await callSlot(instance, method, 1, { cursor, max: ITEMS });
      for (const item of items as readonly unknown[]) print(JSON.stringify(toJson(item)));
      done = last === true;
      if (!done && (items as readonly unknown[]).length === 0) throw endless(method, instance);
    }
    failed = false;
  } finally {
    // The first error is the one that matters.
    await callSlot(instance, method, 2, { cursor }).catch((error: unknown) => {
      if (!failed) throw error;
    });
  }
}

function endless({ shown }: TypedMethod, { pluginName: plugin }: Instance): TenonError {
  const problem = 'it returned no items, but says that more follow';
  return new TenonError('ERR_TENON_CONTRACT', `Cannot read the cursor ${shown} of ${plugin}: ${problem}.`, {
    plugin,
  });
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
