/**
 * The model of a kind: what {@link defineKind} and a kind's document (`text.kind.json`) both describe, and what
 * the encoding, the generators and the comparison work on. It is plain data, without functions.
 */
import type { Scalar } from './layout.js';

/** A scalar: `u32` for example. */
export interface ScalarType {
  readonly form: 'scalar';
  readonly scalar: Scalar;
}
/** An array of a fixed number of scalars: `f32[4]`. */
export interface ArrayType {
  readonly form: 'array';
  readonly scalar: Scalar;
  readonly length: number;
}
/** A string (UTF-8) or plain bytes, of any length. */
export interface SpanType {
  readonly form: 'str' | 'bytes';
}
/** Any number of elements of one type. */
export interface ListType {
  readonly form: 'list';
  readonly element: TypeModel;
}
/** A value that may be absent. The value is not itself an option. */
export interface OptionType {
  readonly form: 'option';
  readonly value: TypeModel;
}
/** A record within a record. */
export interface RecordType {
  readonly form: 'record';
  readonly fields: readonly FieldModel[];
  /** The name of the type in generated code. Without it, the generators derive one from the place of the type. */
  readonly as?: string;
}
/** One of several names (`enum`), or any number of them (`flags`). */
export interface NamesType {
  readonly form: 'enum' | 'flags';
  /** The names. The number of an `enum` member, and the bit of a flag, is the index here. */
  readonly members: readonly MemberModel[];
  /** Whether later minor versions of the kind may append members, so that readers must accept unknown ones. */
  readonly open: boolean;
  readonly as?: string;
}
/** A value of one of several types, and which one it is. */
export interface UnionType {
  readonly form: 'union';
  readonly members: readonly UnionMember[];
  /** Whether later minor versions of the kind may append members, so that readers must accept unknown ones. */
  readonly open: boolean;
  readonly as?: string;
}

/** The type of a field. */
export type TypeModel =
  | ScalarType
  | ArrayType
  | SpanType
  | ListType
  | OptionType
  | RecordType
  | NamesType
  | UnionType;

/** A name with its documentation. */
export interface MemberModel {
  readonly name: string;
  readonly doc?: string;
}
/** A field of a record. */
export interface FieldModel extends MemberModel {
  readonly type: TypeModel;
}
/** A member of a union. `type` is null for a member that has no value. */
export interface UnionMember extends MemberModel {
  readonly type: TypeModel | null;
}

/**
 * A method. A `record` method takes a record and returns one. A `bytes` method takes plain bytes and returns plain
 * bytes. A `cursor` method takes a record and returns any number of records, some at a time.
 */
export type MethodModel = MemberModel & {
  /** The minor version of the kind that appended the method; absent for one that the first version has. */
  readonly since?: string;
} & (
    | {
        readonly form: 'record';
        readonly input: readonly FieldModel[];
        readonly output: readonly FieldModel[];
      }
    | { readonly form: 'bytes' }
    | { readonly form: 'cursor'; readonly input: readonly FieldModel[]; readonly item: readonly FieldModel[] }
  );

/** A typed message that plugins of the kind emit. */
export interface EventModel extends MemberModel {
  readonly fields: readonly FieldModel[];
}

/** A kind. */
export interface KindModel extends MemberModel {
  readonly version: string;
  readonly methods: readonly MethodModel[];
  readonly events: readonly EventModel[];
}

/** The limits of kinds. */
export const LIMITS = {
  /** Records, lists, options and unions within each other, counted from the record of the method. */
  depth: 8,
  /** Fields of one record. */
  fields: 1024,
  /** Members of an enum or a union. */
  members: 4096,
  /** Members of flags: the bits of a u32. */
  flags: 32,
} as const;
