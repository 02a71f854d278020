import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSmallFile } from '../../src/base/small-file.js';
import { PluginHost } from '../../src/index.js';
import { pluginFile, temporaryFolder } from '../support/index.js';

let serial = 0;

test('reads a file, and refuses what is not one or is too large', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'text');
  expect(await readSmallFile(file)).toBe('text');
  truncateSync(file, 65 * 2 ** 20);
  await expect(readSmallFile(file)).rejects.toThrow('it has 68157440 bytes, expected at most 67108864');
});

test.runIf(existsSync('/dev/zero'))(
  'a device, a pipe or a folder in place of a file is refused at once, and stays what it is',
  async () => {
    const folder = temporaryFolder();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // A host that replaced it would only replace the link.
    const device = join(folder, 'device');
    symlinkSync('/dev/zero', device);
    const kinds = () => [device, pipe, folder].map((path) => statSync(path).mode);
    const before = kinds();
    for (const path of [device, pipe, folder])
      for (const options of [
        { trust: { lockFile: path } },
        { requireCheck: { level: 'basic' as const, certificates: path } },
        { verdicts: path },
      ]) {
        const plugin = join(folder, `echo-${serial++}.so`);
        copyFileSync(pluginFile('echo'), plugin);
        appendFileSync(plugin, String(serial)); // no verdict is known
        await using host = new PluginHost({ ...options, probe: { mode: 'always' } });
        await expect(host.load(plugin)).rejects.toMatchObject({
          code: expect.stringMatching(/^ERR_TENON_(UNREADABLE|UNTRUSTED)$/),
          message: expect.stringContaining(path),
        });
      }
    expect(kinds()).toEqual(before);
    expect(readdirSync(folder).filter((name) => !name.endsWith('.so'))).toEqual(['device', 'pipe']);
  },
);
