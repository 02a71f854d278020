/** Names in generated Rust code. */
import { wrap } from './c-text.js';

const KEYWORDS = new Set(
  `abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl
  in let loop macro match mod move mut override priv pub ref return self Self static struct super trait true try type
  typeof union unsafe unsized use virtual where while yield _`.split(/\s+/),
);

/** The types and traits that generated code uses by their plain names. */
const USED =
  `Box Broken Builder Clone Copy Cursors Debug Default EmitError Eq Err Error From Hash Host IntoIterator
  Iterator Kind List LongArray Method Ok Option Output PartialEq Plugin Reader Record Result Self Send Sink Sized Some
  None String Typed Value Vec Writer Written`.split(/\s+/);

/** Returns the name, with a trailing underscore if it is a keyword. */
const plain = (name: string): string => (KEYWORDS.has(name) ? `${name}_` : name);

/** Returns the names of the members of one scope: none is a keyword, and all differ. */
export function members(names: readonly string[], style: (name: string) => string = plain): string[] {
  const used = new Set<string>();
  return names.map((name) => unused(plain(style(name)), used));
}

function unused(name: string, used: Set<string>): string {
  let one = name;
  while (used.has(one)) one += '_';
  used.add(one);
  return one;
}

/** `find_in` and `findIn` become `FindIn`. */
export function pascal(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const joined = words.join('');
  return /^[A-Za-z]/.test(joined) ? joined : `N${joined}`;
}

/** `readOnly` becomes `READ_ONLY`. */
export function screaming(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return /^[A-Z]/.test(words) ? words : `N${words}`;
}

/** The names of the types of a module. */
export class RustTypeNames {
  readonly #used = new Set(USED);

  /** Returns a name that no other type has. */
  claim(wanted: string): string {
    return unused(wanted, this.#used);
  }
}

/** Returns the lines of a doc comment. */
export function docs(indent: string, ...paragraphs: readonly (string | undefined)[]): string[] {
  const given = paragraphs.filter((one) => one !== undefined && one.trim() !== '') as string[];
  return given.flatMap((one, i) => [
    ...(i > 0 ? [`${indent}///`] : []),
    ...wrapped(one, 110 - indent.length).map((line) => `${indent}/// ${line}`.trimEnd()),
  ]);
}

/** Breaks a string into lines. Characters that end a line for some reader are replaced. */
function wrapped(text: string, width: number): string[] {
  const words = text.replaceAll(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return wrap(plainMarkdown(words), width).map(harmlessStart);
}

/**
 * Escapes what rustdoc would read as a link, a tag or a block of code, which it would check or compile. Code between
 * single backticks stays code.
 */
function plainMarkdown(text: string): string {
  return text
    .split(/(?<!`)(`[^`]+`)(?!`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll(/[\\`<>[\]]/g, '\\$&')))
    .join('');
}

/** Escapes what would begin a list, a heading or another block at the start of a line. */
function harmlessStart(line: string): string {
  return line.replace(/^[-+*#=~|]/, '\\$&').replace(/^(\d+)([.)])/, '$1\\$2');
}

/** Returns a Rust string literal. Every character that is not printable ASCII is escaped. */
export function literal(text: string): string {
  const escaped = [...text].map((one) =>
    one === '"' || one === '\\'
      ? `\\${one}`
      : /[\x20-\x7e]/.test(one)
        ? one
        : `\\u{${one.codePointAt(0)?.toString(16)}}`,
  );
  return `"${escaped.join('')}"`;
}
