/** A false positive is a bug: libraries that were never meant to be plugins are told so, and nothing of them is loaded. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { check } from '../../src/check/index.js';
import { compile, temporaryFolder } from '../support/index.js';

const FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/lib'];

/** Not what is a link or a linker's script. */
const libraries = FOLDERS.filter(existsSync)
  .flatMap((folder) => readdirSync(folder, { withFileTypes: true }).map((entry) => ({ folder, entry })))
  .filter(({ entry }) => entry.isFile() && /\.so(\.\d+)*$/.test(entry.name))
  .map(({ folder, entry }) => join(folder, entry.name))
  .filter(isElf)
  .slice(0, 400);

function isElf(path: string): boolean {
  const start = Buffer.alloc(4);
  const file = openSync(path, 'r');
  readSync(file, start);
  closeSync(file);
  return start.toString('latin1') === '\x7fELF';
}

test.skipIf(libraries.length < 20)(
  'each system library is no plugin, and no process is started for it',
  async () => {
    const before = process.env['TENON_CHECKER'];
    onTestFinished(() => {
      if (before === undefined) delete process.env['TENON_CHECKER'];
      else process.env['TENON_CHECKER'] = before;
    });
    // Whoever starts it fails.
    process.env['TENON_CHECKER'] = '/nowhere/tenon-checker';
    const { files, outcome } = await check(libraries, { level: 'torture' });
    expect(files.filter((file) => file.outcome !== 'not-a-plugin')).toEqual([]);
    expect(
      files.every(
        ({ results, plugin, sha256 }) => results.length === 0 && plugin === null && sha256 === null,
      ),
    ).toBe(true);
    expect(files).toHaveLength(libraries.length);
    expect(outcome).toBe('findings');
  },
);

const EXPORTED = '__attribute__((visibility("default")))';

test('one entry point alone makes no plugin: others have a get_name, too', async () => {
  const file = compile(temporaryFolder(), 'other', `${EXPORTED} const char *get_name(void) { return "x"; }`);
  const { files } = await check([file]);
  expect(files[0]).toMatchObject({ outcome: 'not-a-plugin', results: [] });
});

test('two of them were meant to be one', async () => {
  const source = `${EXPORTED} const char *get_name(void) { return "x"; }
    ${EXPORTED} const char *get_version(void) { return "1.0.0"; }`;
  const { files } = await check([compile(temporaryFolder(), 'half', source)]);
  expect(files[0]?.outcome).toBe('findings');
  expect(files[0]?.results.find(({ id }) => id === 'file/entry-points')?.state).toBe('failed');
});
