/**
 * Kinds: typed plugins. A kind names methods; a plugin that offers it has a table of them, one slot for each, in the same
 * order. Every method has the C signature of `something`; what its bytes mean is agreed here: a record (a C struct, see
 * layout.ts) or plain bytes.
 *
 *     const math = defineKind({
 *       name: 'math',
 *       version: '1.0.0',
 *       methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
 *     });
 *     (await instance.as(math).min({ a: 1, b: 2 })).result; // 1, a number
 */
import semver from 'semver';
import { METHODS } from '../base/abi.js';
import { kindOf } from '../base/bytes.js';
import { invalidArgument, TenonError } from '../base/errors.js';
import { callSettings } from '../tiers/call-options.js';
import {
  type CallOptions,
  type MethodRef,
  SOMETHING,
  type TierBinding,
  type TierInstance,
} from '../tiers/tier.js';
import { type FieldInput, type FieldOutput, type Fields, type Layout, layoutOf } from './layout.js';
import { compileRecord, looseRecord, type RecordFactory, type RecordMethodCode } from './typed-record.js';

/** A method with a record in and a record out. Made by {@link method}. */
export interface RecordMethod<I extends Fields = Fields, O extends Fields = Fields> {
  readonly form: 'record';
  readonly input: I;
  readonly output: O;
  readonly inputLayout: Layout;
  readonly outputLayout: Layout;
}

/** A method with plain bytes in and out. Made by {@link method}`.bytes()`. */
export interface BytesMethod {
  readonly form: 'bytes';
}

export type KindMethod = RecordMethod | BytesMethod;

/** Methods by name; their order is that of the slots. */
export type Methods = Readonly<Record<string, KindMethod>>;

/** A kind. Made by {@link defineKind}. */
export interface Kind<M extends Methods = Methods> {
  readonly name: string;
  /** The version that the host was written for. */
  readonly version: string;
  /** What `get_extension` is asked for: `math/1`. */
  readonly id: string;
  /** The versions of the kind that a plugin may offer. */
  readonly range: string;
  readonly methods: M;
}

/** What {@link defineKind} takes. */
export interface KindDefinition<M extends Methods> {
  /** A lower-case letter, then up to 31 more of `a-z`, `0-9`, `_`, `-`. */
  readonly name: string;
  /** Semantic. The major version is part of the id; a method appended raises the minor. */
  readonly version: string;
  /** The versions to accept, as a semver range that includes `version`. Default: `^version`. */
  readonly range?: string;
  /** At least one; slot 0 is the first. */
  readonly methods: M;
}

/** What goes in for a record of the fields `F`, and what comes out, as their readers see them. */
type Input<F extends Fields> = { readonly [Name in keyof F]: FieldInput<F[Name]> };

/** A method that blocks. One without input fields is called without arguments. */
type CallSync<M extends KindMethod> =
  M extends RecordMethod<infer I, infer O>
    ? keyof I extends never
      ? () => { -readonly [Name in keyof O]: FieldOutput<O[Name]> }
      : (input: Input<I>) => { -readonly [Name in keyof O]: FieldOutput<O[Name]> }
    : (input: Uint8Array, options?: CallOptions) => Buffer;

/** The same with a promise. */
type Call<M extends KindMethod> =
  M extends RecordMethod<infer I, infer O>
    ? keyof I extends never
      ? (options?: CallOptions) => Promise<{ -readonly [Name in keyof O]: FieldOutput<O[Name]> }>
      : (
          input: Input<I>,
          options?: CallOptions,
        ) => Promise<{ -readonly [Name in keyof O]: FieldOutput<O[Name]> }>
    : (input: Uint8Array, options?: CallOptions) => Promise<Buffer>;

/** The methods of a kind, bound to an instance: `instance.as(kind)`. They reject as `call` does, with the options of `call`. */
export type KindApi<K extends Kind> = { readonly [Name in keyof K['methods']]: Call<K['methods'][Name]> };

/** The methods of a kind that block: `instance.asSync(kind)`. They throw as `callSync` does. */
export type KindApiSync<K extends Kind> = {
  readonly [Name in keyof K['methods']]: CallSync<K['methods'][Name]>;
};

const KIND_NAME = /^[a-z][a-z0-9_-]{0,31}$/;
const METHOD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/** An object with `then` would be taken for a promise, `__proto__` is no ordinary member. */
const RESERVED = ['then', '__proto__'];

/** Says what a method takes and gives: the fields of two C structs, in their order. `method.bytes()`: plain bytes. */
export const method = Object.assign(recordMethod, { bytes: bytesMethod });

/** What was made, and so checked, here. */
const made = new WeakSet<object>();

function sealed<T extends object>(value: T): Readonly<T> {
  made.add(value);
  return Object.freeze(value);
}

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the field */
function recordMethod<const I extends Fields, const O extends Fields>(
  input: I,
  output: O,
): RecordMethod<I, O> {
  const inputLayout = layoutOf(input, 'input');
  const outputLayout = layoutOf(output, 'output');
  return sealed({ form: 'record', input, output, inputLayout, outputLayout });
}

function bytesMethod(): BytesMethod {
  return sealed({ form: 'bytes' });
}

/** Defines a kind. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names what is wrong */
export function defineKind<const M extends Methods>(definition: KindDefinition<M>): Kind<M> {
  requireObject('definition', definition);
  const { name, version, range = `^${version}`, methods } = definition;
  if (typeof name !== 'string' || !KIND_NAME.test(name)) {
    throw invalidArgument(
      'name',
      `must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter, not ${shown(name)}`,
    );
  }
  if (typeof version !== 'string' || semver.valid(version) !== version) {
    throw invalidArgument('version', `must be a semantic version such as 1.0.0, not ${shown(version)}`);
  }
  if (typeof range !== 'string' || range === '' || semver.validRange(range) === null) {
    throw invalidArgument('range', `must be a semver range such as ^1.0.0, not ${shown(range)}`);
  }
  if (!semver.satisfies(version, range)) {
    throw invalidArgument(
      'range',
      `must include the version ${version} itself, which ${shown(range)} does not`,
    );
  }
  checkMethods(methods);
  const id = `${name}/${semver.major(version)}`;
  return sealed({ name, version, id, range, methods: Object.freeze({ ...methods }) });
}

function checkMethods(methods: unknown): void {
  requireObject('methods', methods);
  const entries = Object.entries(methods);
  if (entries.length === 0 || entries.length > METHODS.max) {
    throw invalidArgument('methods', `must be 1 to ${METHODS.max} methods, not ${entries.length}`);
  }
  for (const [name, value] of entries) {
    if (!METHOD_NAME.test(name) || RESERVED.includes(name)) {
      const rule = `be a letter or _ and at most 62 more letters, digits or _, and none of ${RESERVED.join(', ')}`;
      throw invalidArgument('methods', `has ${JSON.stringify(name)}, but a name must ${rule}`);
    }
    if (!isMethod(value))
      throw invalidArgument(`methods.${name}`, 'must be made by method(…) or method.bytes()');
  }
}

function isMethod(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'form' in value && made.has(value);
}

/** Refuses what {@link defineKind} has not made. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function requireKind(argument: string, value: unknown): asserts value is Kind {
  if (typeof value === 'object' && value !== null && 'methods' in value && made.has(value)) return;
  throw invalidArgument(argument, `must be made by defineKind, not ${shown(value)}`);
}

/**
 * Binds all methods of a kind to an instance, without blocking. `offered` are the plugin's kinds and versions by its descriptor; without
 * one (null) only the table itself can be asked.
 * @throws TenonError ERR_TENON_MISSING_KIND that says which side to upgrade
 */
export function bindKind<K extends Kind>(
  kind: K,
  instance: TierInstance,
  offered: Readonly<Record<string, string>> | null,
): KindApi<K> {
  return bindMethods(kind, instance, offered, (value, binding) =>
    value.form === 'bytes'
      ? (input: Uint8Array, options?: CallOptions) => binding.call(input, options)
      : bindAsyncRecord(value, binding),
  ) as KindApi<K>;
}

/** The same with methods that block. */
export function bindKindSync<K extends Kind>(
  kind: K,
  instance: TierInstance,
  offered: Readonly<Record<string, string>> | null,
): KindApiSync<K> {
  return bindMethods(kind, instance, offered, (value, binding) =>
    value.form === 'bytes'
      ? (input: Uint8Array, options?: CallOptions) => binding.callSync(input, options)
      : bindRecord(value, binding),
  ) as KindApiSync<K>;
}

function bindMethods(
  kind: Kind,
  instance: TierInstance,
  offered: Readonly<Record<string, string>> | null,
  bind: (value: KindMethod, binding: TierBinding) => unknown,
): unknown {
  requireKind('kind', kind);
  checkOffer(kind, instance, offered);
  const api: Record<string, unknown> = {};
  for (const [slot, [name, value]] of Object.entries(kind.methods).entries())
    api[name] = bind(value, instance.bind({ kind: kind.id, slot, name: `${kind.name}.${name}` }));
  return Object.freeze(api);
}

/** Compiled once for each method, then bound to each instance. */
const factories = new WeakMap<RecordMethod, RecordFactory>();

function bindRecord(value: RecordMethod, binding: TierBinding): RecordMethodCode['call'] {
  return factoryOf(value)(binding.record(value.inputLayout.size, value.outputLayout.size)).call;
}

function factoryOf(value: RecordMethod): RecordFactory {
  let factory = factories.get(value);
  if (factory === undefined) {
    factory = compileRecord(value.inputLayout, value.outputLayout);
    factories.set(value, factory);
  }
  return factory;
}

/**
 * A record call with a promise. Where calls run on this thread it is the blocking one. Elsewhere the same compiled code fills the input
 * and reads the output, around a call of plain bytes, which copies its input before it returns.
 */
function bindAsyncRecord(value: RecordMethod, binding: TierBinding): unknown {
  const hasInput = value.inputLayout.fields.length > 0;
  const call = binding.blocking ? promised(bindRecord(value, binding)) : sentRecord(value, binding);
  return hasInput ? call : (options?: CallOptions) => call(undefined, options);
}

type AsyncRecordCall = (members: unknown, options?: CallOptions) => Promise<unknown>;

function promised(call: RecordMethodCode['call']): AsyncRecordCall {
  return async (members, options) => {
    if (options !== undefined) callSettings(options, undefined).signal?.throwIfAborted();
    return call(members);
  };
}

function sentRecord(value: RecordMethod, binding: TierBinding): AsyncRecordCall {
  const { size } = value.outputLayout;
  const memory = looseRecord(value.inputLayout.size, size);
  const { write, read } = factoryOf(value)(memory);
  const input = new Uint8Array(memory.input, 0, value.inputLayout.size);
  const output = new Uint8Array(memory.output, 0, size);
  return async (members, options) => {
    write(members);
    output.set(await binding.callRecord(input, size, options));
    return read();
  };
}

function checkOffer(
  kind: Kind,
  instance: TierInstance,
  offered: Readonly<Record<string, string>> | null,
): void {
  if (offered !== null) checkVersion(kind, offered);
  const needed = Object.keys(kind.methods).length;
  const count = instance.methodCount(kind.id);
  if (count >= needed) return;
  throw missingKind(
    kind,
    count === 0
      ? `its get_extension does not know ${kind.id}. Use a plugin of this kind, or build it against this major version`
      : `its table ${kind.id} has ${count} of the ${needed} methods of version ${kind.version}. Upgrade the plugin`,
  );
}

function checkVersion(kind: Kind, offered: Readonly<Record<string, string>>): void {
  const version = Object.hasOwn(offered, kind.name) ? offered[kind.name] : undefined;
  if (version === undefined) {
    const list = Object.entries(offered).map(([name, one]) => `${name} ${one}`);
    throw missingKind(
      kind,
      `its descriptor lists ${list.join(', ') || 'no kinds'}. Use a plugin of this kind`,
    );
  }
  if (semver.satisfies(version, kind.range)) return;
  const comparable = semver.valid(version) !== null;
  const newer = comparable && semver.gtr(version, kind.range);
  const older = comparable && semver.ltr(version, kind.range);
  const cure = newer
    ? 'Upgrade the host'
    : older
      ? 'Upgrade the plugin'
      : 'Use a version that the host accepts';
  throw missingKind(kind, `it has version ${version} of the kind, this host accepts ${kind.range}. ${cure}`);
}

function missingKind(kind: Kind, problem: string): TenonError {
  return new TenonError(
    'ERR_TENON_MISSING_KIND',
    `Cannot use the plugin as ${kind.name} ${kind.version}: ${problem}.`,
  );
}

/** A method that a name may mean. */
interface Named {
  readonly kind: Kind;
  readonly ref: MethodRef;
  /** `encode`, `codec.encode`, `codec/1.encode`. */
  readonly names: readonly [own: string, withKind: string, withId: string];
}

/**
 * The method that a name means: `encode` where only one of the kinds has it, `codec.encode` otherwise; `something` is the
 * one that every plugin has.
 * @throws TenonError ERR_TENON_MISSING_KIND if none of the kinds has it; ERR_TENON_INVALID_ARGUMENT if more than one has
 */
export function findMethod(kinds: readonly Kind[], name: string): MethodRef {
  return name === SOMETHING.name ? SOMETHING : lookUp(kinds, name).ref;
}

/**
 * Binds the method that a name means, as {@link findMethod}, after the version of its kind was checked as {@link bindKind}
 * does.
 * @throws TenonError ERR_TENON_MISSING_KIND, ERR_TENON_INVALID_ARGUMENT, ERR_TENON_CLOSED
 */
export function bindMethod(
  kinds: readonly Kind[],
  name: string,
  instance: TierInstance,
  offered: Readonly<Record<string, string>> | null,
): TierBinding {
  if (name === SOMETHING.name) return instance.bind(SOMETHING);
  const { kind, ref } = lookUp(kinds, name);
  if (offered !== null) checkVersion(kind, offered);
  return instance.bind(ref);
}

function lookUp(kinds: readonly Kind[], name: string): Named {
  if (typeof name !== 'string' || name === '')
    throw invalidArgument('name', `must be the name of a method, not ${shown(name)}`);
  const all = kinds.flatMap(namesOf);
  const found = all.filter((one) => one.names.includes(name));
  const [first, second] = found;
  if (first === undefined) {
    const known = [SOMETHING.name, ...all.map((one) => one.ref.name)].join(', ');
    const cure = "Give the host its kind (option 'kinds'), or name the kind's id and the slot";
    throw new TenonError(
      'ERR_TENON_MISSING_KIND',
      `Cannot find the method ${name}: the host knows ${known}. ${cure}.`,
    );
  }
  if (second === undefined) return first;
  const longer = found.map(({ names: [, withKind, withId] }) => (withKind === name ? withId : withKind));
  const candidates = [...new Set(longer)].join(', ');
  throw invalidArgument('name', `means more than one method: ${candidates}; name the kind too`);
}

function namesOf(kind: Kind): Named[] {
  return Object.keys(kind.methods).map((own, slot) => {
    const name = `${kind.name}.${own}`;
    return { kind, ref: { kind: kind.id, slot, name }, names: [own, name, `${kind.id}.${own}`] };
  });
}

function requireObject(argument: string, value: unknown): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalidArgument(argument, `must be an object, not ${shown(value)}`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
}
