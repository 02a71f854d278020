/** Parses JSON that was written by hand, with errors that have a line and a column. */
import jsonc from 'jsonc-parser';
import { messageOf } from '../base/errors.js';
import { printable, shortened } from './text.js';
import { UsageError } from './usage.js';

/** The maximum width of the input that an error shows, in columns. */
const SHOWN = 24;

/** Parses JSON. `what`: the option or file, for example `--plugin-config`. @throws UsageError with line and column */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new UsageError(`${what} is not JSON: ${problemIn(text) ?? messageOf(cause)}.`, { cause });
  }
}

/** Returns the place and the reason of the first syntax error, or undefined if only JSON.parse found one. */
function problemIn(text: string): string | undefined {
  const errors: jsonc.ParseError[] = [];
  jsonc.parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (first === undefined) return undefined;
  const before = text.slice(0, first.offset);
  const line = before.split('\n').length;
  const column = before.length - (before.lastIndexOf('\n') + 1) + 1;
  const [rest = ''] = text.slice(first.offset).split('\n');
  const found = rest.trim() === '' ? 'the end of the line' : `'${shortened(printable(rest.trim()), SHOWN)}'`;
  const isEnd = text.slice(first.offset).trim() === '';
  const expected = PROBLEMS[jsonc.printParseErrorCode(first.error)] ?? 'expected JSON';
  return `line ${line}, column ${column}: ${expected}, found ${isEnd ? 'the end' : found}`;
}

/** The problems, by the error names of jsonc-parser. */
const PROBLEMS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'expected a value or a string in double quotes',
  InvalidNumberFormat: 'expected a number',
  PropertyNameExpected: 'expected a name in double quotes',
  ValueExpected: 'expected a value',
  ColonExpected: "expected ':'",
  CommaExpected: "expected ','",
  CloseBraceExpected: "expected ',' or '}'",
  CloseBracketExpected: "expected ',' or ']'",
  EndOfFileExpected: 'expected the end',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfComment: 'JSON has no comments',
  UnexpectedEndOfString: 'expected a string that ends on the same line',
  UnexpectedEndOfNumber: 'expected a digit behind the point or sign',
  InvalidUnicode: 'expected \\u with four hexadecimal digits',
  InvalidEscapeCharacter: 'expected an escape sequence of JSON',
  InvalidCharacter: 'expected a string without control characters',
};
