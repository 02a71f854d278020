/** The package as npm publishes it: everything that it needs is in it, and its install hook builds the native parts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pluginFile, root, temporaryFolder } from '../support/index.js';

const linux = process.platform === 'linux';
let files: readonly string[];
let archive: string;

/** Packed without the hooks: what is built is what the tests run on. */
function pack(folder: string): { filename: string; files: { path: string }[] } {
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const packed: unknown = JSON.parse(output);
  const [first] = Array.isArray(packed) ? packed : Object.values(packed as object);
  return first;
}

beforeAll(() => {
  const folder = join(root, 'build', 'package');
  mkdirSync(folder, { recursive: true });
  const packed = pack(folder);
  files = packed.files.map(({ path }) => path);
  archive = join(folder, packed.filename);
});

test('it holds what its users need, and nothing else', () => {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const targets = Object.values(exports).flatMap((one) =>
    typeof one === 'string' ? [one] : Object.values(one as object),
  );
  for (const target of [...targets, ...Object.values(bin)])
    expect(files).toContain(String(target).replace('./', ''));
  for (const file of [
    'include/tenon.h',
    'native/addon.cc',
    'native/check/main.cc',
    'plugins-rust/tenon/src/lib.rs',
  ])
    expect(files).toContain(file);
  expect(files).toContain('examples/templates/common/_gitignore');
  expect(
    files.filter((file) => /^(test|bench|build|plugins-c|native\/test|.*\/target)\//.test(file)),
  ).toEqual([]);
});

describe.skipIf(!linux)('installed', () => {
  test('its hook builds addon, runner and checker, and they work', { timeout: 300_000 }, () => {
    const folder = temporaryFolder();
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, 'tenon'), { recursive: true });
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', join(modules, 'tenon')]);
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (!name.startsWith('.') && name !== 'tenon')
        symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    const hook = spawnSync(process.execPath, ['scripts/install.mjs'], {
      cwd: join(modules, 'tenon'),
      encoding: 'utf8',
    });
    expect(hook).toMatchObject({ status: 0, stderr: '' });

    const program = `
      import { PluginHost } from 'tenon';
      import { check } from 'tenon/check';
      const host = new PluginHost();
      const { addon, runner, isolation } = host.capabilities;
      const plugin = await host.load(${JSON.stringify(pluginFile('echo'))}, { isolation: 'process' });
      const instance = await plugin.new();
      const answer = String(await instance.call(Buffer.from('hello')));
      await host.close();
      const { outcome } = await check([${JSON.stringify(pluginFile('echo'))}]);
      console.log(JSON.stringify({ addon, runner, isolation, answer, outcome }));`;
    const { TENON_ADDON: _addon, TENON_RUNNER: _runner, TENON_NO_ADDON: _none, ...env } = process.env;
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toEqual({
      addon: true,
      runner: true,
      isolation: ['inline', 'thread', 'process'],
      answer: 'hello',
      outcome: 'clean',
    });
  });
});
