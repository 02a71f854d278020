/** The published package: everything that users need, no link out of the package, and few dependencies. */
import { cpSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, temporaryFolder } from '../support/index.js';
import { pack, packBuilt } from './support.js';

interface Manifest {
  readonly exports: object;
  readonly bin: object;
  readonly dependencies: object;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const { files } = packBuilt('contents');

/** The paths in `exports`, below however many conditions. */
const targetsOf = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value as object).flatMap(targetsOf);

test('it holds what its users need, and nothing else', () => {
  for (const target of targetsOf([manifest.exports, manifest.bin]))
    expect(files).toContain(target.replace('./', ''));
  for (const file of [
    'include/tenon.h',
    'native/addon.cc',
    'native/check/main.cc',
    'native/node/node_api.cmake',
    'plugins-rust/tenon/src/lib.rs',
    'examples/templates/common/_gitignore',
    'plugins-c/wordcount.c',
    'plugins-c/config.h',
  ])
    expect(files).toContain(file);
  expect(
    files.filter((file) => /^(src|test|bench|build|docs\/site|native\/test|.*\/target)\//.test(file)),
  ).toEqual([]);
  // Its hook is the only one of our scripts that runs where tenon is installed.
  expect(files.filter((file) => file.startsWith('scripts/'))).toEqual(['scripts/install.mjs']);
});

test('there are no source maps, whose sources would be missing', () => {
  expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
  const scripts = files.filter((file) => /^dist\/.*\.(js|ts|cts)$/.test(file));
  expect(scripts.length).toBeGreaterThan(100);
  for (const file of scripts)
    expect(readFileSync(join(root, file), 'utf8')).not.toContain('sourceMappingURL');
});

test('every module that a published one imports is published too', () => {
  for (const file of files.filter((name) => /^dist\/.*\.(js|ts|cts)$/.test(name))) {
    const imported = readFileSync(join(root, file), 'utf8').matchAll(
      /^(?:import|export) .*?from ['"](\.[^'"]+)['"]/gm,
    );
    for (const [, path = ''] of imported) {
      const target = join(file, '..', path);
      expect(files).toContain(file.endsWith('.js') ? target : target.replace(/\.js$/, '.d.ts'));
    }
  }
});

/** The packages that `string-width` needs. They are small and have no dependencies outside of this list. */
const INDIRECT = ['ansi-regex', 'get-east-asian-width', 'strip-ansi'];

test('few other packages are installed with it', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  const installed = Object.entries(lock.packages)
    .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
    .map(([path]) => path.replace(/.*node_modules\//, ''));
  expect(installed.sort()).toEqual([...Object.keys(manifest.dependencies), ...INDIRECT].sort());
});

test('packing compiles first: an old dist, or none, is not published', { timeout: 120_000 }, () => {
  const copy = temporaryFolder();
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'src'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  rmSync(join(copy, 'scripts', 'install.mjs'));
  const packed = pack(copy, join(copy, 'out'));
  const compiled = (list: readonly string[]) => list.filter((file) => file.startsWith('dist/')).sort();
  expect(compiled(packed.files)).toEqual(compiled(files));
});
