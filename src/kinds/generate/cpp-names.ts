/** The names of a kind in C++. */
import type { KindModel } from '../model.js';
import type { CKind } from './c.js';
import { namespaceName } from './c-library.js';
import type { CSlot } from './c-methods.js';
import type { CType } from './c-types.js';
import { Names, pascal, safe, safeAll } from './names.js';

export interface CppNames {
  readonly namespace: string;
  /** The class to derive from. */
  readonly base: string;
  /** The types that are the same as in C. */
  readonly types: ReadonlyMap<CType, string>;
  /** The classes that write records field by field, and those that write lists. */
  readonly writers: ReadonlyMap<CType, string>;
  readonly lists: ReadonlyMap<CType, string>;
  readonly cursors: ReadonlyMap<CSlot, string>;
  /** The virtual functions, by the first slot of the method. */
  readonly methods: ReadonlyMap<CSlot, string>;
  /** The functions that emit events, in the order of the events. */
  readonly emits: readonly string[];
}

/** Gives everything in a kind its name in C++. */
export function cppNames(kind: KindModel, c: CKind): CppNames {
  const names = new Names();
  const called = c.slots.filter(({ slot }) => slot.part === 'call' || slot.part === 'open');
  const methodNames = safeAll(called.map(({ slot }) => slot.method.name));
  for (const name of methodNames) names.claim(name);
  const inner = (type: CType) => pascal(type.c.slice(c.prefix.length + 1));
  const base = names.claim(pascal(kind.name));
  const internal = new Set(
    c.slots.flatMap(({ slot, input, output }) => {
      if (slot.part === 'call') return [];
      return slot.part === 'open' ? [output] : [input, output];
    }),
  );
  const shown = c.types.defined.filter(
    (type) => !internal.has(type) && type.model.form !== 'list' && type.model.form !== 'option',
  );
  const types = new Map(shown.map((type) => [type, names.claim(inner(type), ['Writer', 'ListWriter'])]));
  const streamed = c.types.defined.filter((type) => c.types.uses.get(type)?.streamed === true);
  const writers = new Map(
    streamed
      .filter((type) => type.model.form === 'record' && type.spans && types.has(type))
      .map((type) => [type, `${types.get(type)}Writer`]),
  );
  const lists = new Map(
    streamed
      .filter(({ model }) => model.form === 'list')
      .map((type) => {
        const item = types.get(type.parts[0]?.type ?? type);
        return [type, item === undefined ? names.claim(`${inner(type)}Writer`) : `${item}ListWriter`];
      }),
  );
  const opened = called.filter(({ slot }) => slot.part === 'open');
  const cursors = new Map(
    opened.map((slot) => [slot, names.claim(`${pascal(slot.slot.method.name)}Cursor`)]),
  );
  const emits = c.events.map(({ event }) => names.claim(`emit_${event.name}`));
  const plain = kind.name.replaceAll('-', '_');
  const namespace = namespaceName(safe(plain === 'tenon' ? c.prefix : plain));
  const methods = new Map(called.map((slot, i) => [slot, methodNames[i] ?? '']));
  return { namespace, base, types, writers, lists, cursors, methods, emits };
}
