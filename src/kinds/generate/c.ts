/** Generates the C header of a kind. */
import { toDocument } from '../document.js';
import type { FieldModel, KindModel } from '../model.js';
import { slotsOf } from '../wire.js';
import { type CEvent, type CSlot, eventFunction, factsOf, slotFunctions, tableOf } from './c-methods.js';
import { define } from './c-records.js';
import { comment } from './c-text.js';
import { type CType, CTypes, fieldsOf } from './c-types.js';
import { safeAll } from './names.js';

/** A kind in C: its types, and the names of its functions. */
export interface CKind {
  readonly types: CTypes;
  readonly slots: readonly CSlot[];
  readonly events: readonly CEvent[];
  /** The members of the method table, one for each slot. */
  readonly members: readonly string[];
  /** The names of the constants of enums, flags and unions. */
  readonly constants: ReadonlyMap<CType, readonly string[]>;
  /** The prefix of all names: `text`. */
  readonly prefix: string;
  /** The struct of the method table: `text_1`. */
  readonly table: string;
}

/** The ends of the names of macros: those that begin with the prefix of the kind, and with its table. */
const KIND_MACROS = ['_KIND_H', '_KIND_HPP'];
const TABLE_MACROS = ['_ID', '_KIND', '_FACTS', '_DOCUMENT', '_DOCUMENT_SIZE', '_CLASS'];

/** Gives everything in a kind its name in C. */
export function cKind(kind: KindModel): CKind {
  const plain = kind.name.replaceAll('-', '_');
  const prefix = /^tenon(_|$)/.test(plain) ? `kind_${plain}` : plain;
  const types = new CTypes(prefix);
  const table = types.names.claim(`${plain}_${kind.version.split('.')[0]}`);
  for (const macro of [...KIND_MACROS.map((end) => prefix + end), ...TABLE_MACROS.map((end) => table + end)])
    types.names.claim(macro.toUpperCase());
  const slots = slotsOf(kind).map((slot): CSlot => {
    const name = types.names.claim(`${prefix}_${slot.name}`, ['_read', '_write', '_begin']);
    const record = (fields: readonly FieldModel[] | null, side: string) =>
      fields === null ? null : types.record(named(fields, slot.method.name), `${slot.name}_${side}`);
    const input = record(slot.input, 'in');
    const output = record(slot.output, 'out');
    if (input !== null) types.use(input, { read: true, got: true });
    const streamed = output?.spans === true;
    if (output !== null) types.use(output, { written: true, streamed });
    return { slot, name, shown: `${kind.name}.${slot.name}`, input, output, streamed };
  });
  const events = kind.events.map((event): CEvent => {
    const type = types.record(event.fields, event.name);
    if (type !== null) types.use(type, { written: true });
    return { event, name: type?.c ?? types.names.claim(`${prefix}_${event.name}`, ['_emit']), type };
  });
  const members = safeAll(
    slots.map(({ slot }) => slot.name),
    ['size', 'count'],
  );
  return { types, slots, events, members, constants: constantsOf(types), prefix, table };
}

/** Names the items of a cursor for its method. */
function named(fields: readonly FieldModel[], method: string): readonly FieldModel[] {
  return fields.map((field) => {
    const { type } = field;
    if (type.form !== 'list' || type.element.form !== 'record' || field.name !== 'items') return field;
    if (type.element.as !== undefined) return field;
    return { ...field, type: { ...type, element: { ...type.element, as: `${method}_item` } } };
  });
}

function constantsOf(types: CTypes): ReadonlyMap<CType, readonly string[]> {
  const constants = new Map<CType, readonly string[]>();
  for (const type of types.defined) {
    if (!('members' in type.model)) continue;
    const names = type.model.members.map(({ name }) => types.names.claim(`${type.c}_${name}`.toUpperCase()));
    constants.set(type, names);
  }
  return constants;
}

/** Returns the header of a kind: `NAME.kind.h`. It needs only the headers of this package. */
export function cHeader(kind: KindModel): string {
  const c = cKind(kind);
  const guard = `${c.prefix.toUpperCase()}_KIND_H`;
  const upper = c.table.toUpperCase();
  const major = kind.version.split('.')[0];
  const lines = [
    ...introduction(kind, c),
    '/* clang-format off */',
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include "tenon_record.h"',
    '',
    `#define ${upper}_ID "${kind.name}/${major}" /* for get_extension */`,
    `#define ${upper}_KIND "${kind.name}/${kind.version}" /* for the descriptor */`,
    ...c.types.defined.flatMap((type) => define(type, c.types, c.constants)),
    ...c.slots.flatMap(slotFunctions),
    ...c.events.flatMap((event) => eventFunction(kind, event)),
    ...tableOf(c.table, c.members),
    ...factsOf(c.table, kind, JSON.stringify(toDocument(kind)), c.slots),
    ...asserts(c),
    '',
    `#endif /* ${guard} */`,
  ];
  return `${lines.join('\n')}\n`;
}

function introduction(kind: KindModel, c: CKind): string[] {
  const [first] = c.slots;
  const usage =
    first?.input === null || first === undefined
      ? ''
      : ` A method begins with ${first.name}_read, which checks the whole message.`;
  return [
    ...comment(
      `The kind ${kind.name}, version ${kind.version}.${kind.doc === undefined ? '' : ` ${kind.doc}`}\n` +
        `Generated by \`tenon kind bind ${kind.name}.kind.json --lang c\`. Do not edit it.${usage} See tenon_record.h.`,
    ),
  ];
}

/** Asserts the layout of the records that are structs with the same bytes. */
function asserts(c: CKind): string[] {
  const records = c.types.defined.filter(({ model, spans }) => model.form === 'record' && !spans);
  const lines = records.flatMap((type) => [
    ...fieldsOf(type).map(({ name, offset }) => `TENON_AT(${type.c}, ${name}, ${offset});`),
    `TENON_ASSERT(sizeof(${type.c}) == ${type.size}, "${type.c} changed size");`,
  ]);
  const size = 8 + 8 * c.slots.length;
  return ['', ...lines, `TENON_ASSERT(sizeof(${c.table}) == ${size}, "${c.table} changed size");`];
}
