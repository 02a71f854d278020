import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { expect, test } from 'vitest';
import { errorMeanings } from '../../src/base/errors.js';
import { faultsDir, root } from '../support/index.js';
import { builtFaults, faultTable, renderFaultTable } from './table.js';

const README = join(root, 'README.md');
const BEGIN = '<!-- faults:begin -->';
const END = '<!-- faults:end -->';

test('the README shows the table of faults as it is (scripts/update-readme.mjs writes it)', () => {
  const readme = readFileSync(README, 'utf8');
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  expect(begin, `README.md has to have ${BEGIN}`).toBeGreaterThan(-1);
  expect(end, `README.md has to have ${END} behind it`).toBeGreaterThan(begin);
  const expected = `${readme.slice(0, begin)}${BEGIN}\n\n${renderFaultTable()}\n\n${readme.slice(end)}`;
  if (process.env.TENON_UPDATE_README === '1') writeFileSync(README, expected);
  expect(readFileSync(README, 'utf8')).toBe(expected);
});

test('every row of the table has a library, and every library of the corpus has a row', () => {
  const built = readdirSync(faultsDir, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name.slice(0, -extname(name).length));
  const rows = builtFaults().map(({ library }) => library);
  expect(new Set(rows).size).toBe(rows.length);
  expect(built.sort()).toEqual([...rows].sort());
});

test('every code in the table is a code of tenon', () => {
  const codes = faultTable().flatMap(({ code, next }) =>
    [code, next].filter((item) => typeof item === 'string'),
  );
  expect(codes.filter((code) => !(code in errorMeanings))).toEqual([]);
});
