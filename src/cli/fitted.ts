/** Tables that fit the terminal. */
import { padded, printable, shortened, widthOf } from './text.js';

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Makes the column optional: it is omitted if the table is too wide, the highest number first. */
  readonly spare?: number;
  /** The end at which cells are shortened if the table is still too wide. */
  readonly shorten?: 'start' | 'end';
  readonly align?: 'right';
}

interface Measured<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

const GAP = 2;
/** The minimum width of a shortened cell. */
const LEAST = 8;

/** Returns the lines of a table that is at most `width` columns wide, if its cells allow that. */
export function fitted<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  indent = '  ',
): string[] {
  const measured = columns.map((column) => {
    const cells = [column.title, ...rows.map((row) => printable(column.cell(row)))];
    return { column, cells, width: Math.max(...cells.map(widthOf)) };
  });
  const shown = shortenedColumns(withoutSpare(measured, width - indent.length), width - indent.length);
  return Array.from({ length: rows.length + 1 }, (_, i) => {
    const cells = shown.map(({ column, cells, width: own }) => cellText(cells[i] ?? '', column, own));
    return (indent + cells.join(' '.repeat(GAP))).trimEnd();
  });
}

function totalOf(columns: readonly { readonly width: number }[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP);
}

function withoutSpare<Row>(columns: readonly Measured<Row>[], width: number): readonly Measured<Row>[] {
  if (totalOf(columns) <= width) return columns;
  const sparest = Math.max(...columns.map(({ column }) => column.spare ?? 0));
  if (sparest === 0) return columns;
  return withoutSpare(
    columns.filter(({ column }) => column.spare !== sparest),
    width,
  );
}

/** Shortens the columns until they fit, the widest one first. */
function shortenedColumns<Row>(columns: readonly Measured<Row>[], width: number): readonly Measured<Row>[] {
  const over = totalOf(columns) - width;
  const flexible = columns.filter(({ column, width: own }) => column.shorten !== undefined && own > LEAST);
  if (over <= 0 || flexible.length === 0) return columns;
  const [widest, next] = flexible.toSorted((a, b) => b.width - a.width);
  if (widest === undefined) return columns;
  const target = Math.max(LEAST, widest.width - over, Math.min(next?.width ?? LEAST, widest.width - 1));
  const narrower = columns.map((one) => (one === widest ? { ...one, width: target } : one));
  return shortenedColumns(narrower, width);
}

function cellText<Row>(text: string, { shorten, align }: Column<Row>, width: number): string {
  const cell = shorten === undefined ? text : shortened(text, width, shorten);
  return align === 'right' ? ' '.repeat(Math.max(0, width - widthOf(cell))) + cell : padded(cell, width);
}
