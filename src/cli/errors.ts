/** Prints lists of errors. */
import type { TenonError } from '../index.js';
import type { Output } from './io.js';
import { printable, wrappedLines } from './text.js';

/** Prints a heading with the number of errors, then the path, code and message of each. Prints nothing for none. */
export function showErrors(out: Output, title: string, errors: readonly TenonError[]): void {
  if (errors.length === 0) return;
  out.line();
  out.line(out.bold(`${errors.length} ${title}`));
  for (const error of errors) {
    out.line(`  ${printable(error.path ?? '')}`);
    out.line(`    ${out.red(error.code)}${error.gate === undefined ? '' : ` at ${error.gate}`}`);
    out.line(wrappedLines(error.message, out.columns, '      '));
  }
}
