import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorMeanings } from '../src/index.js';
import { root } from './support/index.js';

const file = join(root, 'README.md');

test('the table of error codes in the README is the one in the code (scripts/update-readme.mjs writes it)', () => {
  const table = ['| code | meaning |', '| --- | --- |'];
  for (const [code, meaning] of Object.entries(errorMeanings)) table.push(`| \`${code}\` | ${meaning} |`);
  const section = `<!-- codes:begin -->\n\n${table.join('\n')}\n\n<!-- codes:end -->`;
  const readme = readFileSync(file, 'utf8');
  const updated = readme.replace(/<!-- codes:begin -->[\s\S]*<!-- codes:end -->/, () => section);
  if (process.env['TENON_UPDATE_README'] === '1') writeFileSync(file, updated);
  else expect(readme).toBe(updated);
  expect(updated).toContain(section);
});

test('every error code is used somewhere in the code', () => {
  const files = ['src', 'native']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((name) => /\.(ts|cc|h)$/.test(name) && !name.endsWith('errors.ts'));
  const code = files.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
  expect(Object.keys(errorMeanings).filter((name) => !code.includes(name))).toEqual([]);
});
