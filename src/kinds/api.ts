/** The methods of a kind, bound to an instance, as TypeScript shows them. */
import type { CallOptions } from '../tiers/tier.js';
import type { BytesMethod, CursorMethod, Kind, KindMethod, RecordMethod } from './kind.js';
import type { RecordResults } from './many.js';
import type { Documented, Fields } from './types.js';
import type { RecordInput, RecordOutput } from './values.js';

/** The options of a method that reads a cursor. The timeout and the signal concern each call. */
export interface CursorOptions extends CallOptions {
  /** The largest number of records that one call reads. Default: 256. */
  readonly max?: number;
}

/** A method with records. */
export interface RecordCall<I, O> {
  (input: I, options?: CallOptions): Promise<O>;
  /**
   * Calls the method with many records, which travel together. A record that fails has its status and error
   * message in the result; the other records are still processed.
   */
  many(inputs: readonly I[], options?: CallOptions): Promise<RecordResults<O>>;
}
/** A method with records, without input fields. */
export type PlainCall<O> = (options?: CallOptions) => Promise<O>;
/** A blocking method with records. */
export interface RecordCallSync<I, O> {
  (input: I): O;
  /** Calls the method with many records, which travel together. See {@link RecordCall.many}. */
  many(inputs: readonly I[], options?: CallOptions): RecordResults<O>;
}

/** A method that an older plugin of the kind may not have. */
type Absent<S> = S extends string ? undefined : never;
type IsEmpty<F> = keyof F extends never ? true : false;

type Call<M extends KindMethod> =
  M extends RecordMethod<infer I, infer O, infer S>
    ?
        | (IsEmpty<I> extends true ? PlainCall<RecordOutput<O>> : RecordCall<RecordInput<I>, RecordOutput<O>>)
        | Absent<S>
    : M extends CursorMethod<infer I, infer C, infer S>
      ?
          | (IsEmpty<I> extends true
              ? (options?: CursorOptions) => AsyncGenerator<RecordOutput<C>, void, undefined>
              : (
                  input: RecordInput<I>,
                  options?: CursorOptions,
                ) => AsyncGenerator<RecordOutput<C>, void, undefined>)
          | Absent<S>
      : M extends BytesMethod<infer S>
        ? ((input: Uint8Array, options?: CallOptions) => Promise<Buffer>) | Absent<S>
        : never;

type CallSync<M extends KindMethod> =
  M extends RecordMethod<infer I, infer O, infer S>
    ?
        | (IsEmpty<I> extends true ? () => RecordOutput<O> : RecordCallSync<RecordInput<I>, RecordOutput<O>>)
        | Absent<S>
    : M extends CursorMethod<infer I, infer C, infer S>
      ?
          | (IsEmpty<I> extends true
              ? (options?: CursorOptions) => Generator<RecordOutput<C>, void, undefined>
              : (
                  input: RecordInput<I>,
                  options?: CursorOptions,
                ) => Generator<RecordOutput<C>, void, undefined>)
          | Absent<S>
      : M extends BytesMethod<infer S>
        ? ((input: Uint8Array, options?: CallOptions) => Buffer) | Absent<S>
        : never;

/**
 * The methods of a kind, bound to an instance by {@link Instance.as}.
 *
 * - A record method takes an object with the input fields and resolves to a new object with the output fields.
 *   Without input fields it takes only the options. `many` calls it with many records at once.
 * - A cursor method returns an async iterable of records. The plugin's cursor is opened when the first record is
 *   read, and closed exactly once: at the end, or when the loop is left early.
 * - A bytes method takes a Uint8Array and resolves to a Buffer.
 * - A method with `since` is undefined if the plugin is older than that version.
 *
 * All take the options of {@link Instance.call}. The promises are rejected with the errors of
 * {@link Instance.call}, and with ERR_TENON_INVALID_ARGUMENT for a value that does not fit its type; `argument`
 * is the place of the value, for example `text.find.hits[3].at`.
 */
export type KindApi<K extends Kind> = { readonly [Name in keyof K['methods']]: Call<K['methods'][Name]> };

/**
 * The blocking methods of a kind, bound to an instance by {@link Instance.asSync}. They differ from
 * {@link KindApi} in that they return the result itself and throw, and in that a cursor method returns an
 * iterable. A record method takes no options, and refuses them.
 */
export type KindApiSync<K extends Kind> = {
  readonly [Name in keyof K['methods']]: CallSync<K['methods'][Name]>;
};

/** The value of a kind's event. */
export type EventValue<K extends Kind, Name extends keyof K['events']> =
  K['events'][Name] extends Documented<infer F>
    ? RecordOutput<F>
    : K['events'][Name] extends Fields
      ? RecordOutput<K['events'][Name]>
      : never;
