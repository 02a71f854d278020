/** The Rust types of a kind. */
import { SCALAR_SIZE, type Scalar } from '../layout.js';
import type { FieldModel, KindModel, NamesType, TypeModel, UnionType } from '../model.js';
import { hasSpans, sizeOf } from '../wire.js';
import { pascal, RustTypeNames } from './rust-names.js';
import { innerTypes, isNamed, shapeOf } from './shape.js';

/** A type that the module defines. */
export interface RustType {
  readonly name: string;
  readonly model:
    | { readonly form: 'record'; readonly fields: readonly FieldModel[]; readonly doc?: string | undefined }
    | NamesType
    | UnionType;
  /** Whether it is the record that a method returns: the module defines its fields as functions. */
  readonly output: boolean;
}

/** Arrays with more bytes are views, so that no value fills the stack. */
const LONG_ARRAY = 4096;

/** The types of a kind, with their names. */
export class RustTypes {
  readonly names = new RustTypeNames();
  /** The types in the order of their definition. */
  readonly all: RustType[] = [];
  /** The names of the types that methods and events share, by their shapes. */
  readonly #shared = new Map<string, string>();

  /** Adds the record of a method, of a cursor or of an event: a type of its own. */
  record(wanted: string, fields: readonly FieldModel[], output = false, doc?: string): string {
    const name = this.names.claim(wanted);
    this.all.push({ name, model: { form: 'record', fields, doc }, output });
    for (const field of fields) this.#add(`${name}${pascal(field.name)}`, field.type);
    return name;
  }

  #nameOf(type: TypeModel): string {
    return this.#shared.get(shapeOf(type)) ?? '()';
  }

  /** Adds a type and those within it, unless the kind has it already. */
  #add(wanted: string, type: TypeModel): void {
    let base = wanted;
    if (isNamed(type)) {
      const shape = shapeOf(type);
      if (this.#shared.has(shape)) return;
      base = this.names.claim(type.as === undefined ? wanted : pascal(type.as));
      this.#shared.set(shape, base);
      this.all.push({ name: base, model: type, output: false });
    }
    for (const [words, inner] of innerTypes(type))
      this.#add(words === '' ? base : base + pascal(words), inner);
  }

  /** Returns the Rust type of a value, for example `Option<&'a str>`. */
  rust(type: TypeModel, lifetime: string): string {
    switch (type.form) {
      case 'scalar':
        return type.scalar;
      case 'array':
        return isLong(type.scalar, type.length)
          ? `LongArray<${lifetime}, ${type.scalar}, ${type.length}>`
          : `[${type.scalar}; ${type.length}]`;
      case 'str':
        return lifetime === "'_" ? '&str' : `&${lifetime} str`;
      case 'bytes':
        return lifetime === "'_" ? '&[u8]' : `&${lifetime} [u8]`;
      case 'list':
        return `List<${lifetime}, ${this.rust(type.element, lifetime)}>`;
      case 'option':
        return `Option<${this.rust(type.value, lifetime)}>`;
      default:
        return borrows(type) ? `${this.#nameOf(type)}<${lifetime}>` : this.#nameOf(type);
    }
  }
}

function isLong(scalar: Scalar, length: number): boolean {
  return SCALAR_SIZE[scalar] * length > LONG_ARRAY;
}

/** Returns whether values of the type borrow from a message. */
export function borrows(type: TypeModel): boolean {
  switch (type.form) {
    case 'str':
    case 'bytes':
    case 'list':
      return true;
    case 'array':
      return isLong(type.scalar, type.length);
    case 'option':
      return borrows(type.value);
    case 'record':
      return type.fields.some((field) => borrows(field.type));
    case 'union':
      return type.members.some((member) => member.type !== null && borrows(member.type));
    default:
      return false;
  }
}

/** Returns whether every pattern of bits is a value of the type. */
export function isPlain(type: TypeModel): boolean {
  switch (type.form) {
    case 'scalar':
    case 'array':
      return type.scalar !== 'bool';
    case 'enum':
    case 'flags':
      return type.open;
    case 'record':
      return type.fields.every((field) => isPlain(field.type));
    default:
      return false;
  }
}

/** Returns whether a value of zeros is not valid: a union whose first member has a value. */
export function isRequired(type: TypeModel): boolean {
  if (type.form === 'record') return type.fields.some((field) => isRequired(field.type));
  if (type.form !== 'union') return false;
  const [first] = type.members;
  return first !== undefined && first.type !== null && sizeOf(first.type) > 0;
}

/** Returns whether a record has spans. */
export function fieldsHaveSpans(fields: readonly FieldModel[]): boolean {
  return fields.some((field) => hasSpans(field.type));
}

/** The names of the records and cursors of a method. */
export interface MethodTypes {
  readonly input: string;
  readonly output: string;
  readonly cursor: string;
}

/** Adds all types of a kind. Returns its trait's name and the types of each method and event. */
export function typesOf(kind: KindModel): {
  readonly types: RustTypes;
  readonly trait: string;
  readonly methods: readonly MethodTypes[];
  readonly events: readonly string[];
} {
  const types = new RustTypes();
  const trait = types.names.claim(pascal(kind.name));
  const methods = kind.methods.map((method): MethodTypes => {
    if (method.form === 'bytes') return { input: '', output: '', cursor: '' };
    const name = pascal(method.name);
    const input = method.input.length === 0 ? '' : types.record(`${name}In`, method.input);
    if (method.form === 'record')
      return { input, output: types.record(`${name}Out`, method.output, true), cursor: '' };
    const cursor = types.names.claim(`${name}Cursor`);
    return { input, output: types.record(`${name}Item`, method.item), cursor };
  });
  const events = kind.events.map((event) => types.record(pascal(event.name), event.fields, false, event.doc));
  return { types, trait, methods, events };
}
