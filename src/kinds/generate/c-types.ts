/** The C types of a kind: their names, the functions that handle them, and the order of their definitions. */
import type { Scalar } from '../layout.js';
import type {
  ArrayType,
  FieldModel,
  ListType,
  MemberModel,
  OptionType,
  RecordType,
  TypeModel,
} from '../model.js';
import { alignOf, hasSpans, place, sizeOf } from '../wire.js';
import { Names, safeAll } from './names.js';
import { type NamedType, shapeOf } from './shape.js';

/** A type in C. The functions are names; null if there is none. */
export interface CType {
  readonly model: TypeModel;
  /** The type of a value: `uint32_t`, `text_hit`. */
  readonly c: string;
  readonly size: number;
  readonly align: number;
  /** Whether values have spans. Such a value is written by `put`, the others by `store`. */
  readonly spans: boolean;
  /** Checks a value: `(reader, at, field)`. Null if any bytes are valid. */
  readonly check: string | null;
  readonly get: string;
  /** `store` or `put`. */
  readonly write: string;
  /** The types of which this one consists, with the names that the model gives them. */
  readonly parts: readonly CPart[];
}
/** A field of a record, a member of a union (`type` is null without a value), or the content of a list or option. */
export interface CPart {
  readonly model: MemberModel;
  readonly type: CType | null;
}

/** The uses of a type. */
export interface Uses {
  /** Messages with it are read. */
  read: boolean;
  /** It is made from a message: what is read, and the elements of lists that are written. */
  got: boolean;
  written: boolean;
  /** It is written field by field. */
  streamed: boolean;
}

/** The C types of scalars. */
export const C_SCALAR: Readonly<Record<Scalar, string>> = {
  i8: 'int8_t',
  u8: 'uint8_t',
  i16: 'int16_t',
  u16: 'uint16_t',
  i32: 'int32_t',
  u32: 'uint32_t',
  i64: 'int64_t',
  u64: 'uint64_t',
  f32: 'float',
  f64: 'double',
  bool: 'bool',
};
/** The ends of the names of functions that a type may have. */
const SUFFIXES = ['_check', '_get', '_put', '_store', '_at', '_push', '_add', '_writer', '_emit'];
/** The underscores that may follow the name of a field, which is perhaps a keyword. See {@link safeAll}. */
const SPARE = ['', '_', '__', '___'];

/** The types of a kind. */
export class CTypes {
  /** The types that the header defines, each behind those that it consists of. */
  readonly defined: CType[] = [];
  readonly uses = new Map<CType, Uses>();
  readonly names = new Names();
  readonly #prefix: string;
  readonly #shared = new Map<string, CType>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Returns the record of a method or event, a type of its own. Null if it has no bytes. */
  record(fields: readonly FieldModel[], place: string): CType | null {
    const model: RecordType = { form: 'record', fields };
    if (sizeOf(model) === 0) return null;
    const type = this.#define(model, place);
    this.defined.push(type);
    return type;
  }

  /** Returns a type at a place: `find_out_hits`. Defines it if the runtime does not have it. */
  of(model: TypeModel, place: string): CType {
    switch (model.form) {
      case 'scalar':
        return builtin(model, model.scalar, C_SCALAR[model.scalar]);
      case 'str':
      case 'bytes':
        return builtin(model, model.form, `tenon_${model.form}`);
      case 'array':
        return this.of({ form: 'record', fields: [{ name: 'items', type: model }] }, place);
      case 'list':
        return this.#around(model, this.of(model.element, place), place);
      case 'option':
        return this.#around(model, sizeOf(model.value) === 0 ? null : this.of(model.value, place), place);
      default:
        return this.#named(model, place);
    }
  }

  /** Marks a type, and those of which it consists, as used. */
  use(type: CType, how: Partial<Uses>): void {
    const uses = this.uses.get(type) ?? { read: false, got: false, written: false, streamed: false };
    this.uses.set(type, uses);
    Object.assign(uses, how);
    const { form } = type.model;
    const streamed = how.streamed === true && (form === 'record' || form === 'list');
    const got = how.got === true || (how.written === true && form === 'list');
    for (const part of type.parts) {
      if (part.type === null) continue;
      const { streamed: _, ...rest } = how;
      this.use(part.type, { ...rest, ...(streamed ? { streamed } : {}), ...(got ? { got } : {}) });
    }
  }

  /** A list or an option. `inner` is null for an option without content. */
  #around(model: ListType | OptionType, inner: CType | null, place: string): CType {
    const parts: CPart[] = [{ model: { name: 'value' }, type: inner }];
    const simple = inner?.model.form === 'scalar' ? inner.model.scalar : inner?.model.form;
    if (inner?.model.form === 'scalar' || simple === 'str' || simple === 'bytes')
      return made(model, `tenon_${simple}_${model.form}`, parts);
    const own = inner !== null && !inner.c.startsWith('tenon_');
    const wanted = own ? `${inner.c}_${model.form}` : `${this.#prefix}_${place}_${model.form}`;
    return this.#share(model, () => made(model, this.names.claim(wanted, SUFFIXES), parts));
  }

  #named(model: NamedType, place: string): CType {
    return this.#share(model, () => this.#define(model, model.as ?? place));
  }

  /** Makes a type whose name is based on `base`. */
  #define(model: NamedType, base: string): CType {
    const fields = model.form === 'record' ? model.fields : [];
    const setters = fields.flatMap(({ name }) =>
      SPARE.flatMap((spare) => [`_set_${name}${spare}`, `_begin_${name}${spare}`]),
    );
    const name = this.names.claim(`${this.#prefix}_${base}`, [...SUFFIXES, ...setters]);
    const type = made(model, name, this.#parts(model, base));
    if (model.form !== 'enum' && model.form !== 'flags') return type;
    return {
      ...type,
      check: model.open ? null : type.check,
      get: 'tenon_u32_get',
      write: 'tenon_u32_store',
    };
  }

  #parts(model: NamedType, base: string): CPart[] {
    if (model.form === 'record')
      return model.fields.map((field) => ({
        model: field,
        type:
          field.type.form === 'array'
            ? arrayType(field.type)
            : this.#part(field.type, `${base}_${field.name}`),
      }));
    if (model.form !== 'union') return [];
    return model.members.map((member) => ({
      model: member,
      type: member.type === null ? null : this.#part(member.type, `${base}_${member.name}`),
    }));
  }

  #part(type: TypeModel, place: string): CType | null {
    return sizeOf(type) === 0 ? null : this.of(type, place);
  }

  /** Makes a type, unless the kind has it already. */
  #share(model: TypeModel, make: () => CType): CType {
    const shape = shapeOf(model);
    const known = this.#shared.get(shape);
    if (known !== undefined) return known;
    const type = make();
    this.#shared.set(shape, type);
    this.defined.push(type);
    return type;
  }
}

function made(model: TypeModel, c: string, parts: readonly CPart[]): CType {
  const spans = hasSpans(model);
  const checked = spans || model.form === 'option' || 'members' in model;
  return {
    model,
    c,
    size: sizeOf(model),
    align: alignOf(model),
    spans,
    check: checked || parts.some(({ type }) => type !== null && type.check !== null) ? `${c}_check` : null,
    get: `${c}_get`,
    write: `${c}_${spans ? 'put' : 'store'}`,
    parts,
  };
}

function builtin(model: TypeModel, name: string, c: string): CType {
  const type = made(model, `tenon_${name}`, []);
  return { ...type, c, check: type.spans || name === 'bool' ? `tenon_${name}_check` : null };
}

/** An array as the field of a record, which is a member of the struct. */
function arrayType(model: ArrayType): CType {
  const type = made(model, C_SCALAR[model.scalar], []);
  return { ...type, check: model.scalar === 'bool' ? 'tenon_bools_check' : null };
}

/** A part with its name in C, and its offset in the fixed part. */
export interface CField extends CPart {
  readonly name: string;
  readonly type: CType;
  readonly offset: number;
}

/** Returns the fields of a record that have bytes. The others have no member in the struct. */
export function fieldsOf(type: CType): CField[] {
  const { fields } = place((type.model as RecordType).fields);
  const types = type.parts.map((part) => part.type?.c ?? '');
  // C++ refuses a member with the name of a type that the struct uses.
  const names = safeAll(
    fields.map(({ field }) => field.name),
    types,
  );
  return type.parts.flatMap((part, i) =>
    part.type === null
      ? []
      : [{ ...part, type: part.type, name: names[i] ?? '', offset: fields[i]?.offset ?? 0 }],
  );
}

/** Adds an offset to an expression. */
export const plus = (base: string, offset: number): string => (offset === 0 ? base : `${base} + ${offset}`);

/** The heads of the functions of a type. */
export const signature = {
  check: (type: CType) =>
    `static inline bool ${type.c}_check(tenon_reader *r, size_t at, const char *field) {`,
  get: (type: CType) => `static inline ${type.c} ${type.get}(const uint8_t *message, size_t at) {`,
  store: (type: CType) => `static inline void ${type.write}(uint8_t *to, const ${type.c} *value) {`,
  put: (type: CType) =>
    `static inline void ${type.write}(tenon_writer *w, size_t at, const ${type.c} *value) {`,
};
