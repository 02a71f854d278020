/** The definitions of unions in C. */
import type { UnionType } from '../model.js';
import { comment } from './c-text.js';
import { type CType, signature, type Uses } from './c-types.js';
import { safeAll } from './names.js';

/** Returns the lines that define a union. */
export function defineUnion(
  type: CType,
  model: UnionType,
  uses: Uses,
  constants: readonly string[],
): string[] {
  return [...unionStruct(type, constants), ...unionFunctions(type, model, uses, constants)];
}

/** The names of a union's members in C. */
function memberNames({ parts }: CType): string[] {
  const types = parts.map(({ type }) => type?.c ?? '');
  return safeAll(
    parts.map(({ model }) => model.name),
    types,
  );
}

function unionStruct(type: CType, constants: readonly string[]): string[] {
  const names = memberNames(type);
  const values = type.parts.flatMap(({ type: part, model }, i) =>
    part === null ? [] : [...comment(model.doc, '    '), `    ${part.c} ${names[i]};`],
  );
  const tags = type.parts.flatMap(({ model }, i) => [
    ...comment(model.doc, '  '),
    `  ${constants[i]} = ${i}${i === type.parts.length - 1 ? '' : ','}`,
  ]);
  return [
    '',
    'enum {',
    ...tags,
    '};',
    `typedef struct ${type.c} {`,
    '  uint32_t tag; /* one of the values above */',
    ...(values.length === 0 ? [] : ['  union {', ...values, '  } value; /* the member that `tag` says */']),
    `} ${type.c};`,
  ];
}

function unionFunctions(type: CType, model: UnionType, uses: Uses, constants: readonly string[]): string[] {
  const names = memberNames(type);
  const cases = type.parts.map((part, i) => ({
    part: part.type,
    label: `    case ${constants[i]}:`,
    name: names[i] ?? '',
  }));
  return [
    ...(uses.read ? checkUnion(type, model, cases) : []),
    ...(uses.got ? getUnion(type, cases) : []),
    ...(uses.written ? putUnion(type, model, cases) : []),
  ];
}

interface Case {
  readonly part: CType | null;
  readonly label: string;
  readonly name: string;
}

function checkUnion(type: CType, model: UnionType, cases: readonly Case[]): string[] {
  const lines = cases.flatMap(({ part, label }) => {
    const span = `tenon_union_check(r, at + 4, ${part?.size ?? 0}, ${part?.align ?? 1}, field, &span)`;
    const value =
      part === null || part.check === null ? '' : ` &&\n             ${part.check}(r, span.at, field)`;
    return [label, `      return ${span}${value};`];
  });
  const unknown = model.open
    ? [
        '    default: /* a member of a later version: its value is skipped */',
        '      return tenon_span_check(r, at + 4, 1, 1, field, &span);',
      ]
    : ['    default:', '      return tenon_wrong(r, field, "is not a member of its union");'];
  return [
    signature.check(type),
    '  tenon_span span;',
    '  switch (tenon_u32_get(r->data, at)) {',
    ...lines,
    ...unknown,
    '  }',
    '}',
  ];
}

function getUnion(type: CType, cases: readonly Case[]): string[] {
  const valued = cases.filter(({ part }) => part !== null);
  const lines = valued.flatMap(({ part, label, name }) => [
    label,
    `      value.value.${name} = ${part?.get}(message, tenon_u32_get(message, at + 4));`,
    '      break;',
  ]);
  const read =
    valued.length === 0 ? [] : ['  switch (value.tag) {', ...lines, '    default:', '      break;', '  }'];
  return [
    signature.get(type),
    `  ${type.c} value;`,
    '  memset(&value, 0, sizeof value);',
    '  value.tag = tenon_u32_get(message, at);',
    ...read,
    '  return value;',
    '}',
  ];
}

function putUnion(type: CType, model: UnionType, cases: readonly Case[]): string[] {
  const lines = cases.flatMap(({ part, label, name }) => {
    const to = `tenon_union_put(w, at, value->tag, ${part?.size ?? 0}, ${part?.align ?? 1})`;
    if (part === null) return [label, `      (void)${to};`, '      break;'];
    const write = part.spans
      ? [`      ${part.write}(w, to, &value->value.${name});`]
      : [`      if (w->status == TENON_OK) ${part.write}(tenon_place(w, to), &value->value.${name});`];
    return [label, `      to = ${to};`, ...write, '      break;'];
  });
  const unknown = model.open
    ? 'a union has a member that this version of the kind does not know'
    : 'a union has a member that its kind does not know';
  const needed = cases.some(({ part }) => part !== null);
  return [
    signature.put(type),
    ...(needed ? ['  uint32_t to;'] : []),
    '  switch (value->tag) {',
    ...lines,
    '    default:',
    `      tenon_writer_fail(w, TENON_FAILED, "${unknown}");`,
    '  }',
    '}',
  ];
}
