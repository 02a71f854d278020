/** Sample values of the types of kinds, as a program would pass them. */
import type { FieldModel, TypeModel } from '../kinds/model.js';

/** Returns a record. Variant 0 has zeros, empty strings and first members; variant 1 has other values. */
export function sampleRecord(fields: readonly FieldModel[], variant: number): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, type }) => [name, sample(type, variant)]));
}

function sample(type: TypeModel, variant: number): unknown {
  switch (type.form) {
    case 'scalar':
      return scalar(type.scalar, variant);
    case 'array':
      return Array.from({ length: type.length }, () => scalar(type.scalar, variant));
    case 'str':
      return variant === 0 ? '' : 'The quick brown fox';
    case 'bytes':
      return Buffer.from(variant === 0 ? '' : 'The quick brown fox');
    case 'list':
      return variant === 0 ? [] : [sample(type.element, 0), sample(type.element, 1)];
    case 'option':
      return variant === 0 ? undefined : sample(type.value, 1);
    case 'record':
      return sampleRecord(type.fields, variant);
    case 'enum':
      return (variant === 0 ? type.members[0] : type.members.at(-1))?.name;
    case 'flags':
      return variant === 0 ? [] : type.members.map(({ name }) => name);
    case 'union': {
      const member = variant === 0 ? type.members[0] : type.members.at(-1);
      if (member === undefined) return undefined;
      const tag = member.name;
      return member.type === null ? { tag } : { tag, value: sample(member.type, variant) };
    }
  }
}

function scalar(name: string, variant: number): unknown {
  if (name === 'bool') return variant === 1;
  return name === 'i64' || name === 'u64' ? BigInt(variant) : variant;
}
