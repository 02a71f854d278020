/** Generates the reference of a kind in Markdown. */
import type { FieldModel, KindModel, MemberModel, MethodModel, TypeModel } from '../model.js';
import { isNamed, type NamedType, shapeOf } from './shape.js';

/** Returns the page about a kind. */
export function markdownPage(kind: KindModel): string {
  const types = new TypeSections(kind);
  const body = [
    ...section(
      'Methods',
      kind.methods.flatMap((method) => methodLines(method, types)),
    ),
    ...section(
      'Events',
      kind.events.flatMap((event) => [
        '',
        `### ${heading(event.name)}`,
        ...prose(event.doc),
        ...table(event.fields, types, event.name),
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
    ...section('Types', types.lines()),
  ];
  return `${lines.join('\n')}\n`;
}

/** The types with a section of their own: those with a name, and those with documentation of their members. */
class TypeSections {
  readonly #links = new Map<string, string>();
  readonly #sections: string[][] = [];
  /** The headings of the page by the name of their link, and how many there are of each. */
  readonly #headings = new Map<string, number>();

  constructor(kind: KindModel) {
    const titles = [...kind.methods, ...kind.events].map(({ name }) => name);
    for (const title of [`The kind ${kind.name}`, 'Methods', 'Events', 'Types', ...titles])
      this.#anchor(title);
  }

  /** Returns the link to the section of a type; undefined if it has none. `place` is the first place of the type. */
  linkTo(type: NamedType, place: string): string | undefined {
    if (type.as === undefined && !hasDocs(type)) return undefined;
    const known = this.#links.get(shapeOf(type));
    if (known !== undefined) return known;
    const title = type.as ?? place;
    const link = `[${heading(title)}](#${this.#anchor(title)})`;
    this.#links.set(shapeOf(type), link);
    const lines: string[] = [];
    this.#sections.push(lines);
    lines.push(...typeLines(title, type, this));
    return link;
  }

  /** Returns the sections. */
  lines(): string[] {
    return this.#sections.flat();
  }

  /** Returns the name of the link to the next heading with this title, as GitHub makes it. */
  #anchor(title: string): string {
    const name = title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-');
    const count = this.#headings.get(name) ?? 0;
    this.#headings.set(name, count + 1);
    return count === 0 ? name : `${name}-${count}`;
  }
}

function hasDocs(type: NamedType): boolean {
  const members: readonly MemberModel[] = type.form === 'record' ? type.fields : type.members;
  return members.some(({ doc }) => doc !== undefined && doc !== '');
}

/** Escapes the underscores of a name that Markdown could read as emphasis. */
const heading = (name: string): string =>
  name.replaceAll(/(?<![A-Za-z0-9_])_+|_+(?![A-Za-z0-9_])/g, (some) => some.replaceAll('_', '\\_'));

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${title}`, ...lines];
}

const prose = (text: string | undefined): string[] =>
  text === undefined || text === '' ? [] : ['', escaped(text)];

function methodLines(method: MethodModel, types: TypeSections): string[] {
  const head = ['', `### ${heading(method.name)}`, ...prose(method.doc)];
  if (method.since !== undefined)
    head.push('', `Since version ${method.since}. An older plugin does not have the method.`);
  if (method.form === 'bytes') return [...head, '', 'Takes and returns plain bytes.'];
  const { name } = method;
  const input =
    method.input.length === 0 ? ['', 'No input.'] : ['', 'Input:', ...table(method.input, types, name)];
  if (method.form === 'cursor')
    return [...head, ...input, '', 'Returns any number of records:', ...table(method.item, types, name)];
  const output =
    method.output.length === 0 ? ['', 'No output.'] : ['', 'Output:', ...table(method.output, types, name)];
  return [...head, ...input, ...output];
}

function table(fields: readonly FieldModel[], types: TypeSections, place: string): string[] {
  if (fields.length === 0) return ['', 'No fields.'];
  const rows = fields.map(
    ({ name, type, doc }) => `| \`${name}\` | ${typeWords(type, types, `${place}.${name}`)} | ${cell(doc)} |`,
  );
  return ['', '| field | type | meaning |', '| --- | --- | --- |', ...rows];
}

/** Describes a type, or links to its section. */
function typeWords(type: TypeModel, types: TypeSections, place: string): string {
  const link = isNamed(type) ? types.linkTo(type, place) : undefined;
  if (link !== undefined) return link;
  const within = ({ name, type: inner }: MemberModel & { readonly type: TypeModel | null }): string =>
    inner === null ? `\`${name}\`` : `\`${name}\` ${typeWords(inner, types, `${place}.${name}`)}`;
  switch (type.form) {
    case 'scalar':
      return `\`${type.scalar}\``;
    case 'array':
      return `\`${type.scalar}[${type.length}]\``;
    case 'str':
    case 'bytes':
      return `\`${type.form}\``;
    case 'list':
      return `list of ${typeWords(type.element, types, place)}`;
    case 'option':
      return `optional ${typeWords(type.value, types, place)}`;
    case 'record':
      return `record: ${type.fields.map(within).join(', ') || 'no fields'}`;
    case 'union':
      return `one of: ${type.members.map(within).join('; ')}${more(type)}`;
    default:
      return `${type.form === 'enum' ? 'one of' : 'any of'}: ${names(type.members)}${more(type)}`;
  }
}

const names = (members: readonly MemberModel[]): string =>
  members.map(({ name }) => `\`${name}\``).join(', ');
const more = ({ open }: { readonly open: boolean }): string => (open ? ', and others in later versions' : '');

function typeLines(name: string, type: NamedType, types: TypeSections): string[] {
  const head = ['', `### ${heading(name)}`];
  if (type.form === 'record') return [...head, ...table(type.fields, types, name)];
  const kinds = {
    enum: 'One of several names',
    flags: 'Any number of flags',
    union: 'A value of one of several types',
  };
  const about = `${kinds[type.form]}${type.open ? '; later versions may append members' : ''}.`;
  const rows = type.members.map((member, i) => {
    const value =
      'type' in member
        ? `${member.type === null ? 'none' : typeWords(member.type, types, `${name}.${member.name}`)} | `
        : '';
    return `| ${i} | \`${member.name}\` | ${value}${cell(member.doc)} |`;
  });
  const number = type.form === 'flags' ? 'bit' : 'number';
  const columns = [number, 'member', ...(type.form === 'union' ? ['value'] : []), 'meaning'];
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
    .replaceAll(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .replaceAll(/[\\`*_[\]<>#~&]/g, '\\$&')
    .replace(/^[-+=]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2');
}

const cell = (text: string | undefined): string => escaped(text ?? '').replaceAll('|', '\\|');
