/** The C++ classes that write records field by field. */
import type { CKind } from './c.js';
import { comment } from './c-text.js';
import { type CField, type CType, fieldsOf } from './c-types.js';
import type { CppNames } from './cpp-names.js';
import { apart } from './names.js';

/** Returns the classes, each behind those that it uses. */
export function writerClasses(c: CKind, names: CppNames): string[] {
  return c.types.defined.flatMap((type) => {
    if (names.writers.has(type)) return recordWriter(type, names);
    return names.lists.has(type) ? listWriter(type, names) : [];
  });
}

function recordWriter(type: CType, names: CppNames): string[] {
  const name = names.writers.get(type) ?? '';
  const fields = fieldsOf(type);
  // A member function must not have the name of its class or of another member.
  const functions = apart(
    fields.map((field) => field.name),
    [name, 'writer_'],
  );
  return [
    '',
    ...comment(`Writes a ${names.types.get(type)}. Fields of variable length must be written in this order.`),
    `class ${name} {`,
    ' public:',
    `  explicit ${name}(${type.c}_writer writer) noexcept : writer_(writer) {}`,
    ...fields.flatMap((field, i) => [
      ...comment(field.model.doc, '  '),
      ...fieldWriter(type, field, functions[i] ?? field.name, names),
    ]),
    '',
    ' private:',
    `  ${type.c}_writer writer_;`,
    '};',
  ];
}

function fieldWriter(type: CType, field: CField, name: string, names: CppNames): string[] {
  const { type: value } = field;
  const set = `${type.c}_set_${field.name}(writer_, `;
  const begin = `${type.c}_begin_${field.name}(writer_`;
  const { form } = value.model;
  if (form === 'str') return [`  void ${name}(std::string_view value) { ${set}tenon::str(value)); }`];
  if (form === 'record' && value.spans)
    return [`  ${names.writers.get(value)} ${name}() { return ${names.writers.get(value)}(${begin})); }`];
  const item = value.parts[0]?.type;
  if (form === 'list' && item !== null && item !== undefined) {
    const list = names.lists.get(value) ?? builtinList(value, item);
    const whole = `  void ${name}(const ${value.c} &value) { ${set}value); }`;
    return item.spans
      ? [`  ${list} ${name}(uint32_t max) { return ${list}(${begin}, max)); }`, whole]
      : [`  ${list} ${name}() { return ${list}(${begin})); }`, whole];
  }
  const small = form === 'scalar' || form === 'enum' || form === 'flags';
  const given =
    form === 'array' ? `const ${value.c} *value` : small ? `${value.c} value` : `const ${value.c} &value`;
  return [`  void ${name}(${given}) { ${set}value); }`];
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
