import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PluginHost, type TenonErrorCode } from '../../src/index.js';
import { faultFile, faultsDir, pluginFile, temporaryFolder } from '../support/index.js';
import { expectError, expectToWork, refusal } from './support.js';
import { builtFaults, type FaultRow, faultsToTest } from './table.js';

const rows = faultsToTest().filter((row) => row.where === 'load');
const hangs = (row: FaultRow) => row.death === 'hangs';
/** The probe timeout in milliseconds: long enough on a busy machine. Plugins that hang run concurrently. */
const TIMEOUT = 3000;

async function expectRefusal(row: FaultRow): Promise<void> {
  const host = new PluginHost(hangs(row) ? { probe: { timeout: TIMEOUT } } : {});
  const error = await refusal(() => host.load(faultFile(row.library)));
  expectError(error, row);
  expect(error.path).toBe(faultFile(row.library));
  expect(host.manifests).toEqual([]);
  await expectToWork(host);
}

describe('a plugin is refused with its code and gate, and the host keeps working', () => {
  test.each(rows.filter((row) => !hangs(row)))('$library, which $what', expectRefusal);
  test.concurrent.each(rows.filter(hangs))('$library, which $what', expectRefusal);
});

// Without a probe, the checks in the host process find the same faults. process.test.ts tests the faults that
// end the process.
describe('a plugin is refused with the same error without a probe', () => {
  test.each(rows.filter((row) => row.death === undefined))('$library, which $what', async (row) => {
    const host = new PluginHost({ probe: { mode: 'never' } });
    expectError(await refusal(() => host.load(faultFile(row.library))), row);
    await expectToWork(host);
  });
});

test('the error of a probe that ended contains the output of the plugin', async () => {
  const noisy = ['constructor-segfault', 'constructor-abort', 'constructor-exit', 'constructor-hang'];
  const host = new PluginHost({ probe: { timeout: TIMEOUT } });
  const errors = noisy.map((library) => refusal(() => host.load(faultFile(library))));
  for (const [index, error] of (await Promise.all(errors)).entries()) {
    expect(error.stdout).toContain(`${noisy[index]} on stdout`);
    expect(error.stderr).toContain(`${noisy[index]} on stderr`);
  }
});

test('the error contains the signal that ended the probe', async () => {
  const error = await refusal(() => new PluginHost().load(faultFile('constructor-abort')));
  expect(error.signal).toBe('SIGABRT');
});

test('discover reports every faulty plugin of a folder and loads all others', async () => {
  const host = new PluginHost({ paths: [faultsDir] });
  const { plugins, refused } = await host.discover();
  const codes = Object.fromEntries(
    refused.map((error) => [basename(error.path ?? '', extname(error.path ?? '')), error.code]),
  );
  expect(codes).toEqual(Object.fromEntries(rows.map(({ library, code }) => [library, code])));
  const sound = builtFaults().filter(({ where }) => where !== 'load');
  expect(plugins.map(({ name }) => name).sort()).toEqual(sound.map(({ library }) => library).sort());
  await expectToWork(host);
});

/** Files that no compiler produces, each with a description, a code, a gate, and a function that makes it. */
const made: readonly (readonly [string, TenonErrorCode, string, (path: string) => void])[] = [
  ['a missing file', 'ERR_TENON_NOT_FOUND', 'find', () => {}],
  ['a dangling link', 'ERR_TENON_NOT_FOUND', 'find', (path) => symlinkSync('nowhere', path)],
  ['a link to itself', 'ERR_TENON_NOT_FOUND', 'find', (path) => symlinkSync(path, path)],
  ['a directory', 'ERR_TENON_UNREADABLE', 'find', (path) => mkdirSync(path)],
  [
    'a pipe, which would block its reader',
    'ERR_TENON_UNREADABLE',
    'find',
    (path) => execFileSync('mkfifo', [path]),
  ],
  ['an empty file', 'ERR_TENON_NOT_A_LIBRARY', 'inspect', (path) => writeFileSync(path, '')],
  [
    'plain text',
    'ERR_TENON_NOT_A_LIBRARY',
    'inspect',
    (path) => writeFileSync(path, 'a renamed text file\n'.repeat(99)),
  ],
  [
    'the first half of a plugin',
    'ERR_TENON_NOT_A_LIBRARY',
    'inspect',
    (path) => writeChanged(path, (bytes) => bytes.subarray(0, bytes.length / 2)),
  ],
  [
    'the file header of a plugin without the rest',
    'ERR_TENON_NOT_A_LIBRARY',
    'inspect',
    (path) => writeChanged(path, (bytes) => bytes.subarray(0, 64)),
  ],
];

function writeChanged(path: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, change(readFileSync(pluginFile('wordcount'))));
}

describe('a file that is not a library is refused, and the host keeps working', () => {
  test.each(made)('%s is refused with %s', async (_what, code, gate, make) => {
    const host = new PluginHost();
    const path = join(temporaryFolder(), 'made.so');
    make(path);
    const error = await refusal(() => host.load(path));
    expect(error).toMatchObject({ code, gate, path });
    await expectToWork(host);
  });
});

test.runIf(process.platform === 'linux')(
  'a library for another processor or operating system is refused',
  async () => {
    const host = new PluginHost();
    const ARM64 = 183;
    const I386 = 3;
    const changes: readonly ((bytes: Buffer) => void)[] = [
      (bytes) => bytes.writeUInt16LE(process.arch === 'arm64' ? I386 : ARM64, 18),
      (bytes) => bytes.writeUInt8(9, 7), // The operating system: FreeBSD.
    ];
    for (const change of changes) {
      const path = join(temporaryFolder(), 'foreign.so');
      writeChanged(path, (bytes) => {
        change(bytes);
        return bytes;
      });
      expect(await refusal(() => host.load(path))).toMatchObject({
        code: 'ERR_TENON_WRONG_PLATFORM',
        gate: 'inspect',
        path,
      });
    }
    await expectToWork(host);
  },
);
