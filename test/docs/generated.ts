/** Parts of the documentation that are written from tables of the code: between two comments of a file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from '../support/index.js';

/** Holds the part `name` of a file against `text`, or writes it where `npm run readme` asked for that. */
export function expectGenerated(file: string, name: string, text: string): void {
  const path = join(root, file);
  const found = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [found.indexOf(begin), found.indexOf(end)];
  expect(from, `${file} has to have ${begin}`).toBeGreaterThan(-1);
  expect(to, `${file} has to have ${end} behind it`).toBeGreaterThan(from);
  const expected = `${found.slice(0, from)}${begin}\n\n${text}\n\n${found.slice(to)}`;
  if (process.env['TENON_UPDATE_DOCS'] === '1') writeFileSync(path, expected);
  expect(readFileSync(path, 'utf8'), `${file} is not what the code says: npm run readme writes it`).toBe(
    expected,
  );
}
