/** The document in the facts about a kind. It comes from a plugin, so it is checked before it is used. */
import { hexOf } from '../base/bytes.js';
import { messageOf } from '../base/errors.js';
import type { KindFacts } from '../inspect/facts.js';
import { readDocument } from './document.js';
import type { KindModel } from './model.js';
import { type KindSlot, slotsOf } from './wire.js';

/** The model of a kind according to its document, or the reason why there is none. */
export type FoundDocument = { readonly model: KindModel } | { readonly problem: string };

/** Reads the document in the facts about a kind. It must have the same name, version and hashes. */
export function documentedModel(facts: KindFacts): FoundDocument {
  if (facts.document === null) return { problem: 'the file has no document of the kind' };
  try {
    const model = readDocument(JSON.parse(facts.document));
    const name = `${model.name}/${model.version}`;
    const expected = `${facts.id.split('/', 1)[0]}/${facts.version}`;
    if (name !== expected) return { problem: `its document is that of ${name}, expected ${expected}` };
    const hashes = slotsOf(model).map((slot) => hexOf(slot.hash));
    if (hashes.join() !== facts.hashes.join())
      return { problem: 'the methods in its document are not those of its method table' };
    return { model };
  } catch (error) {
    return { problem: `its document cannot be read: ${messageOf(error)}` };
  }
}

/** Returns the slots of a kind according to its document; undefined without a valid one. */
export function documentedSlots(facts: KindFacts): readonly KindSlot[] | undefined {
  const found = documentedModel(facts);
  return 'model' in found ? slotsOf(found.model) : undefined;
}
