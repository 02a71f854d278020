import { execFileSync } from 'node:child_process';
import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSmallFile } from '../../src/base/small-file.js';
import { PluginHost } from '../../src/index.js';
import { pluginFile, temporaryFolder } from '../support/index.js';

test('reads a file, and refuses what is not one or is too large', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'text');
  expect(await readSmallFile(file)).toBe('text');
  truncateSync(file, 65 * 2 ** 20);
  await expect(readSmallFile(file)).rejects.toThrow('it has 68157440 bytes, expected at most 67108864');
});

test.runIf(existsSync('/dev/zero'))('a device or a pipe in place of a file is refused at once', async () => {
  const pipe = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of ['/dev/zero', pipe])
    for (const options of [
      { trust: { lockFile: path } },
      { requireCheck: { level: 'basic' as const, certificates: path } },
    ]) {
      await using host = new PluginHost(options);
      await expect(host.load(pluginFile('echo'))).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_TENON_(UNREADABLE|UNTRUSTED)$/),
        message: expect.stringContaining(path),
      });
    }
  // Verdicts only save time, so these are made again.
  await using host = new PluginHost({ verdicts: '/dev/zero' });
  await host.load(pluginFile('echo'));
});
