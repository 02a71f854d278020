/** The scripts say what is missing on a machine, and how to get it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findCargo } from '../../scripts/lib/cargo.mjs';
import {
  findCommand,
  missingToolsMessage,
  requireNativeTools,
  requireZlib,
  TOOLS,
} from '../../scripts/lib/tools.mjs';

const BUILD = resolve('scripts', 'build.mjs');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-scripts-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function writeProgram(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe.skipIf(process.platform === 'win32')('on a machine without the tools', () => {
  test('the build stops at once and names every missing tool with its Debian package', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BUILD], {
      env: { ...process.env, PATH: folder },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    for (const { what, debian } of [TOOLS.cmake, TOOLS.make, TOOLS.cc, TOOLS.cxx]) {
      const line = stderr.split('\n').find((candidate) => candidate.includes(what));
      expect(line).toContain(`Debian package: ${debian}`);
    }
    expect(stderr).toContain('sudo apt-get install cmake make gcc g++');
  });

  test('a single missing tool is the only one that is named', () => {
    for (const name of ['make', 'cc', 'g++']) writeProgram(name, 'exit 0');
    const { status, stderr } = spawnSync(process.execPath, [BUILD], {
      env: { ...process.env, PATH: folder },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('sudo apt-get install cmake\n');
  });

  test('zlib is asked for together with the compiler that would miss it', () => {
    const header = join(folder, 'zlib.h');
    expect(() => requireNativeTools(folder, header)).toThrow(
      /sudo apt-get install cmake make gcc g\+\+ zlib1g-dev$/,
    );
    writeFileSync(header, '');
    expect(() => requireNativeTools(folder, header)).toThrow(/sudo apt-get install cmake make gcc g\+\+$/);
  });

  test('a compiler that does not find zlib.h leads to the name of the package that has it', async () => {
    vi.stubEnv('CC', writeProgram('cc', 'cat >/dev/null; exit 1'));
    await expect(requireZlib()).rejects.toThrow(/zlib\.h[\s\S]*sudo apt-get install zlib1g-dev/);
  });

  test('a compiler that finds zlib.h is no problem', async () => {
    vi.stubEnv('CC', writeProgram('cc', 'cat >/dev/null; exit 0'));
    await expect(requireZlib()).resolves.toBeUndefined();
  });

  test('a machine without cargo gets the reason why Rust is left out', async () => {
    vi.stubEnv('CARGO_HOME', folder);
    expect(await findCargo(folder)).toEqual({
      missing: expect.stringContaining('cargo is not on this machine'),
    });
  });

  test('a cargo that is too old for the workspace counts as absent, with both versions', async () => {
    vi.stubEnv('CARGO_HOME', folder);
    writeProgram('cargo', 'echo "cargo 1.63.0 (fake 2022-01-01)"');
    expect(await findCargo(folder)).toEqual({
      missing: expect.stringMatching(/cargo 1\.63\.0 is too old.*need 1\.\d+/),
    });
  });

  test('a cargo that does not run counts as absent, with its own words', async () => {
    vi.stubEnv('CARGO_HOME', folder);
    writeProgram('cargo', 'echo "error: no default toolchain" >&2; exit 1');
    expect(await findCargo(folder)).toEqual({ missing: expect.stringContaining('no default toolchain') });
  });

  test('cargo is also found where rustup puts it, outside of the PATH', async () => {
    vi.stubEnv('CARGO_HOME', folder);
    mkdirSync(join(folder, 'bin'));
    const cargo = writeProgram(join('bin', 'cargo'), 'echo "cargo 99.0.0 (fake 2030-01-01)"');
    expect(await findCargo(folder)).toMatchObject({ command: cargo });
  });

  test('a folder or a file that cannot be executed is no command', () => {
    writeFileSync(join(folder, 'cmake'), '');
    expect(findCommand(['cmake'], folder)).toBeUndefined();
    writeProgram('cmake', '');
    expect(findCommand(['no-such-command', 'cmake'], folder)).toBe(join(folder, 'cmake'));
  });
});

test('packages that several tools need are listed once', () => {
  const message = missingToolsMessage([
    { what: 'one', debian: 'gcc' },
    { what: 'two', debian: 'gcc' },
  ]);
  expect(message).toMatch(/sudo apt-get install gcc$/);
});
