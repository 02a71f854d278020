/** Generates the reference of a kind in Markdown. */
import type { FieldModel, KindModel, MemberModel, MethodModel, TypeModel } from '../model.js';

/** Returns the page about a kind. */
export function markdownPage(kind: KindModel): string {
  const types = new Map<string, TypeModel>();
  const body = [
    ...section(
      'Methods',
      kind.methods.flatMap((method) => methodLines(method, types)),
    ),
    ...section(
      'Events',
      kind.events.flatMap((event) => [
        '',
        `### ${event.name}`,
        ...prose(event.doc),
        ...table(event.fields, types),
      ]),
    ),
  ];
  const lines = [
    `# The kind ${kind.name}`,
    '',
    `<!-- 'tenon kind bind' generated this page: change the kind, not the page. -->`,
    '',
    `Version ${kind.version}.`,
    ...prose(kind.doc),
    ...body,
    ...section(
      'Types',
      [...types].flatMap(([name, type]) => typeLines(name, type, types)),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${title}`, ...lines];
}

const prose = (text: string | undefined): string[] =>
  text === undefined || text === '' ? [] : ['', escaped(text)];

function methodLines(method: MethodModel, types: Map<string, TypeModel>): string[] {
  const head = ['', `### ${method.name}`, ...prose(method.doc)];
  if (method.since !== undefined)
    head.push('', `Since version ${method.since}. An older plugin does not have the method.`);
  if (method.form === 'bytes') return [...head, '', 'Takes and returns plain bytes.'];
  const input = method.input.length === 0 ? ['', 'No input.'] : ['', 'Input:', ...table(method.input, types)];
  if (method.form === 'cursor')
    return [...head, ...input, '', 'Returns any number of records:', ...table(method.item, types)];
  const output =
    method.output.length === 0 ? ['', 'No output.'] : ['', 'Output:', ...table(method.output, types)];
  return [...head, ...input, ...output];
}

function table(fields: readonly FieldModel[], types: Map<string, TypeModel>): string[] {
  if (fields.length === 0) return ['', 'No fields.'];
  const rows = fields.map(
    ({ name, type, doc }) => `| \`${name}\` | ${typeWords(type, types)} | ${cell(doc)} |`,
  );
  return ['', '| field | type | meaning |', '| --- | --- | --- |', ...rows];
}

/** Describes a type. Types with a name get a section of their own, others are written out. */
function typeWords(type: TypeModel, types: Map<string, TypeModel>): string {
  if ('as' in type && type.as !== undefined) {
    if (!types.has(type.as)) {
      types.set(type.as, type);
      // Adds the named types within it.
      typeLines(type.as, type, types);
    }
    return `[${type.as}](#${type.as.toLowerCase()})`;
  }
  switch (type.form) {
    case 'scalar':
      return `\`${type.scalar}\``;
    case 'array':
      return `\`${type.scalar}[${type.length}]\``;
    case 'str':
    case 'bytes':
      return `\`${type.form}\``;
    case 'list':
      return `list of ${typeWords(type.element, types)}`;
    case 'option':
      return `optional ${typeWords(type.value, types)}`;
    case 'record':
      return `record: ${type.fields.map((one) => `\`${one.name}\` ${typeWords(one.type, types)}`).join(', ') || 'no fields'}`;
    case 'union': {
      const members = type.members.map((one) =>
        one.type === null ? `\`${one.name}\`` : `\`${one.name}\` ${typeWords(one.type, types)}`,
      );
      return `one of: ${members.join('; ')}${more(type)}`;
    }
    default:
      return `${type.form === 'enum' ? 'one of' : 'any of'}: ${names(type.members)}${more(type)}`;
  }
}

const names = (members: readonly MemberModel[]): string =>
  members.map(({ name }) => `\`${name}\``).join(', ');
const more = ({ open }: { readonly open: boolean }): string => (open ? ', and others in later versions' : '');

function typeLines(name: string, type: TypeModel, types: Map<string, TypeModel>): string[] {
  const head = ['', `### ${name}`];
  if (type.form === 'record') return [...head, ...table(type.fields, types)];
  if (!('members' in type)) return head;
  const kinds = {
    enum: 'One of several names',
    flags: 'Any number of flags',
    union: 'A value of one of several types',
  };
  const about = `${kinds[type.form]}${type.open ? '; later versions may append members' : ''}.`;
  const rows = type.members.map((member, i) => {
    const value =
      'type' in member ? `${member.type === null ? 'none' : typeWords(member.type, types)} | ` : '';
    return `| ${i} | \`${member.name}\` | ${value}${cell(member.doc)} |`;
  });
  const columns =
    type.form === 'union' ? ['number', 'member', 'value', 'meaning'] : ['number', 'member', 'meaning'];
  return [
    ...head,
    '',
    about,
    '',
    `| ${columns.join(' | ')} |`,
    `|${' --- |'.repeat(columns.length)}`,
    ...rows,
  ];
}

/** Escapes what Markdown and HTML would treat as markup. */
function escaped(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[\\`*_[\]<>#]/g, '\\$&');
}

const cell = (text: string | undefined): string => escaped(text ?? '').replaceAll('|', '\\|');
