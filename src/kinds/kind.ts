/**
 * Kinds: typed plugins. A kind names methods. A plugin that offers the kind has a method table with one slot
 * per method (three for a cursor), in the same order. Every method has the C signature of `something`. The kind
 * defines the meaning of its bytes: a record (see wire.ts) or plain bytes.
 *
 *     const text = defineKind({
 *       name: 'text',
 *       version: '1.1.0',
 *       methods: {
 *         find: method({ text: 'str', needle: 'str' }, { total: 'u32', hits: list({ at: 'u32', line: 'u32' }) }),
 *         lines: method({ text: 'str' }, cursor({ line: 'str' })),
 *       },
 *       events: { progress: { done: 'u64' } },
 *     });
 *     (await instance.as(text).find({ text: 'abc', needle: 'b' })).hits; // { at: number; line: number }[]
 */
import semver from 'semver';
import { invalidArgument } from '../base/errors.js';
import { checkKnown, isObject, readOptions, shown } from '../base/options.js';
import { type KindDocument, toDocument } from './document.js';
import type { EventModel, KindModel, MethodModel } from './model.js';
import { checkModel, checkRecord } from './model-check.js';
import { type Documented, type Fields, fieldModels, undocumented } from './types.js';

/** A method that takes a record and returns a record. {@link method} makes it. */
export interface RecordMethod<I = Fields, O = Fields, S extends string | undefined = string | undefined> {
  /** Distinguishes the forms of methods. */
  readonly form: 'record';
  /** The fields of the input record. */
  readonly input: I;
  /** The fields of the output record. */
  readonly output: O;
  /** The minor version of the kind that appended the method; undefined for one that the first version has. */
  readonly since: S;
}

/** A method that takes a record and returns any number of records, some at a time. {@link method} makes it. */
export interface CursorMethod<I = Fields, C = Fields, S extends string | undefined = string | undefined> {
  /** Distinguishes the forms of methods. */
  readonly form: 'cursor';
  /** The fields of the input record. */
  readonly input: I;
  /** The fields of the records that it returns. */
  readonly item: C;
  /** The minor version of the kind that appended the method; undefined for one that the first version has. */
  readonly since: S;
}

/** A method that takes plain bytes and returns plain bytes. `method.bytes()` makes it. */
export interface BytesMethod<S extends string | undefined = string | undefined> {
  /** Distinguishes the forms of methods. */
  readonly form: 'bytes';
  /** The minor version of the kind that appended the method; undefined for one that the first version has. */
  readonly since: S;
}

/** A method of a kind. */
export type KindMethod = RecordMethod | CursorMethod | BytesMethod;

/** The methods of a kind by name. Their order is the order of the slots in the plugin's method table. */
export type Methods = Readonly<Record<string, KindMethod>>;

/** The typed messages of a kind by name: the fields of each, perhaps with documentation. */
export type Events = Readonly<Record<string, Fields | Documented<Fields>>>;

/** A kind: a named and versioned set of methods. {@link defineKind} makes it. */
export interface Kind<M extends Methods = Methods, E extends Events = Events> {
  /** The name of the kind, for example `math`. */
  readonly name: string;
  /** The version of the kind that the host was written for. */
  readonly version: string;
  /**
   * The id that is passed to the plugin's `get_extension`: the name and the major version, for example
   * `math/1`.
   */
  readonly id: string;
  /** The semver range of the versions of the kind that a plugin may offer. */
  readonly range: string;
  /** The methods of the kind. Each uses one slot of the plugin's method table, and a cursor uses three. */
  readonly methods: M;
  /** The typed messages that plugins of the kind emit. */
  readonly events: E;
  /** Returns the document of the kind, which is checked in as `NAME.kind.json`. Generators read it. */
  toJSON(): KindDocument;
}

/** The argument of {@link defineKind}. */
export interface KindDefinition<M extends Methods, E extends Events = Events> {
  /** The name of the kind: a lower-case letter, then up to 31 characters of `a-z`, `0-9`, `_` and `-`. */
  readonly name: string;
  /**
   * The version of the kind, a semantic version. The major version is part of the id. Appending a method
   * raises the minor version.
   */
  readonly version: string;
  /** The documentation of the kind. */
  readonly doc?: string;
  /**
   * The versions that a plugin may offer, as a semver range that includes `version`. Default: `^version`, or
   * every version of the same major if a method has `since`.
   */
  readonly range?: string;
  /**
   * The methods, which use 1 to 256 slots. The first uses slot 0 of the plugin's method table. A name is a
   * letter or `_` and up to 62 more letters, digits or `_`.
   */
  readonly methods: M;
  /** The typed messages that plugins of the kind emit: the fields of each by name. */
  readonly events?: E;
}

/** The options of {@link method}. */
export interface MethodOptions {
  /** The documentation of the method. */
  readonly doc?: string;
  /**
   * The minor version of the kind that appended the method. Plugins of an earlier version lack it: there it is
   * undefined.
   */
  readonly since?: string;
}
type Since<X> = X extends { readonly since: infer S extends string } ? S : undefined;

/** The records that a cursor method returns. {@link cursor} makes it. */
export interface CursorOf<F> {
  /** Distinguishes it from fields. */
  readonly form: 'cursor';
  /** The fields of the records. */
  readonly item: F;
}

/**
 * Makes the output of a method that returns any number of records, some at a time. `as` returns an async iterable
 * for it, `asSync` an iterable.
 */
export function cursor<const F extends Fields>(item: F): CursorOf<F> {
  return sealed({ form: 'cursor', item });
}

/**
 * Makes the methods of a kind.
 *
 * - `method(input, output)` makes a method whose input and output are records.
 * - `method(input, cursor(fields))` makes a method that returns any number of records.
 * - `method.bytes()` makes a method whose input and output are plain bytes.
 *
 * The last argument has the documentation of the method (`doc`) and the version that appended it (`since`).
 *
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT if a field's name or type is invalid; `argument` is
 *   `input`, `output` or the field, for example `input.a`
 */
export const method = Object.assign(recordMethod, {
  /** Makes a method whose input and output are plain bytes. */
  bytes: bytesMethod,
});

/** The values that this module made, and has therefore checked. */
const made = new WeakSet<object>();
/** The models of methods, without their names. */
const bodies = new WeakMap<object, Body>();
const models = new WeakMap<object, KindModel>();

type Body = MethodModel extends infer M ? (M extends MethodModel ? Omit<M, 'name'> : never) : never;

function sealed<T extends object>(value: T): Readonly<T> {
  made.add(value);
  return Object.freeze(value);
}

/** Makes a method that returns a record. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the field */
function recordMethod<const I extends Fields, const O extends Fields, const X extends MethodOptions = object>(
  input: I,
  output: O,
  options?: X,
): RecordMethod<I, O, Since<X>>;
/** Makes a method that returns a cursor. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the field */
function recordMethod<const I extends Fields, const C extends Fields, const X extends MethodOptions = object>(
  input: I,
  output: CursorOf<C>,
  options?: X,
): CursorMethod<I, C, Since<X>>;
function recordMethod(input: Fields, output: Fields | CursorOf<Fields>, options?: MethodOptions): KindMethod {
  const { head, since } = headOf(options);
  const fields = checkedFields('input', input);
  if (isCursor(output)) {
    const item = checkedFields('cursor', output.item);
    const value = sealed({ form: 'cursor', input, item: output.item, since } as const);
    bodies.set(value, { ...head, form: 'cursor', input: fields, item });
    return value;
  }
  const value = sealed({ form: 'record', input, output, since } as const);
  bodies.set(value, { ...head, form: 'record', input: fields, output: checkedFields('output', output) });
  return value;
}

function bytesMethod<const X extends MethodOptions = object>(options?: X): BytesMethod<Since<X>> {
  const { head, since } = headOf(options);
  const value = sealed({ form: 'bytes', since: since as Since<X> } as const);
  bodies.set(value, { ...head, form: 'bytes' });
  return value;
}

function isCursor(output: unknown): output is CursorOf<Fields> {
  return isObject(output) && made.has(output) && 'item' in output;
}

function checkedFields(at: string, fields: unknown): ReturnType<typeof fieldModels> {
  const model = fieldModels(at, fields);
  checkRecord(at, model, 1);
  return model;
}

function headOf(options: MethodOptions | undefined): {
  head: { doc?: string; since?: string };
  since: string | undefined;
} {
  if (options === undefined) return { head: {}, since: undefined };
  const read = readOptions('options', options);
  checkKnown('a method', read, ['doc', 'since']);
  const head: { doc?: string; since?: string } = {};
  if (read.doc !== undefined) head.doc = textOption('doc', read.doc);
  if (read.since !== undefined) head.since = textOption('since', read.since);
  return { head, since: head.since };
}

function textOption(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalidArgument(name, `must be a string, not ${shown(value)}`);
}

/**
 * Defines a kind.
 *
 * ```js
 * const math = defineKind({
 *   name: 'math',
 *   version: '1.0.0',
 *   methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
 * });
 * const { min } = instance.as(math);
 * console.log((await min({ a: 7, b: -3 })).result); // -3
 * ```
 *
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the invalid member of the definition
 */
export function defineKind<const M extends Methods, const E extends Events = Record<never, never>>(
  definition: KindDefinition<M, E>,
): Kind<M, E> {
  const {
    name,
    version,
    range: given,
    methods: named,
    events: emitted,
    doc,
  } = readOptions('definition', definition);
  const methods = Object.freeze({ ...readOptions('methods', named) });
  const events = Object.freeze({ ...readOptions('events', emitted ?? ({} as E)) });
  const model: KindModel = {
    name,
    ...(doc === undefined ? {} : { doc: textOption('doc', doc) }),
    version,
    methods: Object.entries(methods).map(([name, value]) => methodModel(name, value)),
    events: Object.entries(events).map(([name, value]) => eventModel(name, value)),
  };
  checkModel(model);
  const range = rangeOf(given, model);
  const id = `${name}/${semver.major(version)}`;
  const toJSON = (): KindDocument => toDocument(model);
  const kind = sealed({ name, version, id, range, methods, events, toJSON });
  models.set(kind, model);
  return kind;
}

function methodModel(name: string, value: unknown): MethodModel {
  const body = isObject(value) ? bodies.get(value) : undefined;
  if (body !== undefined) return { name, ...body };
  throw invalidArgument(`methods.${name}`, 'must be made by method(…) or method.bytes()');
}

function eventModel(name: string, value: unknown): EventModel {
  const { type, doc } = undocumented(value);
  return { name, ...doc, fields: fieldModels(`events.${name}`, type) };
}

function rangeOf(given: unknown, { version, methods }: KindModel): string {
  const range = given ?? defaultRange(version, methods);
  if (typeof range !== 'string' || range === '' || semver.validRange(range) === null) {
    throw invalidArgument('range', `must be a semver range such as ^1.0.0, not ${shown(range)}`);
  }
  if (semver.satisfies(version, range)) return range;
  const problem = `must include the version ${version} itself, which ${shown(range)} does not`;
  throw invalidArgument('range', problem);
}

function defaultRange(version: string, methods: readonly MethodModel[]): string {
  if (methods.every(({ since }) => since === undefined)) return `^${version}`;
  const all = `${semver.major(version)}.x`;
  return semver.satisfies(version, all) ? all : `${all} || ^${version}`;
}

/** Refuses a value that {@link defineKind} did not make. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function requireKind(argument: string, value: unknown): asserts value is Kind {
  if (isObject(value) && models.has(value)) return;
  throw invalidArgument(argument, `must be made by defineKind, not ${shown(value)}`);
}

/** Returns the model of a kind. */
export function modelOf(kind: Kind): KindModel {
  requireKind('kind', kind);
  return models.get(kind) as KindModel;
}
