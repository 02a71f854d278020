/** Describes the methods and types of a kind in lines that people read. */
import type { FieldModel, KindModel, TypeModel } from '../../kinds/model.js';

/** Returns a line for each method, event and named type. */
export function signaturesOf(kind: KindModel): string[] {
  const types = new Map<string, TypeModel>();
  const methods = kind.methods.map((method) => {
    const since = method.since === undefined ? '' : `  since ${method.since}`;
    if (method.form === 'bytes') return `${method.name}(bytes) -> bytes${since}`;
    const result =
      method.form === 'record'
        ? `(${fieldWords(method.output, types)})`
        : `cursor of (${fieldWords(method.item, types)})`;
    return `${method.name}(${fieldWords(method.input, types)}) -> ${result}${since}`;
  });
  const events = kind.events.map((event) => `event ${event.name}(${fieldWords(event.fields, types)})`);
  // A type may name others, which are then added while the map is read.
  const named: string[] = [];
  for (const [name, type] of types) named.push(`type ${name} = ${plainWords(type, types)}`);
  return [...methods, ...events, ...named];
}

function fieldWords(fields: readonly FieldModel[], types: Map<string, TypeModel>): string {
  return fields.map(({ name, type }) => `${name}: ${words(type, types)}`).join(', ');
}

/** Describes a type by its name, or in full if it has none. */
function words(type: TypeModel, types: Map<string, TypeModel>): string {
  if (!('as' in type) || type.as === undefined) return plainWords(type, types);
  types.set(type.as, type);
  return type.as;
}

function plainWords(type: TypeModel, types: Map<string, TypeModel>): string {
  switch (type.form) {
    case 'scalar':
      return type.scalar;
    case 'array':
      return `${type.scalar}[${type.length}]`;
    case 'str':
    case 'bytes':
      return type.form;
    case 'list':
      return `list of ${words(type.element, types)}`;
    case 'option':
      return `${words(type.value, types)}?`;
    case 'record':
      return `{ ${fieldWords(type.fields, types)} }`;
    default: {
      const members = type.members.map((member) =>
        'type' in member && member.type !== null
          ? `${member.name}: ${words(member.type, types)}`
          : member.name,
      );
      return `${type.form} { ${[...members, ...(type.open ? ['…'] : [])].join(', ')} }`;
    }
  }
}
