/** A second run of the scripts repeats only the necessary steps. */
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packagesAreInstalled } from '../../scripts/lib/packages.mjs';
import { copyIfChanged } from '../../scripts/lib/rust.mjs';
import { digest, filesBelow, isStamped, stamp, unstamp } from '../../scripts/lib/stamps.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-scripts-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('a stamp', () => {
  const fileOf = (name: string) => join(folder, 'stamps', name);

  test('is valid until it is removed or the digest changes', () => {
    expect(isStamped('step', 'a', fileOf)).toBe(false);
    stamp('step', 'a', fileOf);
    expect(isStamped('step', 'a', fileOf)).toBe(true);
    expect(isStamped('step', 'b', fileOf)).toBe(false);
    unstamp('step', fileOf);
    expect(isStamped('step', 'a', fileOf)).toBe(false);
  });
});

describe('the digest of sources', () => {
  const current = (...values: unknown[]) => digest(filesBelow([folder, join(folder, 'absent')]), ...values);

  test('does not change if a file is only touched', () => {
    const file = write('src/a.ts', 'one');
    const before = current();
    utimesSync(file, new Date(0), new Date(0));
    expect(current()).toBe(before);
  });

  test('changes with the content or name of a file, an added file and an added value', () => {
    const digests = new Set([current(), current('value')]);
    write('src/a.ts', 'one');
    digests.add(current());
    write('src/a.ts', 'two');
    digests.add(current());
    write('src/deep/b.ts', '');
    digests.add(current());
    rmSync(join(folder, 'src/deep/b.ts'));
    write('src/deep/c.ts', '');
    digests.add(current());
    expect(digests.size).toBe(6);
  });
});

describe('packages', () => {
  const lock = (packages: object) => JSON.stringify({ packages: { '': { name: 'project' }, ...packages } });
  const koffi = { version: '3.0.0', integrity: 'sha512-a' };

  function install(wanted: object, installed: object): void {
    write('package-lock.json', lock(wanted));
    write('node_modules/.package-lock.json', JSON.stringify({ packages: installed }));
    for (const path of Object.keys(installed)) mkdirSync(join(folder, path), { recursive: true });
  }

  test('are not installed without node_modules, or after an interrupted installation', () => {
    write('package-lock.json', lock({ 'node_modules/koffi': koffi }));
    expect(packagesAreInstalled(folder)).toBe(false);
    mkdirSync(join(folder, 'node_modules/koffi'), { recursive: true });
    expect(packagesAreInstalled(folder)).toBe(false);
  });

  test('are installed if they match the lock file, without those for other platforms', () => {
    const other = { version: '3.0.0', integrity: 'sha512-b', optional: true };
    install(
      { 'node_modules/koffi': koffi, 'node_modules/koffi-other': other },
      { 'node_modules/koffi': koffi },
    );
    expect(packagesAreInstalled(folder)).toBe(true);
  });

  test('are installed again if one has another version, is absent, was deleted, or is not in the lock file', () => {
    install({ 'node_modules/koffi': koffi }, { 'node_modules/koffi': { ...koffi, version: '2.0.0' } });
    expect(packagesAreInstalled(folder)).toBe(false);
    install({ 'node_modules/koffi': koffi, 'node_modules/semver': koffi }, { 'node_modules/koffi': koffi });
    expect(packagesAreInstalled(folder)).toBe(false);
    install({ 'node_modules/koffi': koffi }, { 'node_modules/koffi': koffi, 'node_modules/more': koffi });
    expect(packagesAreInstalled(folder)).toBe(false);
    install({ 'node_modules/koffi': koffi }, { 'node_modules/koffi': koffi });
    expect(packagesAreInstalled(folder)).toBe(true);
    rmSync(join(folder, 'node_modules/koffi'), { recursive: true });
    expect(packagesAreInstalled(folder)).toBe(false);
  });
});

describe('a library that cargo built', () => {
  test('is copied once, and again after a new build', () => {
    const from = write('target/libgrep.so', 'one');
    const to = join(folder, 'grep.so');
    expect(copyIfChanged(from, to)).toBe(true);
    expect(copyIfChanged(from, to)).toBe(false);
    writeFileSync(from, 'two');
    utimesSync(from, new Date(1e9), new Date(2e9));
    expect(copyIfChanged(from, to)).toBe(true);
    expect(statSync(to).mtimeMs).toBe(2e9);
  });

  test('replaces the old file, which a process may have mapped, and does not write to it', () => {
    const from = write('libgrep.so', 'one');
    const to = write('grep.so', 'an older one');
    const before = statSync(to).ino;
    copyIfChanged(from, to);
    expect(statSync(to).ino).not.toBe(before);
  });
});
