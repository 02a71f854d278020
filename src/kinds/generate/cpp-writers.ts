/** The C++ classes that write records field by field. */
import type { CKind } from './c.js';
import { comment } from './c-text.js';
import { type CField, type CType, fieldsOf } from './c-types.js';
import type { CppNames } from './cpp-names.js';

/** Returns the classes, each behind those that it uses. */
export function writerClasses(c: CKind, names: CppNames): string[] {
  return c.types.defined.flatMap((type) => {
    if (names.writers.has(type)) return recordWriter(type, names);
    return names.lists.has(type) ? listWriter(type, names) : [];
  });
}

function recordWriter(type: CType, names: CppNames): string[] {
  const name = names.writers.get(type);
  return [
    '',
    ...comment(`Writes a ${names.types.get(type)}. Fields of variable length must be written in this order.`),
    `class ${name} {`,
    ' public:',
    `  explicit ${name}(${type.c}_writer writer) noexcept : writer_(writer) {}`,
    ...fieldsOf(type).flatMap((field) => [
      ...comment(field.model.doc, '  '),
      ...fieldWriter(type, field, names),
    ]),
    '',
    ' private:',
    `  ${type.c}_writer writer_;`,
    '};',
  ];
}

function fieldWriter(type: CType, { name, type: field }: CField, names: CppNames): string[] {
  const set = `${type.c}_set_${name}(writer_, `;
  const begin = `${type.c}_begin_${name}(writer_`;
  const { form } = field.model;
  if (form === 'str') return [`  void ${name}(std::string_view value) { ${set}tenon::str(value)); }`];
  if (form === 'record' && field.spans)
    return [`  ${names.writers.get(field)} ${name}() { return ${names.writers.get(field)}(${begin})); }`];
  const item = field.parts[0]?.type;
  if (form === 'list' && item !== null && item !== undefined) {
    const list = names.lists.get(field) ?? builtinList(field, item);
    const whole = `  void ${name}(const ${field.c} &value) { ${set}value); }`;
    return item.spans
      ? [`  ${list} ${name}(uint32_t max) { return ${list}(${begin}, max)); }`, whole]
      : [`  ${list} ${name}() { return ${list}(${begin})); }`, whole];
  }
  const small = form === 'scalar' || form === 'enum' || form === 'flags';
  const value =
    form === 'array' ? `const ${field.c} *value` : small ? `${field.c} value` : `const ${field.c} &value`;
  return [`  void ${name}(${value}) { ${set}value); }`];
}

/** The class of a list whose functions are in the runtime. */
function builtinList(list: CType, item: CType): string {
  return `tenon::List<${list.c}_writer, ${item.c}, ${list.c}_push>`;
}

function listWriter(type: CType, names: CppNames): string[] {
  const item = type.parts[0]?.type;
  if (item === null || item === undefined) return [];
  const writer = names.writers.get(item);
  const name = names.lists.get(type);
  const common = `${type.c}_writer, ${item.c}, ${type.c}_push`;
  return [
    '',
    writer === undefined
      ? `using ${name} = tenon::List<${common}>;`
      : `using ${name} = tenon::RecordList<${common}, ${writer}, ${type.c}_add>;`,
  ];
}
