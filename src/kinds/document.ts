/**
 * A kind's document: its model as JSON, by convention in a file `NAME.kind.json`. The generators of headers, the
 * comparison of versions and `tenon call --json` read only this.
 *
 *     {
 *       "format": 1,
 *       "name": "text",
 *       "version": "1.0.0",
 *       "methods": [
 *         {
 *           "name": "find",
 *           "input": [{ "name": "text", "type": "str" }, { "name": "limit", "type": { "option": "u32" } }],
 *           "output": [
 *             { "name": "hits", "type": { "list": { "record": [{ "name": "at", "type": "u32" }], "as": "hit" } } }
 *           ]
 *         },
 *         {
 *           "name": "lines",
 *           "input": [{ "name": "text", "type": "str" }],
 *           "cursor": [{ "name": "line", "type": "str" }]
 *         },
 *         { "name": "raw", "bytes": true }
 *       ],
 *       "events": [{ "name": "progress", "fields": [{ "name": "done", "type": "u64" }] }]
 *     }
 */
import { invalidArgument } from '../base/errors.js';
import { checkKnown, isObject, shown } from '../base/options.js';
import { SCALAR_SIZE, type Scalar } from './layout.js';
import {
  type EventModel,
  type FieldModel,
  type KindModel,
  LIMITS,
  type MemberModel,
  type MethodModel,
  type TypeModel,
} from './model.js';
import { checkModel } from './model-check.js';

/** The version of the format that {@link toDocument} writes. */
export const DOCUMENT_FORMAT = 1;

/** A type in a document. */
export type DocumentType =
  | string
  | { readonly list: DocumentType }
  | { readonly option: DocumentType }
  | { readonly record: readonly DocumentField[]; readonly as?: string }
  | { readonly enum: readonly DocumentMember[]; readonly open?: true; readonly as?: string }
  | { readonly flags: readonly DocumentMember[]; readonly open?: true; readonly as?: string }
  | {
      readonly union: readonly (MemberModel & { readonly type?: DocumentType })[];
      readonly open?: true;
      readonly as?: string;
    };
/** A field in a document. */
export type DocumentField = MemberModel & { readonly type: DocumentType };
/** A member of an enum or of flags in a document: its name, or its name and documentation. */
export type DocumentMember = string | MemberModel;
/** A method in a document. */
export type DocumentMethod = MemberModel & {
  readonly since?: string;
  readonly input?: readonly DocumentField[];
  readonly output?: readonly DocumentField[];
  readonly cursor?: readonly DocumentField[];
  readonly bytes?: true;
};
/** A kind's document. */
export interface KindDocument extends MemberModel {
  readonly format: typeof DOCUMENT_FORMAT;
  readonly version: string;
  readonly methods: readonly DocumentMethod[];
  readonly events?: readonly (MemberModel & { readonly fields: readonly DocumentField[] })[];
}

/** Returns the document of a kind. The same kind has the same document, with its members in the same order. */
export function toDocument(kind: KindModel): KindDocument {
  return {
    format: DOCUMENT_FORMAT,
    ...named(kind),
    version: kind.version,
    methods: kind.methods.map(methodOut),
    ...(kind.events.length === 0
      ? {}
      : { events: kind.events.map((event) => ({ ...named(event), fields: fieldsOut(event.fields) })) }),
  };
}

/** Returns the document as text, as it is stored in a file. */
export function documentText(document: KindDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function named({ name, doc }: MemberModel): MemberModel {
  return doc === undefined ? { name } : { name, doc };
}

function methodOut(method: MethodModel): DocumentMethod {
  const head = { ...named(method), ...(method.since === undefined ? {} : { since: method.since }) };
  if (method.form === 'bytes') return { ...head, bytes: true };
  const input = fieldsOut(method.input);
  return method.form === 'record'
    ? { ...head, input, output: fieldsOut(method.output) }
    : { ...head, input, cursor: fieldsOut(method.item) };
}

function fieldsOut(fields: readonly FieldModel[]): DocumentField[] {
  return fields.map((field) => ({ ...named(field), type: typeOut(field.type) }));
}

function typeOut(type: TypeModel): DocumentType {
  switch (type.form) {
    case 'scalar':
      return type.scalar;
    case 'array':
      return `${type.scalar}[${type.length}]`;
    case 'str':
    case 'bytes':
      return type.form;
    case 'list':
      return { list: typeOut(type.element) };
    case 'option':
      return { option: typeOut(type.value) };
    case 'record':
      return { record: fieldsOut(type.fields), ...alias(type) };
    case 'enum':
    case 'flags': {
      const members = type.members.map((member) => (member.doc === undefined ? member.name : named(member)));
      return type.form === 'enum'
        ? { enum: members, ...openness(type), ...alias(type) }
        : { flags: members, ...openness(type), ...alias(type) };
    }
    case 'union': {
      const union = type.members.map((member) => ({
        ...named(member),
        ...(member.type === null ? {} : { type: typeOut(member.type) }),
      }));
      return { union, ...openness(type), ...alias(type) };
    }
  }
}

const openness = ({ open }: { readonly open: boolean }): { open?: true } => (open ? { open } : {});
const alias = ({ as }: { readonly as?: string }): { as?: string } => (as === undefined ? {} : { as });

/**
 * Reads a document.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the place in the document, for example
 *   `methods[0].input[1].type`
 */
export function readDocument(value: unknown): KindModel {
  const given = object(
    'document',
    value,
    ['$schema', 'format', 'name', 'version', 'doc', 'methods', 'events'],
    '',
  );
  if (given['format'] !== DOCUMENT_FORMAT) {
    const cure = ' Write it with this version of tenon, or use the version of tenon that wrote it.';
    throw invalidArgument('format', `must be ${DOCUMENT_FORMAT}, not ${shown(given['format'])}`, cure);
  }
  const kind: KindModel = {
    ...namedIn('', given),
    version: text('version', given['version']),
    methods: list('methods', given['methods']).map((one, i) => methodIn(`methods[${i}]`, one)),
    events: list('events', given['events'] ?? []).map((one, i) => eventIn(`events[${i}]`, one)),
  };
  checkModel(kind);
  return kind;
}

type Given = Readonly<Record<string, unknown>>;

function object(at: string, value: unknown, known: readonly string[], prefix = `${at}.`): Given {
  if (!isObject(value)) throw invalidArgument(at, `must be an object, not ${shown(value)}`);
  checkKnown(at, value, known, prefix);
  return value as Given;
}

function text(at: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgument(at, `must be a string, not ${shown(value)}`);
  return value;
}

function list(at: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidArgument(at, `must be an array, not ${shown(value)}`);
  return value;
}

function namedIn(at: string, given: Given): MemberModel {
  const prefix = at === '' ? '' : `${at}.`;
  const name = text(`${prefix}name`, given['name']);
  return given['doc'] === undefined ? { name } : { name, doc: text(`${prefix}doc`, given['doc']) };
}

function methodIn(at: string, value: unknown): MethodModel {
  const given = object(at, value, ['name', 'doc', 'since', 'input', 'output', 'cursor', 'bytes']);
  const { since } = given;
  const head = {
    ...namedIn(at, given),
    ...(since === undefined ? {} : { since: text(`${at}.since`, since) }),
  };
  const forms = ['output', 'cursor', 'bytes'].filter((form) => given[form] !== undefined);
  if (forms.length !== 1)
    throw invalidArgument(
      at,
      `must have one of output, cursor and bytes, not ${forms.join(' and ') || 'none'}`,
    );
  if (given['bytes'] !== undefined) {
    if (given['bytes'] === true && given['input'] === undefined) return { ...head, form: 'bytes' };
    throw invalidArgument(`${at}.bytes`, 'must be true, in a method without input');
  }
  const input = fieldsIn(`${at}.input`, given['input']);
  return given['cursor'] === undefined
    ? { ...head, form: 'record', input, output: fieldsIn(`${at}.output`, given['output']) }
    : { ...head, form: 'cursor', input, item: fieldsIn(`${at}.cursor`, given['cursor']) };
}

function eventIn(at: string, value: unknown): EventModel {
  const given = object(at, value, ['name', 'doc', 'fields']);
  return { ...namedIn(at, given), fields: fieldsIn(`${at}.fields`, given['fields']) };
}

function fieldsIn(at: string, value: unknown, depth = 1): FieldModel[] {
  return list(at, value).map((one, i) => {
    const place = `${at}[${i}]`;
    const given = object(place, one, ['name', 'doc', 'type']);
    return { ...namedIn(place, given), type: typeIn(`${place}.type`, given['type'], depth) };
  });
}

const FORMS = ['list', 'option', 'record', 'enum', 'flags', 'union'];

/** Reads a type. Its depth is checked here too: a document may nest types deeper than functions can call themselves. */
function typeIn(at: string, value: unknown, depth: number): TypeModel {
  if (depth > LIMITS.depth) throw invalidArgument(at, `is nested deeper than ${LIMITS.depth} levels`);
  if (typeof value === 'string') return simpleType(at, value);
  const given = object(at, value, [...FORMS, 'open', 'as']);
  const [form, ...others] = FORMS.filter((one) => given[one] !== undefined);
  if (form === undefined || others.length > 0)
    throw invalidArgument(at, `must have exactly one of ${FORMS.join(', ')}`);
  const content = given[form];
  const place = `${at}.${form}`;
  if (form === 'list') return { form, element: typeIn(place, content, depth + 1) };
  if (form === 'option') return { form, value: typeIn(place, content, depth + 1) };
  const as = given['as'] === undefined ? {} : { as: text(`${at}.as`, given['as']) };
  if (form === 'record') return { form, fields: fieldsIn(place, content, depth + 1), ...as };
  if (given['open'] !== undefined && given['open'] !== true)
    throw invalidArgument(`${at}.open`, 'must be true');
  const rest = { open: given['open'] === true, ...as };
  if (form === 'union') return { form, members: unionIn(place, content, depth + 1), ...rest };
  const members = list(place, content).map((one, i) => memberIn(`${place}[${i}]`, one));
  return { form: form === 'enum' ? 'enum' : 'flags', members, ...rest };
}

function memberIn(at: string, value: unknown): MemberModel {
  return typeof value === 'string' ? { name: value } : namedIn(at, object(at, value, ['name', 'doc']));
}

function unionIn(
  at: string,
  value: unknown,
  depth: number,
): (MemberModel & { readonly type: TypeModel | null })[] {
  return list(at, value).map((one, i) => {
    const place = `${at}[${i}]`;
    const given = object(place, one, ['name', 'doc', 'type']);
    const type = given['type'] === undefined ? null : typeIn(`${place}.type`, given['type'], depth);
    return { ...namedIn(place, given), type };
  });
}

const ARRAY_TYPE = /^([a-z]+\d*)\[([1-9]\d{0,7})\]$/;

/** Reads a type that is one word. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function simpleType(at: string, value: string): TypeModel {
  if (value === 'str' || value === 'bytes') return { form: value };
  if (isScalar(value)) return { form: 'scalar', scalar: value };
  const [, element = '', length = ''] = ARRAY_TYPE.exec(value) ?? [];
  if (isScalar(element)) return { form: 'array', scalar: element, length: Number(length) };
  const scalars = Object.keys(SCALAR_SIZE).join(', ');
  throw invalidArgument(
    at,
    `must be str, bytes, one of ${scalars}, or an array of them such as 'f32[4]', not ${JSON.stringify(value)}`,
  );
}

function isScalar(type: string): type is Scalar {
  return Object.hasOwn(SCALAR_SIZE, type);
}
