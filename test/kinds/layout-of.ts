/** The layout of the fields of a definition, for tests of flat records. */
import { flatLayout, type Layout } from '../../src/kinds/flat-layout.js';
import type { FieldType } from '../../src/kinds/layout.js';
import { checkRecord } from '../../src/kinds/model-check.js';
import { fieldModels } from '../../src/kinds/types.js';

/** Fields of a flat record. */
export type FlatFields = Readonly<Record<string, FieldType>>;

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT if the fields are invalid */
export function layoutOf(fields: FlatFields, argument = 'fields'): Layout {
  const models = fieldModels(argument, fields);
  checkRecord(argument, models, 1);
  const layout = flatLayout(models);
  if (layout === null) throw new Error('The record is not flat.');
  return layout;
}
