/**
 * Kinds: typed plugins. A kind names methods. A plugin that offers the kind has a method table with one slot
 * per method, in the same order. Every method has the C signature of `something`. The kind defines the
 * meaning of its bytes: a record (a C struct, see layout.ts) or plain bytes.
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
import { invalidArgument, TenonError } from '../base/errors.js';
import { readOptions, shown } from '../base/options.js';
import {
  type CallOptions,
  type MethodRef,
  SOMETHING,
  type TierBinding,
  type TierInstance,
} from '../tiers/tier.js';
import { type FieldInput, type FieldOutput, type Fields, type Layout, layoutOf } from './layout.js';
import { compileRecord, looseRecord, type RecordFactory, type RecordMethodCode } from './typed-record.js';

/** A method that takes a record and returns a record. {@link method} makes it. */
export interface RecordMethod<I extends Fields = Fields, O extends Fields = Fields> {
  /** Distinguishes the method from a {@link BytesMethod}. */
  readonly form: 'record';
  /** The fields of the input record. */
  readonly input: I;
  /** The fields of the output record. */
  readonly output: O;
  /** The layout of the input record in memory. */
  readonly inputLayout: Layout;
  /** The layout of the output record in memory. */
  readonly outputLayout: Layout;
}

/** A method that takes plain bytes and returns plain bytes. `method.bytes()` makes it. */
export interface BytesMethod {
  /** Distinguishes the method from a {@link RecordMethod}. */
  readonly form: 'bytes';
}

/** A method of a kind. */
export type KindMethod = RecordMethod | BytesMethod;

/** The methods of a kind by name. Their order is the order of the slots in the plugin's method table. */
export type Methods = Readonly<Record<string, KindMethod>>;

/** A kind: a named and versioned set of methods. {@link defineKind} makes it. */
export interface Kind<M extends Methods = Methods> {
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
  /** The methods of the kind. Method `i` uses slot `i` of the plugin's method table. */
  readonly methods: M;
}

/** The argument of {@link defineKind}. */
export interface KindDefinition<M extends Methods> {
  /** The name of the kind: a lower-case letter, then up to 31 characters of `a-z`, `0-9`, `_` and `-`. */
  readonly name: string;
  /**
   * The version of the kind, a semantic version. The major version is part of the id. Appending a method
   * raises the minor version.
   */
  readonly version: string;
  /** The versions that a plugin may offer, as a semver range that includes `version`. Default: `^version`. */
  readonly range?: string;
  /**
   * The methods, from 1 to 256 of them. The first uses slot 0 of the plugin's method table. A name is a
   * letter or `_` and up to 62 more letters, digits or `_`.
   */
  readonly methods: M;
}

/** The input of a record method with the fields `F`, as TypeScript shows it. */
type Input<F extends Fields> = { readonly [Name in keyof F]: FieldInput<F[Name]> };

/** A blocking method. A method without input fields is called without arguments. */
type CallSync<M extends KindMethod> =
  M extends RecordMethod<infer I, infer O>
    ? keyof I extends never
      ? () => { -readonly [Name in keyof O]: FieldOutput<O[Name]> }
      : (input: Input<I>) => { -readonly [Name in keyof O]: FieldOutput<O[Name]> }
    : (input: Uint8Array, options?: CallOptions) => Buffer;

/** The same method with a promise. */
type Call<M extends KindMethod> =
  M extends RecordMethod<infer I, infer O>
    ? keyof I extends never
      ? (options?: CallOptions) => Promise<{ -readonly [Name in keyof O]: FieldOutput<O[Name]> }>
      : (
          input: Input<I>,
          options?: CallOptions,
        ) => Promise<{ -readonly [Name in keyof O]: FieldOutput<O[Name]> }>
    : (input: Uint8Array, options?: CallOptions) => Promise<Buffer>;

/**
 * The methods of a kind, bound to an instance by {@link Instance.as}. Each returns a promise and takes the
 * same options as {@link Instance.call}. A record method takes an object with the input fields and resolves
 * to a new object with the output fields. A method without input fields takes only the options. A bytes
 * method takes a Uint8Array and resolves to a Buffer.
 *
 * The promises are rejected with the errors of {@link Instance.call}, and with ERR_TENON_INVALID_ARGUMENT for
 * an input field that does not fit its type; `argument` is the name of the field.
 */
export type KindApi<K extends Kind> = { readonly [Name in keyof K['methods']]: Call<K['methods'][Name]> };

/**
 * The blocking methods of a kind, bound to an instance by {@link Instance.asSync}. They differ from
 * {@link KindApi} in that they return the result itself and throw. A record method takes no options, and refuses
 * them.
 */
export type KindApiSync<K extends Kind> = {
  readonly [Name in keyof K['methods']]: CallSync<K['methods'][Name]>;
};

const KIND_NAME = /^[a-z][a-z0-9_-]{0,31}$/;
const METHOD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/**
 * Names that no method may have. An object with a member `then` would be treated as a promise, and
 * `__proto__` is not an ordinary member.
 */
const RESERVED = ['then', '__proto__'];

/**
 * Makes the methods of a kind.
 *
 * - `method(input, output)` makes a method whose input and output are records: the fields of two C structs,
 *   in the order of the structs.
 * - `method.bytes()` makes a method whose input and output are plain bytes.
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

function sealed<T extends object>(value: T): Readonly<T> {
  made.add(value);
  return Object.freeze(value);
}

/** Makes a method with records. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the field */
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
export function defineKind<const M extends Methods>(definition: KindDefinition<M>): Kind<M> {
  const { name, version, range: given, methods: named } = readOptions('definition', definition);
  if (typeof name !== 'string' || !KIND_NAME.test(name)) {
    throw invalidArgument(
      'name',
      `must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter, not ${shown(name)}`,
    );
  }
  if (typeof version !== 'string' || semver.valid(version) !== version) {
    throw invalidArgument('version', `must be a semantic version such as 1.0.0, not ${shown(version)}`);
  }
  const range = given ?? `^${version}`;
  if (typeof range !== 'string' || range === '' || semver.validRange(range) === null) {
    throw invalidArgument('range', `must be a semver range such as ^1.0.0, not ${shown(range)}`);
  }
  if (!semver.satisfies(version, range)) {
    throw invalidArgument(
      'range',
      `must include the version ${version} itself, which ${shown(range)} does not`,
    );
  }
  const methods = Object.freeze({ ...readOptions('methods', named) });
  checkMethods(methods);
  const id = `${name}/${semver.major(version)}`;
  return sealed({ name, version, id, range, methods });
}

function checkMethods(methods: object): void {
  const entries = Object.entries(methods);
  if (entries.length === 0 || entries.length > METHODS.max) {
    throw invalidArgument('methods', `must be 1 to ${METHODS.max} methods, not ${entries.length}`);
  }
  for (const [name, value] of entries) {
    if (!METHOD_NAME.test(name) || RESERVED.includes(name)) {
      const rule = `be a letter or _ and at most 62 more letters, digits or _, and not one of ${RESERVED.join(', ')}`;
      throw invalidArgument('methods', `has ${JSON.stringify(name)}, but a name must ${rule}`);
    }
    if (!isMethod(value))
      throw invalidArgument(`methods.${name}`, 'must be made by method(…) or method.bytes()');
  }
}

function isMethod(value: unknown): boolean {
  return typeof value === 'object' && value !== null && made.has(value) && 'form' in value;
}

/** Refuses a value that {@link defineKind} did not make. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function requireKind(argument: string, value: unknown): asserts value is Kind {
  if (typeof value === 'object' && value !== null && made.has(value) && 'methods' in value) return;
  throw invalidArgument(argument, `must be made by defineKind, not ${shown(value)}`);
}

/**
 * Binds all methods of a kind to an instance, without blocking. `offered` is the descriptor's list of kinds
 * and versions; without a descriptor it is null, and only the method table itself is checked.
 * @throws TenonError ERR_TENON_MISSING_KIND; the message says which side to upgrade
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

/** Binds all methods of a kind to an instance, as {@link bindKind} does, but as blocking methods. */
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

/** The compiled code by method. It is compiled once per method and bound to each instance. */
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
 * Binds a record method as a method with a promise. If calls run on this thread, it is the blocking method.
 * Otherwise the same compiled code writes the input and reads the output of a call with plain bytes, which
 * copies its input before it returns.
 */
function bindAsyncRecord(value: RecordMethod, binding: TierBinding): unknown {
  const hasInput = value.inputLayout.fields.length > 0;
  const call = binding.blocking ? promised(value, binding) : sentRecord(value, binding);
  return hasInput ? call : (options?: CallOptions) => call(undefined, options);
}

type AsyncRecordCall = (members: unknown, options?: CallOptions) => Promise<unknown>;

/** Calls the blocking method. A call with options is sent like one of another tier, which checks them. */
function promised(value: RecordMethod, binding: TierBinding): AsyncRecordCall {
  const call = bindRecord(value, binding);
  let sent: AsyncRecordCall | undefined;
  return async (members, options) => {
    if (options === undefined) return call(members);
    sent ??= sentRecord(value, binding);
    return sent(members, options);
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

/** A method and its possible names. */
interface Named {
  readonly kind: Kind;
  readonly ref: MethodRef;
  /** The names from the shortest to the longest: `encode`, `codec.encode`, `codec/1.encode`. */
  readonly names: readonly [own: string, withKind: string, withId: string];
}

/**
 * Returns the method of that name. `encode` suffices if only one kind has the method; otherwise the name must
 * include the kind, as in `codec.encode`. The name `something` is the method that every plugin has.
 * @throws TenonError ERR_TENON_MISSING_KIND if none of the kinds has the method
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT if several kinds have it
 */
export function findMethod(kinds: readonly Kind[], name: string): MethodRef {
  return name === SOMETHING.name ? SOMETHING : lookUp(kinds, name).ref;
}

/**
 * Binds the method of that name; see {@link findMethod}. The version of its kind is checked first, as in
 * {@link bindKind}.
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
    const cure = "Pass its kind in the host's option 'kinds', or use method(id, slot)";
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
