/** Reads the prose out of a file: paragraphs of Markdown, comments of source text, and string literals. */

/** A piece of prose: a paragraph, a comment, or a literal. */
export interface Passage {
  readonly kind: 'markdown' | 'comment' | 'literal';
  /** The number of the line on which it begins, from 1. */
  readonly line: number;
  readonly text: string;
}

/** How a language writes comments and literals. */
interface Lexis {
  /** Matches one comment, literal or other token that could hide one. */
  readonly token: RegExp;
  /** Decides what a match is; 'other' is skipped. */
  readonly classify: (match: RegExpMatchArray) => Passage['kind'] | 'other';
}

const COMMENTS = String.raw`(?<block>\/\*[\s\S]*?\*\/)|(?<line>\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*)`;
const QUOTED = String.raw`(?<quoted>"(?:\\[\s\S]|[^"\\])*")`;

function classify({ groups = {} }: RegExpMatchArray): Passage['kind'] | 'other' {
  if (groups.block !== undefined || groups.line !== undefined || groups.hash !== undefined) return 'comment';
  return groups.quoted === undefined ? 'other' : 'literal';
}

/** C and C++: a character literal may hold a quotation mark. */
const C: Lexis = { token: new RegExp(`${COMMENTS}|${QUOTED}|'(?:\\\\.|[^'\\\\\\n])+'`, 'g'), classify };

/** Rust: as C, with raw strings; an apostrophe alone is a lifetime. */
const RUST: Lexis = {
  token: new RegExp(`${COMMENTS}|r(#*)"[\\s\\S]*?"\\3|${QUOTED}|'(?:\\\\.[^']*|[^'\\\\\\n])'`, 'g'),
  classify,
};

/**
 * TypeScript and JavaScript: a slash begins a regular expression where no value can precede it. A template is
 * one literal; what is substituted into it counts as its text.
 */
const SCRIPT: Lexis = {
  token: new RegExp(
    `${COMMENTS}|(?<quoted>'(?:\\\\[\\s\\S]|[^'\\\\\\n])*'|"(?:\\\\[\\s\\S]|[^"\\\\\\n])*"|\`(?:\\\\[\\s\\S]|[^\`\\\\])*\`)` +
      '|(?<=(?:[(,=:[!&|?{};>]|return|=>)\\s*)\\/(?![*/])(?:\\\\.|\\[(?:\\\\.|[^\\]\\\\\\n])*\\]|[^/\\\\\\n[])+\\/[a-z]*',
    'g',
  ),
  classify,
};

/** Shell, CMake, YAML and the like: a comment begins with # after white space. */
const HASH: Lexis = {
  token: /(?<=^|[ \t\n])(?<hash>#(?!!)[^\n]*(?:\n[ \t]*#[^\n]*)*)|"(?:\\.|[^"\\])*"/g,
  classify,
};

const LEXES: readonly [RegExp, Lexis][] = [
  [/\.(c|h|cc|h\.in)$/, C],
  [/\.rs$/, RUST],
  [/\.(ts|cts|mts|mjs|js)$/, SCRIPT],
  [/(\.(cmake|sh|yml|toml|asan|clang-format)|CMakeLists\.txt|\/run|\.gitignore)$/, HASH],
];

/** The comment without its marks: what a reader reads. */
function bare(comment: string): string {
  return comment
    .replace(/^\/\*[*!]?|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(\*(?!\*)|\/\/[/!]?|#+)?[ \t]?/, ''))
    .join('\n');
}

function markdown(text: string): Passage[] {
  const prose = text
    .replace(/^(```|~~~)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, (code) => code.replace(/[^\n]+/g, ''))
    .replace(/<!--[\s\S]*?-->/g, (hidden) => hidden.replace(/[^\n]/g, ''));
  return [...prose.matchAll(/(?:^(?!\s*$)[^\n]*(?:\n|$))+/gm)].map((match) => ({
    kind: 'markdown' as const,
    line: prose.slice(0, match.index).split('\n').length,
    text: match[0],
  }));
}

/** The prose of a file, or undefined if it is of a type that holds none. */
export function passages(path: string, text: string): readonly Passage[] | undefined {
  if (path.endsWith('.md')) return markdown(text);
  const lexis = LEXES.find(([pattern]) => pattern.test(path))?.[1];
  if (lexis === undefined) return undefined;
  const found: Passage[] = [];
  for (const match of text.matchAll(lexis.token)) {
    const kind = lexis.classify(match);
    if (kind === 'other') continue;
    const line = text.slice(0, match.index).split('\n').length;
    found.push({ kind, line, text: kind === 'comment' ? bare(match[0]) : match[0].slice(1, -1) });
  }
  return found;
}
