/** Checks the generated sections of the documentation. Each is between two comments of its file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { root } from '../support/index.js';

/** Checks that the section `name` of a file is `text`. `npm run readme` makes it write the section first. */
export function expectGenerated(file: string, name: string, text: string): void {
  const path = join(root, file);
  const found = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [found.indexOf(begin), found.indexOf(end)];
  expect(from, `${file} must contain ${begin}`).toBeGreaterThan(-1);
  expect(to, `${file} must contain ${end} after ${begin}`).toBeGreaterThan(from);
  const expected = `${found.slice(0, from)}${begin}\n\n${text}\n\n${found.slice(to)}`;
  if (process.env['TENON_UPDATE_DOCS'] === '1') writeFileSync(path, expected);
  expect(readFileSync(path, 'utf8'), `${file} is out of date. Run npm run readme`).toBe(expected);
}
