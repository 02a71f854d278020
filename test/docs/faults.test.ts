import { readdirSync } from 'node:fs';
import { extname } from 'node:path';
import { expect, test } from 'vitest';
import { errorMeanings } from '../../src/base/errors.js';
import { builtFaults, faultTable, renderFaultTable } from '../faults/table.js';
import { faultsDir } from '../support/index.js';
import { expectGenerated } from './generated.js';

test('docs/faults.md has the current table of faults', () => {
  expectGenerated('docs/faults.md', 'faults', renderFaultTable());
});

test('the table has exactly one row for each library of the corpus', () => {
  const built = readdirSync(faultsDir, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name.slice(0, -extname(name).length));
  const rows = builtFaults().map(({ library }) => library);
  expect(new Set(rows).size).toBe(rows.length);
  expect(built.sort()).toEqual([...rows].sort());
});

test('every code in the table is an error code of tenon', () => {
  const codes = faultTable().flatMap(({ code, next }) =>
    [code, next].filter((item) => typeof item === 'string'),
  );
  expect(codes.filter((code) => !(code in errorMeanings))).toEqual([]);
});
