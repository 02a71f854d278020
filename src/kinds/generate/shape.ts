/**
 * Which types of a kind are one type. Generated code defines a type once, wherever the kind uses it: two types are the
 * same if they have the same form, names and documentation. A definition in TypeScript and its document therefore make
 * the same code, although only the first knows which of its types are one object.
 */
import type { FieldModel, KindModel, NamesType, RecordType, TypeModel, UnionType } from '../model.js';

/** A type that generated code defines under a name. */
export type NamedType = RecordType | NamesType | UnionType;

const shapes = new WeakMap<TypeModel, string>();

/** Returns a string that two types share exactly if they are the same. */
export function shapeOf(type: TypeModel): string {
  let shape = shapes.get(type);
  if (shape === undefined) {
    shape = JSON.stringify(type);
    shapes.set(type, shape);
  }
  return shape;
}

/** Returns whether generated code defines the type under a name. */
export function isNamed(type: TypeModel): type is NamedType {
  return type.form === 'record' || 'members' in type;
}

/** Returns the types directly within a type, each with the words that its place adds to a name. */
export function innerTypes(type: TypeModel): readonly (readonly [words: string, type: TypeModel])[] {
  switch (type.form) {
    case 'list':
      return [['', type.element]];
    case 'option':
      return [['', type.value]];
    case 'record':
      return type.fields.map((field) => [field.name, field.type]);
    case 'union':
      return type.members.flatMap(({ name, type: inner }) =>
        inner === null ? [] : [[name, inner] as const],
      );
    default:
      return [];
  }
}

/** A record of a method or an event. */
export interface KindRecord {
  /** The name of the method or event. */
  readonly owner: string;
  readonly side: 'input' | 'output' | 'item' | 'event';
  readonly fields: readonly FieldModel[];
}

/** Returns the records of all methods and events of a kind, in their order. */
export function recordsOf(kind: KindModel): KindRecord[] {
  const methods = kind.methods.flatMap((method): KindRecord[] => {
    if (method.form === 'bytes') return [];
    const { name: owner } = method;
    const input = { owner, side: 'input', fields: method.input } as const;
    return method.form === 'record'
      ? [input, { owner, side: 'output', fields: method.output }]
      : [input, { owner, side: 'item', fields: method.item }];
  });
  const events = kind.events.map(({ name, fields }) => ({ owner: name, side: 'event' as const, fields }));
  return [...methods, ...events];
}
