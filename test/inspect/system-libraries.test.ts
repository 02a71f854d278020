import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectFileSync } from '../../src/inspect/index.js';
import { tool } from '../support/tools.js';

/** Returns the folder of the system libraries, which contains the C library. */
function systemFolder(): string {
  const path = execFileSync('cc', ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  return dirname(execFileSync('realpath', [path], { encoding: 'utf8' }).trim());
}

function isElf(path: string): boolean {
  const fd = openSync(path, 'r');
  const magic = Buffer.alloc(4);
  readSync(fd, magic, 0, 4, 0);
  closeSync(fd);
  return magic.toString('latin1') === '\x7fELF';
}

function sharedObjects(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.so(\.|$)/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(isElf)
    .sort();
}

/** The types of global symbols: upper case letters, and the letters of unique, weak and indirect symbols. */
const GLOBAL_TYPE = /^[A-Zuvwi]$/;

/** Returns the exported names of each file that nm lists, without their versions. */
function namesByNm(files: readonly string[]): Map<string, Set<string>> {
  const args = ['-D', '--defined-only', '--no-demangle', '-P', '-A', ...files];
  const listed = execFileSync(tool('binutils'), args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const names = new Map(files.map((file) => [file, new Set<string>()]));
  for (const line of listed.split('\n')) {
    const [, file = '', name = '', type = ''] = /^(.*?): (\S+) (\S)( |$)/.exec(line) ?? [];
    if (GLOBAL_TYPE.test(type)) names.get(file)?.add(name.replace(/@.*$/, ''));
  }
  return names;
}

test('the exports of every system library are those that nm lists', () => {
  const files = sharedObjects(systemFolder());
  expect(files.length).toBeGreaterThan(10);
  const differences: string[] = [];
  let compared = 0;
  for (let first = 0; first < files.length; first += 50) {
    for (const [file, expected] of namesByNm(files.slice(first, first + 50))) {
      const found = new Set(inspectFileSync(file).exports.map((symbol) => symbol.name));
      compared += expected.size;
      differences.push(
        ...[...expected].filter((name) => !found.has(name)).map((name) => `${file}: ${name} is missing`),
      );
      differences.push(
        ...[...found]
          .filter((name) => !expected.has(name))
          .map((name) => `${file}: ${name} is not in the list of nm`),
      );
    }
  }
  expect(differences).toEqual([]);
  expect(compared).toBeGreaterThan(1000);
});

test('the C library has the expected platform, functions, data and dependencies', () => {
  const facts = inspectFileSync(join(systemFolder(), 'libc.so.6'));
  const types = new Map(facts.exports.map((symbol) => [symbol.name, symbol.type]));
  expect(facts).toMatchObject({ format: 'elf', os: 'linux', arch: process.arch, bits: 64 });
  expect(['malloc', 'printf', 'memcpy', 'time'].map((name) => types.get(name))).toEqual(
    Array(4).fill('function'),
  );
  expect(['environ', 'stdout', 'optarg'].map((name) => types.get(name))).toEqual(Array(3).fill('data'));
  expect(facts.needed).toEqual([expect.stringMatching(/^ld-linux/)]);
});
