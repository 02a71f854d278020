import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorMeanings } from '../../src/index.js';
import { root } from '../support/index.js';
import { expectGenerated } from './generated.js';

test('docs/errors.md has the current table of error codes', () => {
  const rows = Object.entries(errorMeanings).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  expectGenerated('docs/errors.md', 'codes', ['| code | meaning |', '| --- | --- |', ...rows].join('\n'));
});

test('every error code is used in the code', () => {
  const files = ['src', 'native']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((name) => /\.(ts|cc|h)$/.test(name) && !name.endsWith('base/errors.ts'));
  const code = files.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
  expect(Object.keys(errorMeanings).filter((name) => !code.includes(name))).toEqual([]);
});
