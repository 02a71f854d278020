/** Text in columns of a terminal. Apart from text.ts, because the table of widths takes long to load. */
import stringWidth from 'string-width';
import { printable } from './text.js';

/** Returns the terminal columns of a string. East Asian characters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/**
 * Wraps prose into lines of at most `width` columns where words allow it. All lines but the first are
 * indented.
 */
export function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ').map(printable)) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

/** Formats rows as lines. Columns are two spaces apart and as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const safe = rows.map((row) => row.map(printable));
  const columns = Math.max(0, ...safe.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...safe.map((row) => widthOf(row[i] ?? ''))),
  );
  return safe.map((row) =>
    (indent + row.map((cell, i) => padded(cell, widths[i] ?? 0)).join('  ')).trimEnd(),
  );
}

/** Pads a string with spaces to a width in columns. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Shortens a string to `width` columns, with an ellipsis for the part left out at its start or end. */
export function shortened(text: string, width: number, at: 'start' | 'end' = 'end'): string {
  if (widthOf(text) <= width) return text;
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  if (at === 'start') characters.reverse();
  let left = width - 1;
  const kept = characters.slice(
    0,
    characters.findIndex((character) => {
      left -= widthOf(character);
      return left < 0;
    }),
  );
  return at === 'start' ? `…${kept.reverse().join('')}` : `${kept.join('')}…`;
}
