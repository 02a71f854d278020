/** Errors of several files, as lists. */
import type { TenonError } from '../index.js';
import type { Output } from './io.js';
import { printable, wrappedLines } from './text.js';

/** A heading with the number of errors, then each with its path, code and message; nothing for none. */
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
