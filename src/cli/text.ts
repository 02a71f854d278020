/** Formats text for the output of commands. */
import { wrapped } from '../base/columns.js';
import { paragraph } from '../base/text.js';

export { padded, shortened, table, widthOf, wrapped } from '../base/columns.js';
export { bytes, count, duration, paragraph, printable } from '../base/text.js';

/** Returns a message of one or more lines, indented, and wrapped to the width of a terminal. */
export function wrappedLines(message: string, columns: number, indent: string): string {
  if (columns === Number.POSITIVE_INFINITY) return paragraph(message, indent);
  const lines = message.replaceAll('\r\n', '\n').trimEnd().split('\n');
  return lines
    .map((line) => {
      const [lead = ''] = /^ */.exec(line.replaceAll('\t', '  ')) ?? [];
      const inner = indent + lead;
      const text = line.replaceAll('\t', '  ').trimStart();
      return inner + wrapped(text, Math.max(20, columns - inner.length), inner);
    })
    .join('\n');
}
