/** Lines of source files. Only source files are read, even if debug information contains other paths. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placeIn, sourceLine } from '../../src/check/source-lines.js';
import { temporaryFolder } from '../support/index.js';

const at = (file: string, line: number | null = 2) => sourceLine({ function: 'f', file, line });

test('a line is returned without indentation and with limited length, and a missing line is null', () => {
  const file = join(temporaryFolder(), 'a.c');
  writeFileSync(file, `first\n\t  second  \n\n${'x'.repeat(1000)}\nlast`);
  const texts = [1, 2, 3, 4, 5, 6, 1e9, null].map((line) => at(file, line).text);
  expect(texts).toEqual(['first', 'second', null, 'x'.repeat(200), 'last', null, null, null]);
  expect(at(file)).toMatchObject({ function: 'f', file, line: 2 });
});

test.each(['id_rsa', 'secrets.json', '.env', 'passwd', 'a.c.key'])('%s is not a source file', (name) => {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, 'one\ntwo\n');
  expect(at(file).text).toBeNull();
});

test('pipes, folders, devices, large files and missing files are not read', () => {
  const folder = temporaryFolder();
  execFileSync('mkfifo', [join(folder, 'pipe.c')]);
  writeFileSync(join(folder, 'large.c'), Buffer.alloc(5 << 20, '\n'));
  for (const name of ['pipe.c', 'large.c', 'missing.c', '.', 'nul\0.c']) {
    expect(at(join(folder, name)).text).toBeNull();
  }
  expect(at('/dev/zero').text).toBeNull();
});

test('files below the working directory have relative paths, and findings prefer them', () => {
  const own = at(join(process.cwd(), 'native', 'addon.cc'), 1);
  expect(own).toMatchObject({ file: 'native/addon.cc', text: expect.any(String) });
  const library = sourceLine({ function: 'inner', file: '/usr/include/none.h', line: 3 });
  const nothing = sourceLine({ function: null, file: null, line: null });
  expect(placeIn([nothing, library, own])).toEqual(own);
  expect(placeIn([nothing, library])).toEqual(library);
  expect(placeIn([nothing])).toBeNull();
});
