/** Disks that are full, and files that are large: the error says so, and the plugin is not at fault. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { copyFile } from '../../src/admission/copies.js';
import { type LoadOptions, PluginHost } from '../../src/index.js';
import {
  answering,
  compile,
  pluginFile,
  root,
  temporaryFolder,
  withAddon,
  withRunner,
} from '../support/index.js';

const TIERS: readonly LoadOptions[] = [
  { isolation: 'inline' },
  ...(withAddon ? [{ isolation: 'thread' } as const] : []),
  ...(withRunner ? [{ isolation: 'process' } as const] : []),
];

/** Mounts a small file system. Returns null if this is not permitted. */
function smallDisk(size: string): string | null {
  const folder = temporaryFolder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder]).status !== 0)
    return null;
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
  return folder;
}

const large = (folder: string, name: string): string => {
  const path = compile(
    folder,
    name,
    `${answering(name, 'here')}\n__attribute__((used)) static const char weight[400000] = {[0 ... 399999] = 7};`,
  );
  return path;
};

describe.runIf(process.platform === 'linux')('a full disk', () => {
  test.each(TIERS)('is an error that names it, and afterwards the plugin loads: %o', async (options) => {
    const disk = smallDisk('256k');
    if (disk === null) return; // mount is not permitted; the limit below tries the same code
    const path = large(temporaryFolder(), `heavy-${options.isolation}`);
    await using host = new PluginHost({ cacheDir: join(disk, 'cache'), stateDir: temporaryFolder() });
    await expect(host.load(path, options)).rejects.toMatchObject({
      code: 'ERR_TENON_UNREADABLE',
      gate: 'copy',
      message: expect.stringMatching(/no space left on device.*Free space there.*not at fault/),
    });
    const left = readdirSync(disk, { recursive: true }).map(String);
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(await host.quarantine.list()).toEqual([]);
    execFileSync('mount', ['-o', 'remount,size=4m', disk]);
    expect((await host.load(path, options)).name).toBe(`heavy-${options.isolation}`);
  });

  test('or a limit on the size of files gives an error and no half copy', async () => {
    const folder = temporaryFolder();
    const path = large(folder, 'limited');
    const cache = join(folder, 'cache');
    const entry = join(root, 'dist', 'index.js');
    const program = `import(${JSON.stringify(entry)}).then(async ({ PluginHost }) => {
      const host = new PluginHost({ cacheDir: ${JSON.stringify(cache)} });
      const error = await host.load(${JSON.stringify(path)}).then(() => null, (reason) => reason);
      console.log(error?.code, error?.message);
      await host.close();
    })`;
    const { stdout } = spawnSync(
      'bash',
      ['-c', 'ulimit -f 128; exec "$0" -e "$1"', process.execPath, program],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toMatch(/^ERR_TENON_UNREADABLE .*file too large.*ulimit -f.*not at fault/);
    expect(
      readdirSync(cache, { recursive: true }).filter((name) => /\.(so|tmp)$/.test(String(name))),
    ).toEqual([]);
  });
});

describe('the size of a copy', () => {
  test('is bounded by maxCopySize', async () => {
    const size = statSync(pluginFile('echo')).size;
    await using tight = new PluginHost({ maxCopySize: size - 1 });
    await expect(tight.load(pluginFile('echo'))).rejects.toMatchObject({
      code: 'ERR_TENON_UNREADABLE',
      gate: 'copy',
      message: expect.stringContaining(
        `it has ${size} bytes, expected at most ${size - 1}. Raise the option maxCopySize`,
      ),
    });
    await using enough = new PluginHost({ maxCopySize: size });
    expect((await enough.load(pluginFile('echo'))).name).toBe('echo');
  });

  test('counts the libraries that come along', async () => {
    const folder = temporaryFolder();
    const library = compile(
      folder,
      'weighty',
      '__attribute__((visibility("default"))) int weighty(void) { return 1; }',
      ['-Wl,-soname,weighty.so'],
    );
    const path = compile(
      folder,
      'bearer',
      `${answering('bearer', 'x')}\nint weighty(void);\n__attribute__((used)) static int (*keep)(void) = weighty;`,
      [library, '-Wl,-rpath,$ORIGIN'],
    );
    const whole = statSync(path).size + statSync(library).size;
    await using tight = new PluginHost({ maxCopySize: whole - 1 });
    await expect(tight.load(path)).rejects.toMatchObject({
      message: expect.stringContaining(`with its libraries it has ${whole} bytes`),
    });
    await using enough = new PluginHost({ maxCopySize: whole });
    expect((await enough.load(path)).name).toBe('bearer');
  });

  test.each([0, -1, 1.5, Number.NaN, '1', null])('cannot be %s', (maxCopySize) => {
    expect(() => new PluginHost({ maxCopySize: maxCopySize as number })).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument: 'maxCopySize' }),
    );
  });
});

describe.runIf(process.platform === 'linux')('a sparse file', () => {
  test('keeps its holes', async () => {
    const folder = temporaryFolder();
    const source = join(folder, 'sparse');
    const file = openSync(source, 'w');
    for (const at of [0, 5, 31]) writeSync(file, Buffer.alloc(4096, 'data'), 0, 4096, at * 2 ** 20 + 100);
    closeSync(file);
    truncateSync(source, 64 * 2 ** 20);
    mkdirSync(join(folder, 'copies'));
    const { temporary, size } = await copyFile(source, join(folder, 'copies'));
    expect(size).toBe(64 * 2 ** 20);
    expect(readFileSync(temporary).equals(readFileSync(source))).toBe(true);
    expect(statSync(temporary).blocks * 512).toBeLessThan(2 ** 20);
  });

  test('of 3 GiB is refused at once', async () => {
    const path = join(temporaryFolder(), 'huge.so');
    writeFileSync(path, readFileSync(pluginFile('echo')));
    truncateSync(path, 3 * 2 ** 30);
    await using host = new PluginHost();
    await expect(host.load(path)).rejects.toMatchObject({
      code: 'ERR_TENON_UNREADABLE',
      message: expect.stringContaining('maxCopySize'),
    });
  });
});
