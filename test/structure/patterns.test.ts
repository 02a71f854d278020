/** The patterns of the sources: none takes more than linear time, because many see the text of plugins. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/index.js';

/** A regular expression where an expression may begin. */
const LITERAL =
  /(?<=[(=,:[!&|?{};]\s*|\breturn\s+|^\s*)\/((?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?=[\s.,;)\]])/gm;
/** Patterns of names that are at most 63 characters long. */
const SHORT_INPUT = ['src/cli/new-project.ts'];

const SIZE = 100_000;
/** Milliseconds of processor time. A quadratic pattern needs more than a second. */
const MOST_MS = 400;

interface Pattern {
  readonly source: string;
  readonly pattern: RegExp;
  readonly place: string;
}

function patternsIn(file: string): Pattern[] {
  const code = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(LITERAL)].flatMap(([whole, source = '', flags = ''], i, all) => {
    const line = code.slice(0, all[i]?.index ?? code.indexOf(whole)).split('\n').length;
    const place = `${relative(root, file)}:${line}`;
    try {
      return { source, pattern: new RegExp(source, flags.replace(/[gy]/g, '')), place };
    } catch {
      return [];
    }
  });
}

const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name));
const patterns = files
  .flatMap(patternsIn)
  .filter(({ place }) => !SHORT_INPUT.some((file) => place.startsWith(file)));

/** Returns long strings that match much of the pattern and fail at their end. */
function attacks(source: string): string[] {
  const usual = [
    'a',
    'A',
    '0',
    ' ',
    '\t',
    '\n',
    '\r',
    '_',
    '.',
    ':',
    '/',
    '\\',
    '-',
    '\0',
    '(',
    '<',
    'Z',
    'N',
    'é',
  ];
  const own = source.replace(/\\[a-zA-Z]/g, '').replace(/[\\^$*+?()[\]{}|]/g, '');
  const characters = [...new Set([...usual, ...own])];
  const words = source.match(/[A-Za-z0-9_:#@ ]{2,}/g) ?? [];
  const pairs = characters.flatMap((one) => usual.slice(0, 12).map((other) => one + other));
  const units = [...characters, ...pairs, ...words];
  const after = words.flatMap((word) => [' ', 'a', '0'].map((one) => word + one.repeat(SIZE)));
  return [...units.map((unit) => unit.repeat(Math.ceil(SIZE / unit.length))), ...after].map(
    (text) => `${text}\u0007`,
  );
}

/** Returns the processor time of a match, the least of three. */
function costOf(pattern: RegExp, text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3 && least > MOST_MS / 10; i++) {
    const before = process.cpuUsage();
    pattern.test(text);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

test('the patterns are found', () => {
  expect(patterns.length).toBeGreaterThan(80);
});

test('no pattern of the sources takes more than linear time', { timeout: 600_000 }, () => {
  const slow = patterns.flatMap(({ source, pattern, place }) => {
    const text = attacks(source).find((attack) => costOf(pattern, attack) > MOST_MS);
    return text === undefined ? [] : [`${place}: /${source}/ on ${JSON.stringify(text.slice(0, 20))}…`];
  });
  expect(slow).toEqual([]);
});

test('the test detects a slow pattern', { timeout: 600_000 }, () => {
  expect(attacks('\\0+$').some((attack) => costOf(/\0+$/, attack) > MOST_MS)).toBe(true);
});
