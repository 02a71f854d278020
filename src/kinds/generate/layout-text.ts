/** Lays out nested expressions: on one line if they fit, otherwise one part a line. */

/** An expression: a string, or parts between two brackets. */
export type Expression =
  | string
  | { readonly open: string; readonly parts: readonly Part[]; readonly close: string };
/** A part of an expression, for example the member of an object. */
export interface Part {
  /** The text before the expression: `name: `. */
  readonly label: string;
  readonly value: Expression;
}

const WIDTH = 100;

/** Returns the source of an expression that begins at this column of a line with this indent. */
export function laidOut(value: Expression, indent: number, column: number): string {
  if (typeof value === 'string') return value;
  const flat = oneLine(value);
  if (column + flat.length <= WIDTH) return flat;
  const inner = ' '.repeat(indent + 2);
  const lines = value.parts.map(
    ({ label, value: part }) => `${inner}${label}${laidOut(part, indent + 2, indent + 2 + label.length)},`,
  );
  return [value.open, ...lines, `${' '.repeat(indent)}${value.close}`].join('\n');
}

function oneLine(value: Expression): string {
  if (typeof value === 'string') return value;
  const parts = value.parts.map(({ label, value: part }) => label + oneLine(part));
  const space = value.open.endsWith('{') && parts.length > 0 ? ' ' : '';
  return `${value.open}${space}${parts.join(', ')}${space}${value.close}`;
}

/** Returns a string literal with single quotes. */
export function quoted(text: string): string {
  const json = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}
