/** Lines of source files. Only source files are read, even if debug information contains other paths. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check, FORMATS, render } from '../../src/check/index.js';
import { placeIn, sourceLine } from '../../src/check/source-lines.js';
import { compile, temporaryFolder } from '../support/index.js';
import { canCheck } from './support.js';

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

test('a relative path that is not below the working directory is looked up in the folders above the library', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'build', 'out'), { recursive: true });
  mkdirSync(join(folder, 'own'));
  writeFileSync(join(folder, 'own', 'a.c'), 'first\nsecond\n');
  const place = { function: 'f', file: '../own/a.c', line: 2 };
  const library = join(folder, 'build', 'out', 'plugin.so');
  expect(sourceLine(place, library)).toMatchObject({ file: join(folder, 'own', 'a.c'), text: 'second' });
  expect(sourceLine(place)).toMatchObject({ file: '../own/a.c', text: null });
});

const OVERREAD = `#include "tenon.h"
static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (((const volatile uint8_t *)in)[in_len] == 77) return TENON_FAILED;
  return tenon_write(out, in, in_len);
}
TENON_STATELESS_PLUGIN("overread", "1.0.0", call);
`;

describe.skipIf(!canCheck)('an access that a check forbids', () => {
  test('is one finding with its meaning, its stack and its line, in every format', async () => {
    const file = compile(temporaryFolder(), 'overread', OVERREAD, ['-g', '-O1']);
    const verdict = await check([file], { filter: ['calls/input-bounds'], seed: 1 });
    const result = verdict.files[0]?.results.find(({ id }) => id === 'calls/input-bounds');
    expect(result?.findings).toHaveLength(1);
    const [found] = result?.findings ?? [];
    expect(found?.message).toBe(
      'It read or wrote past the end of its input, in: call with inaccessible memory after its input',
    );
    expect(found?.crash?.signal).toBe('SIGSEGV');
    expect(found?.crash?.frames[0]).toMatch(/^call\+/);
    expect(found?.place).toMatchObject({ function: 'call', line: 4, text: expect.stringContaining('== 77') });
    for (const format of FORMATS) {
      const shown = format === 'json' || format === 'sarif' ? /"(?:line|startLine)": ?4\b/ : /overread\.c:4/;
      expect(render(verdict, format), format).toMatch(shown);
    }
  });
});
