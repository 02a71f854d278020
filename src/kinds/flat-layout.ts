/**
 * Flat records: those whose fields are all scalars and fixed arrays. Their bytes are a C struct and nothing else,
 * so generated code reads and writes each field at a constant place.
 */
import { SCALAR_SIZE, type Scalar } from './layout.js';
import type { FieldModel } from './model.js';
import { place } from './wire.js';

/** The position of a field in a record. */
export interface FieldLayout {
  /** The name of the field. */
  readonly name: string;
  /** The scalar type of the field, or of its elements. */
  readonly scalar: Scalar;
  /** The number of elements of an array; null for a scalar. */
  readonly length: number | null;
  /** The distance from the beginning of the record, in bytes. */
  readonly offset: number;
  /** The size in bytes. For an array it is the size of the whole array. */
  readonly size: number;
}

/** The layout of a flat record. */
export interface Layout {
  /** The positions of the fields, in the order of their declaration. */
  readonly fields: readonly FieldLayout[];
  /** The size in bytes, including padding. */
  readonly size: number;
  /** The alignment in bytes; 1 for a record without fields. */
  readonly align: number;
}

/** Returns the layout of a flat record; null for any other record. */
export function flatLayout(fields: readonly FieldModel[]): Layout | null {
  const { fields: placed, size, align } = place(fields);
  const flat: FieldLayout[] = [];
  for (const { field, offset } of placed) {
    const { name, type } = field;
    if (type.form !== 'scalar' && type.form !== 'array') return null;
    const length = type.form === 'array' ? type.length : null;
    const { scalar } = type;
    flat.push({ name, scalar, length, offset, size: SCALAR_SIZE[scalar] * (length ?? 1) });
  }
  return { fields: flat, size, align };
}
