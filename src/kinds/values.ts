/** The JavaScript values of the types of a kind, as TypeScript infers them from a definition. */
import type { AcceptedArray, ArrayValue, FieldInput, FieldOutput, FieldType, Scalar } from './layout.js';
import type { Documented, EnumOf, Fields, FlagsOf, ListOf, OptionOf, RecordOf, UnionOf } from './types.js';

type Bare<T> = T extends Documented<infer U> ? U : T;
type Flat<T> = { [Name in keyof T]: T[Name] };
type Names<N, Open> = N | (Open extends true ? number : never);
type IsOption<T> = Bare<T> extends OptionOf<unknown> ? true : false;

/** A value of type `T` as an input. */
export type InputOf<T> = T extends FieldType
  ? FieldInput<T>
  : T extends 'str'
    ? string
    : T extends 'bytes'
      ? Uint8Array
      : T extends Documented<infer U>
        ? InputOf<U>
        : T extends ListOf<infer E>
          ? InputList<Bare<E>>
          : T extends OptionOf<infer V>
            ? InputOf<V> | null | undefined
            : T extends RecordOf<infer F>
              ? RecordInput<F>
              : T extends EnumOf<infer N, infer Open>
                ? Names<N, Open>
                : T extends FlagsOf<infer N, infer Open>
                  ? readonly Names<N, Open>[]
                  : T extends UnionOf<infer M, boolean>
                    ? UnionInput<M>
                    : T extends Fields
                      ? RecordInput<T>
                      : never;
type InputList<E> = E extends Scalar ? AcceptedArray<E> : readonly InputOf<E>[];
type UnionInput<M> = {
  [Name in keyof M]: Bare<M[Name]> extends null
    ? { readonly tag: Name }
    : { readonly tag: Name; readonly value: InputOf<M[Name]> };
}[keyof M];

/** A record with the fields `F` as an input. An option may be left out. */
export type RecordInput<F> = Flat<
  { readonly [Name in keyof F as IsOption<F[Name]> extends true ? never : Name]: InputOf<F[Name]> } & {
    readonly [Name in keyof F as IsOption<F[Name]> extends true ? Name : never]?: InputOf<F[Name]>;
  }
>;

/** A value of type `T` as an output. */
export type OutputOf<T> = T extends FieldType
  ? FieldOutput<T>
  : T extends 'str'
    ? string
    : T extends 'bytes'
      ? Buffer
      : T extends Documented<infer U>
        ? OutputOf<U>
        : T extends ListOf<infer E>
          ? OutputList<Bare<E>>
          : T extends OptionOf<infer V>
            ? OutputOf<V> | undefined
            : T extends RecordOf<infer F>
              ? RecordOutput<F>
              : T extends EnumOf<infer N, infer Open>
                ? Names<N, Open>
                : T extends FlagsOf<infer N, infer Open>
                  ? Names<N, Open>[]
                  : T extends UnionOf<infer M, infer Open>
                    ? UnionOutput<M, Open>
                    : T extends Fields
                      ? RecordOutput<T>
                      : never;
type OutputList<E> = E extends Scalar ? ArrayValue[E] : OutputOf<E>[];
type UnionOutput<M, Open> =
  | {
      [Name in keyof M]: Bare<M[Name]> extends null ? { tag: Name } : { tag: Name; value: OutputOf<M[Name]> };
    }[keyof M]
  | (Open extends true ? { tag: number } : never);

/** A record with the fields `F` as an output. */
export type RecordOutput<F> = { -readonly [Name in keyof F]: OutputOf<F[Name]> };
