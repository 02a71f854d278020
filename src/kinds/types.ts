/**
 * The types of fields as a kind's definition has them, with the functions that make them. A string is a type
 * (`'u32'`, `'str'`, `'f32[4]'`), an object of types is a record within a record, and these functions make the
 * others.
 */
import { invalidArgument } from '../base/errors.js';
import { arrayOf, checkBoolean, checkKnown, isObject, readOptions, shown } from '../base/options.js';
import { simpleType } from './document.js';
import type { FieldType } from './layout.js';
import { type FieldModel, LIMITS, type MemberModel, type TypeModel, type UnionMember } from './model.js';

/** The fields of a record: types by name, in the order of the C struct. */
export interface Fields {
  readonly [name: string]: KindType;
}

/**
 * The type of a field: a scalar or a fixed array of them (see {@link FieldType}), `'str'` for a string, `'bytes'`
 * for any number of bytes, an object of types for a record within a record, or what {@link list}, {@link option},
 * {@link record}, {@link enumeration}, {@link flags}, {@link union} and {@link doc} return.
 */
export type KindType =
  | FieldType
  | 'str'
  | 'bytes'
  | Fields
  | ListOf<unknown>
  | OptionOf<unknown>
  | RecordOf<unknown>
  | EnumOf<string, boolean>
  | FlagsOf<string, boolean>
  | UnionOf<unknown, boolean>
  | Documented<unknown>;

/** A list of values. {@link list} makes it. */
export interface ListOf<T> {
  /** Distinguishes the types. */
  readonly form: 'list';
  /** The type of the elements. */
  readonly element: T;
}
/** A value that may be absent. {@link option} makes it. */
export interface OptionOf<T> {
  /** Distinguishes the types. */
  readonly form: 'option';
  /** The type of the value. */
  readonly value: T;
}
/** A record within a record. {@link record} makes it. */
export interface RecordOf<F> {
  /** Distinguishes the types. */
  readonly form: 'record';
  /** The fields of the record. */
  readonly fields: F;
}
/** One of several names. {@link enumeration} makes it. */
export interface EnumOf<N extends string, Open extends boolean> {
  /** Distinguishes the types. */
  readonly form: 'enum';
  /** The names. */
  readonly members: readonly N[];
  /** Whether later versions of the kind may append members. */
  readonly open: Open;
}
/** Any number of several names. {@link flags} makes it. */
export interface FlagsOf<N extends string, Open extends boolean> {
  /** Distinguishes the types. */
  readonly form: 'flags';
  /** The names. */
  readonly members: readonly N[];
  /** Whether later versions of the kind may append members. */
  readonly open: Open;
}
/** A value of one of several types. {@link union} makes it. */
export interface UnionOf<M, Open extends boolean> {
  /** Distinguishes the types. */
  readonly form: 'union';
  /** The types of the members by name. */
  readonly members: M;
  /** Whether later versions of the kind may append members. */
  readonly open: Open;
}
/** A type with documentation. {@link doc} makes it. */
export interface Documented<T> {
  /** Distinguishes the types. */
  readonly form: 'doc';
  /** The type. */
  readonly type: T;
  /** The documentation. */
  readonly doc: string;
}

/** The options of a type that has a name in generated code. */
export interface NamedTypeOptions {
  /** The name of the type in generated code. By default it is derived from the place of the type. */
  readonly as?: string;
}
/** The options of {@link enumeration}, {@link flags} and {@link union}. */
export interface MembersOptions extends NamedTypeOptions {
  /**
   * Whether later minor versions of the kind may append members. Readers then accept members that they do not
   * know. Default: false.
   */
  readonly open?: boolean;
}
type Opened<O> = O extends { readonly open: infer Open extends boolean } ? Open : false;
/** Names, or names with their documentation. */
type Names = readonly string[] | Readonly<Record<string, string>>;
type NameIn<N extends Names> = N extends readonly (infer S extends string)[] ? S : keyof N & string;

/** The models of the types that these functions made. */
const models = new WeakMap<object, TypeModel>();
const docs = new WeakMap<object, { readonly type: unknown; readonly doc: string }>();

function made<T extends object>(type: T, model: TypeModel): T {
  Object.freeze(type);
  models.set(type, model);
  return type;
}

/** Makes the type of a list with any number of elements. */
export function list<const T extends KindType>(element: T): ListOf<T> {
  return made({ form: 'list', element }, { form: 'list', element: typeModel('element', element) });
}

/** Makes the type of a value that may be absent: `undefined` or, as an input, null or a missing member. */
export function option<const T extends KindType>(value: T): OptionOf<T> {
  return made({ form: 'option', value }, { form: 'option', value: typeModel('value', value) });
}

/** Makes a record within a record. An object of types means the same, but takes no options. */
export function record<const F extends Fields>(fields: F, options: NamedTypeOptions = {}): RecordOf<F> {
  const { as } = optionsOf(options, ['as']);
  return made({ form: 'record', fields }, { form: 'record', fields: fieldModels('fields', fields), ...as });
}

/** Makes the type of one of several names. An object gives each name its documentation. */
export function enumeration<const N extends Names, const O extends MembersOptions = object>(
  names: N,
  options?: O,
): EnumOf<NameIn<N>, Opened<O>> {
  const { open, as } = optionsOf(options ?? {}, ['open', 'as']);
  const members = memberModels(names);
  const type = { form: 'enum', members: namesOf<NameIn<N>>(members), open: open as Opened<O> } as const;
  return made(type, { form: 'enum', members, open, ...as });
}

/** Makes the type of any number of several names, at most 32. An object gives each name its documentation. */
export function flags<const N extends Names, const O extends MembersOptions = object>(
  names: N,
  options?: O,
): FlagsOf<NameIn<N>, Opened<O>> {
  const { open, as } = optionsOf(options ?? {}, ['open', 'as']);
  const members = memberModels(names);
  const type = { form: 'flags', members: namesOf<NameIn<N>>(members), open: open as Opened<O> } as const;
  return made(type, { form: 'flags', members, open, ...as });
}

/** Makes the type of a value of one of several types. A member whose type is null has no value. */
export function union<
  const M extends Readonly<Record<string, KindType | null>>,
  const O extends MembersOptions = object,
>(members: M, options?: O): UnionOf<M, Opened<O>> {
  const { open, as } = optionsOf(options ?? {}, ['open', 'as']);
  const read = Object.entries(readOptions('members', members));
  const model = read.map(([name, type]) => unionMember(name, type));
  return made(
    { form: 'union', members, open: open as Opened<O> },
    { form: 'union', members: model, open, ...as },
  );
}

/** Adds documentation to the type of a field or of a union's member. */
export function doc<const T extends KindType | null>(type: T, text: string): Documented<T> {
  if (typeof text !== 'string') throw invalidArgument('text', `must be a string, not ${shown(text)}`);
  const documented = Object.freeze({ form: 'doc', type, doc: text } as const);
  docs.set(documented, { type, doc: text });
  return documented;
}

function optionsOf(
  options: MembersOptions,
  known: readonly string[],
): { open: boolean; as: { as?: string } } {
  const read = readOptions('options', options);
  checkKnown('the type', read, known);
  const { open = false, as } = read;
  checkBoolean('open', open);
  if (as !== undefined && typeof as !== 'string')
    throw invalidArgument('as', `must be a string, not ${shown(as)}`);
  return { open, as: as === undefined ? {} : { as } };
}

function memberModels(names: Names): MemberModel[] {
  if (!isObject(names))
    return arrayOf('names', names, 'names, or an object with their documentation').map((name) => ({
      name: nameOf(name),
    }));
  const read = Object.entries(readOptions('names', names as Readonly<Record<string, string>>));
  return read.map(([name, text]) => (nameOf(text) === '' ? { name } : { name, doc: text }));
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalidArgument(
    'names',
    `must be an array of strings, or documentation by name, not ${shown(value)}`,
  );
}

function namesOf<N extends string>(members: readonly MemberModel[]): readonly N[] {
  return Object.freeze(members.map(({ name }) => name as N));
}

function unionMember(name: string, given: unknown): UnionMember {
  const { type, doc } = undocumented(given);
  return { name, type: type === null ? null : typeModel(`members.${name}`, type), ...doc };
}

/** Separates a type from its documentation. */
export function undocumented(given: unknown): { type: unknown; doc: { doc?: string } } {
  const found = isObject(given) ? docs.get(given) : undefined;
  return found === undefined ? { type: given, doc: {} } : { type: found.type, doc: { doc: found.doc } };
}

/** Converts the fields of a definition to their model. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function fieldModels(at: string, fields: unknown, depth = 1): readonly FieldModel[] {
  if (depth > LIMITS.depth) throw invalidArgument(at, `is nested deeper than ${LIMITS.depth} levels`);
  if (!isObject(fields) || isBuilt(fields))
    throw invalidArgument(
      at,
      `must be an object of field types, { a: 'i32' } for example, not ${shown(fields)}`,
    );
  return Object.entries(readOptions(at, fields)).map(([name, given]) => {
    const { type, doc } = undocumented(given);
    return { name, type: typeModel(`${at}.${name}`, type, depth + 1), ...doc };
  });
}

function typeModel(at: string, given: unknown, depth = 1): TypeModel {
  const { type } = undocumented(given);
  if (isObject(type)) {
    const model = models.get(type);
    if (model !== undefined) return model;
    const fields = fieldModels(at, type, depth);
    if (fields.length > 0) return { form: 'record', fields };
    throw invalidArgument(at, 'is a record without fields');
  }
  if (typeof type === 'string') return simpleType(at, type);
  throw invalidArgument(at, `must be a type such as 'u32', 'str' or list('str'), not ${shown(type)}`);
}

function isBuilt(value: object): boolean {
  return models.has(value) || docs.has(value);
}
