/** The definitions of C types, and the functions that check, get and write them. */
import type { NamesType } from '../model.js';
import { optionOffset } from '../wire.js';
import { streamList, streamRecord } from './c-stream.js';
import { comment } from './c-text.js';
import { type CType, type CTypes, fieldsOf, plus, signature, type Uses } from './c-types.js';
import { defineUnion } from './c-unions.js';

/** Returns the lines that define a type. */
export function define(
  type: CType,
  types: CTypes,
  constants: ReadonlyMap<CType, readonly string[]>,
): string[] {
  const uses = types.uses.get(type) ?? { read: false, got: false, written: false, streamed: false };
  switch (type.model.form) {
    case 'record':
      return [...recordStruct(type), ...recordFunctions(type, uses)];
    case 'list':
      return list(type, uses);
    case 'option':
      return option(type, uses);
    case 'enum':
    case 'flags':
      return members(type, type.model, uses, constants.get(type) ?? []);
    case 'union':
      return defineUnion(type, type.model, uses, constants.get(type) ?? []);
    default:
      return [];
  }
}

function recordStruct(type: CType): string[] {
  const lines = fieldsOf(type).flatMap((field) => [
    ...comment(field.model.doc, '  '),
    `  ${field.type.c} ${field.name}${field.type.model.form === 'array' ? `[${field.type.model.length}]` : ''};`,
  ]);
  return ['', `typedef struct ${type.c} {`, ...lines, `} ${type.c};`];
}

function recordFunctions(type: CType, uses: Uses): string[] {
  return [
    ...(uses.read && type.check !== null ? checkRecord(type) : []),
    ...(uses.got ? getRecord(type) : []),
    ...(uses.written ? writeRecord(type) : []),
    ...(uses.streamed && type.spans ? streamRecord(type, fieldsOf(type)) : []),
  ];
}

function checkRecord(type: CType): string[] {
  const checks = fieldsOf(type)
    .filter((field) => field.type.check !== null)
    .map((field) => {
      const count = field.type.model.form === 'array' ? `${field.type.model.length}, ` : '';
      return `${field.type.check}(r, ${plus('at', field.offset)}, ${count}"${type.c}.${field.model.name}")`;
    });
  return [signature.check(type), '  (void)field;', `  return ${checks.join(' &&\n         ')};`, '}'];
}

/** Returns whether the struct in C has the same bytes as the fixed part, and all of them are used. */
function isPlain(type: CType): boolean {
  const { form } = type.model;
  if (form !== 'record') return form === 'scalar' || form === 'array' || form === 'enum' || form === 'flags';
  let end = 0;
  for (const field of fieldsOf(type)) {
    if (field.offset !== end || !isPlain(field.type)) return false;
    end += field.type.size;
  }
  return end === type.size;
}

function getRecord(type: CType): string[] {
  const copy = isPlain(type)
    ? ['  memcpy(&value, message + at, sizeof value);']
    : fieldsOf(type).map(({ name, type: field, offset }) =>
        field.model.form === 'array'
          ? `  memcpy(value.${name}, message + ${plus('at', offset)}, sizeof value.${name});`
          : `  value.${name} = ${field.get}(message, ${plus('at', offset)});`,
      );
  return [signature.get(type), `  ${type.c} value;`, ...copy, '  return value;', '}'];
}

function writeRecord(type: CType): string[] {
  if (!type.spans)
    return [
      signature.store(type),
      ...(isPlain(type) ? ['  memcpy(to, value, sizeof *value);'] : stores(type)),
      '}',
    ];
  const fixed = stores(type);
  const puts = fieldsOf(type)
    .filter((field) => field.type.spans)
    .map(({ name, type: field, offset }) => `  ${field.write}(w, ${plus('at', offset)}, &value->${name});`);
  const begin = fixed.length === 0 ? [] : ['  uint8_t *to = tenon_place(w, at);', ...fixed];
  return [signature.put(type), '  if (w->status != TENON_OK) return;', ...begin, ...puts, '}'];
}

/** Stores the fields without spans. */
function stores(type: CType): string[] {
  return fieldsOf(type)
    .filter((field) => !field.type.spans)
    .map(({ name, type: field, offset }) =>
      field.model.form === 'array'
        ? `  memcpy(${plus('to', offset)}, value->${name}, sizeof value->${name});`
        : `  ${field.write}(${plus('to', offset)}, &value->${name});`,
    );
}

function list(type: CType, uses: Uses): string[] {
  const item = type.parts[0]?.type;
  if (item === null || item === undefined) return [];
  const sizes = `${item.size}, ${item.align}`;
  const check =
    item.check === null
      ? `TENON_LIST_CHECK_SPAN(${type.c}, ${sizes})`
      : `TENON_LIST_CHECK(${type.c}, ${sizes}, ${item.check})`;
  const write = item.spans ? 'PUT' : 'STORE';
  const lines = [
    `TENON_LIST(${type.c}, ${item.c}, ${item.get}, ${item.size})`,
    ...(uses.read ? [check] : []),
    ...(uses.written ? [`TENON_LIST_${write}(${type.c}, ${item.c}, ${sizes}, ${item.write})`] : []),
    ...(uses.streamed ? streamList(type, item) : []),
  ];
  return ['', ...lines];
}

function option(type: CType, uses: Uses): string[] {
  const value = type.parts[0]?.type ?? null;
  if (value === null) return emptyOption(type, uses);
  const at = optionOffset(value.model);
  const check =
    value.check === null
      ? `TENON_OPTION_CHECK_SOME(${type.c})`
      : `TENON_OPTION_CHECK(${type.c}, ${at}, ${value.check})`;
  return [
    '',
    `TENON_OPTION(${type.c}, ${value.c});`,
    ...(uses.read ? [check] : []),
    ...(uses.got ? [`TENON_OPTION_GET(${type.c}, ${at}, ${value.get})`] : []),
    ...(uses.written
      ? [`TENON_OPTION_${value.spans ? 'PUT' : 'STORE'}(${type.c}, ${at}, ${value.write})`]
      : []),
  ];
}

/** An option of a record without fields: it is only there or not. */
function emptyOption(type: CType, uses: Uses): string[] {
  return [
    '',
    `typedef struct ${type.c} {`,
    '  bool some;',
    `} ${type.c};`,
    ...(uses.read ? [`TENON_OPTION_CHECK_SOME(${type.c})`] : []),
    ...(uses.got
      ? [signature.get(type), `  ${type.c} value = {message[at] != 0};`, '  return value;', '}']
      : []),
    ...(uses.written ? [signature.store(type), '  to[0] = value->some;', '}'] : []),
  ];
}

function members(type: CType, model: NamesType, uses: Uses, constants: readonly string[]): string[] {
  const flags = model.form === 'flags';
  const open = model.open ? ' Later minor versions may add others.' : '';
  const what = flags
    ? `Any of the ${type.c.toUpperCase()}_ flags.${open}`
    : `One of the values below.${open}`;
  const lines = model.members.flatMap((member, i) => [
    ...comment(member.doc, flags ? '' : '  '),
    flags ? `#define ${constants[i]} (UINT32_C(1) << ${i})` : `  ${constants[i]} = ${i},`,
  ]);
  const last = lines.length - 1;
  lines[last] = lines[last]?.replace(/,$/, '') ?? '';
  const known = flags
    ? `UINT32_C(0x${(2 ** model.members.length - 1).toString(16)})`
    : String(model.members.length);
  return [
    '',
    ...comment(what),
    `typedef uint32_t ${type.c};`,
    ...(flags ? lines : ['enum {', ...lines, '};']),
    ...(uses.read && type.check !== null
      ? [signature.check(type), `  return tenon_${model.form}_check(r, at, ${known}, field);`, '}']
      : []),
  ];
}
