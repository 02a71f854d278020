/** Functions that write a record field by field. */
import { comment } from './c-text.js';
import { type CField, type CType, plus } from './c-types.js';

/** Returns the writer of a record, and a function for each field. */
export function streamRecord(type: CType, fields: readonly CField[]): string[] {
  return [
    ...comment(`Writes a ${type.c} field by field.`),
    `typedef struct ${type.c}_writer {`,
    '  tenon_writer *w;',
    '  size_t at;',
    `} ${type.c}_writer;`,
    ...fields.flatMap((field) => [...setter(type, field), ...beginner(type, field)]),
  ];
}

const head = (type: CType, name: string, returns: string, extra: string): string =>
  `static inline ${returns} ${type.c}_${name}(${type.c}_writer r${extra}) {`;

function setter(type: CType, { name, type: field, offset }: CField): string[] {
  const to = plus('r.at', offset);
  if (field.model.form === 'array') {
    const size = `${field.model.length} * sizeof *value`;
    return [
      head(type, `set_${name}`, 'void', `, const ${field.c} *value`),
      `  if (r.w->status == TENON_OK) memcpy(tenon_place(r.w, ${to}), value, ${size});`,
      '}',
    ];
  }
  const write = field.spans
    ? `  ${field.write}(r.w, ${to}, &value);`
    : `  if (r.w->status == TENON_OK) ${field.write}(tenon_place(r.w, ${to}), &value);`;
  return [head(type, `set_${name}`, 'void', `, ${field.c} value`), write, '}'];
}

/** Begins a list, or the record within the record. */
function beginner(type: CType, { name, type: field, offset }: CField): string[] {
  const to = plus('r.at', offset);
  if (field.model.form === 'record' && field.spans)
    return [
      head(type, `begin_${name}`, `${field.c}_writer`, ''),
      `  ${field.c}_writer inner = {r.w, ${to}};`,
      '  return inner;',
      '}',
    ];
  const item = field.parts[0]?.type;
  if (field.model.form !== 'list' || item === null || item === undefined) return [];
  const begin = item.spans
    ? `tenon_items_begin_max(r.w, ${to}, max, ${item.size}, ${item.align})`
    : `tenon_items_begin(r.w, ${to})`;
  return [
    head(type, `begin_${name}`, `${field.c}_writer`, item.spans ? ', uint32_t max' : ''),
    `  ${field.c}_writer list = {${begin}};`,
    '  return list;',
    '}',
  ];
}

/** Returns the function that adds an element to a list, to be written field by field. */
export function streamList(type: CType, item: CType): string[] {
  if (item.model.form !== 'record' || !item.spans) return [];
  return [
    `static inline ${item.c}_writer ${type.c}_add(${type.c}_writer *list) {`,
    `  size_t at = tenon_items_next(&list->items, ${item.size});`,
    `  ${item.c}_writer item = {list->items.w, at};`,
    '  return item;',
    '}',
  ];
}
