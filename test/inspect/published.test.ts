/** Libraries that were built elsewhere: the published native parts of koffi for other systems. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkEntryPoints, checkPlatform, inspectFileSync } from '../../src/inspect/index.js';
import { root } from '../support/index.js';
import { tool } from '../support/tools.js';

const fixtures = join(root, 'build', 'fixtures');
const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'koffi', 'package.json'), 'utf8')) as {
  version: string;
};

/** The name of each package after `@koromix/koffi-`, and the expected facts of its library. */
const PUBLISHED: readonly [string, Record<string, unknown>][] = [
  ['win32-x64', { format: 'pe', os: 'win32', arch: 'x64', bits: 64 }],
  ['win32-arm64', { format: 'pe', os: 'win32', arch: 'arm64', bits: 64 }],
  ['win32-ia32', { format: 'pe', os: 'win32', arch: 'ia32', bits: 32 }],
  ['darwin-x64', { format: 'macho', os: 'darwin', arch: 'x64', bits: 64, language: 'c++' }],
  ['darwin-arm64', { format: 'macho', os: 'darwin', arch: 'arm64', bits: 64, language: 'c++' }],
  ['freebsd-x64', { format: 'elf', os: 'freebsd', arch: 'x64', bits: 64, language: 'c++' }],
  ['openbsd-x64', { format: 'elf', os: 'openbsd', arch: 'x64', bits: 64, language: 'c++' }],
  ['android-arm64', { format: 'elf', os: 'android', arch: 'arm64', bits: 64 }],
  ['linux-arm64', { format: 'elf', os: 'linux', arch: 'arm64', bits: 64, language: 'c++' }],
  ['linux-riscv64', { format: 'elf', os: 'linux', arch: 'riscv64', bits: 64, language: 'c++' }],
  ['linux-arm', { format: 'elf', os: 'linux', arch: 'arm', bits: 32, language: 'c++' }],
];

const folderOf = (name: string) => join(fixtures, `koffi-${name}-${version}`);

/** Downloads the packages that are missing, with one call of npm. */
function fetchMissing(): void {
  const missing = PUBLISHED.map(([name]) => name).filter((name) => !existsSync(folderOf(name)));
  if (missing.length === 0) return;
  const download = join(fixtures, `download-${process.pid}`);
  mkdirSync(download, { recursive: true });
  const packages = missing.map((name) => `@koromix/koffi-${name}@${version}`);
  execFileSync('npm', ['pack', '--silent', '--pack-destination', download, ...packages], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for (const name of missing) {
    const unpacked = join(download, name);
    mkdirSync(unpacked);
    execFileSync('tar', ['-xzf', join(download, `koromix-koffi-${name}-${version}.tgz`), '-C', unpacked]);
    renameSync(unpacked, folderOf(name));
  }
  rmSync(download, { recursive: true });
}

function libraryOf(name: string): string {
  const files = readdirSync(folderOf(name), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('koffi.node'),
  );
  const [first] = files.sort();
  if (first === undefined) throw new Error(`The package for ${name} has no library.`);
  return join(folderOf(name), first);
}

beforeAll(fetchMissing, 300_000);

describe.each(PUBLISHED)('koffi for %s', (name, expected) => {
  test('is recognised, and its entry point for Node.js is a function', () => {
    const facts = inspectFileSync(libraryOf(name));
    expect(facts).toMatchObject(expected);
    expect(facts.exports.find((symbol) => symbol.name === 'napi_register_module_v1')).toMatchObject({
      type: 'function',
    });
    expect(facts.needed.length).toBeGreaterThan(0);
    expect(facts.code.length).toBeGreaterThan(0);
  });

  test('is refused on another platform, and is not a plugin', () => {
    const facts = inspectFileSync(libraryOf(name), { exports: 'entry-points' });
    expect(() => checkPlatform(facts, 'linux', 's390x')).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_WRONG_PLATFORM' }),
    );
    expect(() => checkEntryPoints(facts)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_MISSING_SYMBOL' }),
    );
  });
});

test('the exports of the ELF libraries are those that nm lists', () => {
  const elf = PUBLISHED.filter(([, { format }]) => format === 'elf').map(([name]) => libraryOf(name));
  for (const path of elf) {
    const args = ['-D', '--defined-only', '-P', path];
    const listed = execFileSync(tool('binutils'), args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    const names = listed.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/[@ ].*$/, '')]));
    expect(new Set(inspectFileSync(path).exports.map((symbol) => symbol.name)), path).toEqual(new Set(names));
  }
});

test('the libraries that the x64 DLL needs are those that objdump lists', () => {
  const path = libraryOf('win32-x64');
  const objdump = tool('mingw64', 'x86_64-w64-mingw32-objdump');
  const listed = execFileSync(objdump, ['-p', path], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  expect(inspectFileSync(path).needed).toEqual(
    [...listed.matchAll(/DLL Name: (\S+)/g)].map((match) => match[1]),
  );
});
