import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder, makeFolderSync } from '../../src/base/make-folder.js';
import { runNode, temporaryFolder } from '../support/index.js';

describe.each([
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (folder: string, mode?: number) => makeFolderSync(folder, mode)],
])('%s', (_name, make) => {
  test('makes the parents, and leaves an existing folder as it is', async () => {
    const folder = join(temporaryFolder(), 'a', 'b');
    await make(folder, 0o700);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await make(folder, 0o755);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('fails where there is a file', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(make(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

test.runIf(existsSync('/proc/self'))('an option that names a folder below /proc does not hang', async () => {
  const { code, stdout, stderr } = await runNode(
    `const echo = plugins + '/echo' + extension;
    for (const options of [{ stateDir: '/proc/nowhere' }, { cacheDir: '/proc/nowhere/below' }]) {
      const host = new tenon.PluginHost(options);
      await host.load(echo).then((plugin) => plugin.close(), (error) => console.log(error.code));
      await host.close();
    }`,
    { timeout: 30_000 },
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ERR_TENON_UNREADABLE\n' });
  expect(stderr).toContain('cannot register in /proc/nowhere');
});
