/** The published package: everything that users need, no link out of the package, and few dependencies. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, temporaryFolder } from '../support/index.js';
import { node, pack, packBuilt } from './support.js';

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
    'plugins-c/text.kind.h',
    'plugins-c/flow/tail.c',
    'include/flow/source.kind.h',
    'include/tenon_frame.h',
    'include/tenon_json.h',
    'dist/headers/node_api.h',
    'dist/headers/napi.h',
    'dist/headers/LICENSE.node-addon-api',
  ])
    expect(files).toContain(file);
  expect(
    files.filter((file) => /^(src|test|bench|build|docs\/site|native\/test|.*\/target)\//.test(file)),
  ).toEqual([]);
  // Nothing of ours runs when tenon is installed.
  expect(files.filter((file) => file.startsWith('scripts/'))).toEqual([]);
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
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
const INDIRECT = [
  ...['ansi-regex', 'get-east-asian-width', 'strip-ansi'],
  ...['@assemblyscript/loader', 'base64-js', 'pako'], // of hdr-histogram-js
];

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
  const copied = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'src', 'native'];
  for (const name of copied.slice(0, -1)) cpSync(join(root, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, 'native'));
  cpSync(join(root, 'native', 'addon.cc'), join(copy, 'native', 'addon.cc'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const packed = pack(copy, join(copy, 'out'));
  const compiled = (list: readonly string[]) => list.filter((file) => file.startsWith('dist/')).sort();
  expect(compiled(packed.files)).toEqual(compiled(files));
  // Nothing but dist and build is written, so that linters and tests see only sources.
  expect(readdirSync(copy).sort()).toEqual([...copied, 'build', 'dist', 'node_modules', 'out'].sort());
  expect(readdirSync(join(copy, 'native'))).toEqual(['addon.cc']);
});

describe('the scripts of the checkout', () => {
  /** The scripts that npm runs on its own. */
  const LIFECYCLE = /^(prepare|(pre|post)?(install|uninstall|pack|publish|version)|prepublishOnly)$/;

  test('are not hooks of each other: npm runs preX and postX around X', () => {
    const names = Object.keys(manifest.scripts);
    const isHook = (name: string) =>
      LIFECYCLE.test(name) || (/^(pre|post)/.test(name) && names.includes(name.replace(/^(pre|post)/, '')));
    expect(names.filter(isHook).sort()).toEqual(['prepack', 'prepare']);
  });

  test('prepare succeeds without the packages that compile, and says what is missing', () => {
    const copy = temporaryFolder();
    mkdirSync(join(copy, 'node_modules'));
    for (const name of ['package.json', 'scripts'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    const { status, stdout, stderr } = node(copy, join('scripts', 'prepare.mjs'));
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^tenon: dist is not compiled, because typescript, .* are not installed/);
  });
});
