/** The prose of documents, comments and messages: the habits of prose/rules.ts do not return. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Passage, passages } from './prose/read.js';
import { rules, SEMICOLONS, WIDTH } from './prose/rules.js';
import { root } from './support/index.js';

/** The rules themselves, and data that quotes foreign text. */
const EXEMPT = /^test\/prose(\/|\.test)|^LICENSE|^test\/check\/corpus/;

/** The folders that are not in the repository. */
const IGNORED = new Set(['.git', 'node_modules', 'dist', 'target', 'coverage', 'tenon-artifacts']);
const isIgnored = (name: string) => IGNORED.has(name) || /^build(-|$)/.test(name);

/** Returns the files of the repository. A machine without git has them, too. */
function files(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return isIgnored(entry.name) ? [] : files(path);
    return entry.isFile() && !EXEMPT.test(path) ? [path] : [];
  });
}

/** The text with marks for ends of sentences: a list item ends one, tables and code hold none. */
function sentences(text: string): string {
  return text
    .replaceAll(/^ {4,}.*$/gm, (code) => '.'.repeat(code.length))
    .replaceAll(/`[^`]*`/g, (code) => code.replaceAll(/[.;:!?]/g, '_'))
    .replaceAll(/^ *\|.*$/gm, (row) => '.'.repeat(row.length))
    .replaceAll(/^ *(?:[-*]|\d+\.)(?= )/gm, (mark) => '.'.repeat(mark.length));
}

function faultsOf(file: string, { kind, line, text }: Passage): string[] {
  const at = (index: number) => line + text.slice(0, index).split('\n').length - 1;
  // A line break is white space like any other: a habit does not hide behind one.
  const flat = text.replaceAll(/\s/g, ' ');
  const found = rules
    .filter(({ only }) => only === undefined || only === kind)
    .flatMap(({ pattern, write }) => {
      const match = pattern.exec(flat);
      return match === null ? [] : [`${file}:${at(match.index)}: "${match[0].trim()}": write ${write}`];
    });
  if (kind === 'literal') return found;
  const joined = SEMICOLONS.exec(sentences(text));
  if (joined !== null) found.push(`${file}:${at(joined.index)}: three facts in one sentence of semicolons`);
  for (const [index, row] of text.split('\n').entries()) {
    if (row.length > WIDTH && !/^\s*\||https?:\/\//.test(row)) {
      found.push(`${file}:${line + index}: ${row.length} characters; lines of prose have at most ${WIDTH}`);
    }
  }
  return found;
}

describe('prose', () => {
  test('is read from every type of file', () => {
    expect(
      passages('a.ts', "const a = /'/; // What\n/** b */ call('c', `d`);")?.map(({ text }) => text.trim()),
    ).toEqual(['What', 'b', 'c', 'd']);
    expect(passages('a.c', `char a = '"'; /* b */ "c"`)?.map(({ text }) => text.trim())).toEqual(['b', 'c']);
    expect(passages('a.rs', `fn f<'a>(x: &'a str) { "b" } // c`)?.map(({ text }) => text.trim())).toEqual([
      'b',
      'c',
    ]);
    expect(passages('a.md', '# a\n\n```\nb\n```\n\nc\n')?.map(({ text }) => text.trim())).toEqual([
      '# a',
      'c',
    ]);
    expect(passages('a.cmake', 'set(A "#b") # c\n')?.map(({ text }) => text.trim())).toEqual(['c']);
  });

  test('is plain', () => {
    const found = files().flatMap((file) =>
      (passages(file, readFileSync(join(root, file), 'utf8')) ?? []).flatMap((passage) =>
        faultsOf(file, passage),
      ),
    );
    expect(found, `${found.length} places`).toEqual([]);
  });
});
