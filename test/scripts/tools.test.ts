/** The scripts find the tools of the system, and report the missing ones with the commands that install them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findCargo } from '../../scripts/lib/cargo.mjs';
import { RUST, TOOLS } from '../../scripts/lib/tool-table.mjs';
import { findCommand, hasZlib } from '../../scripts/lib/tools.mjs';

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

/** Runs `npm run build` on a machine that has only the programs in the folder. */
const build = () =>
  spawnSync(process.execPath, [BUILD], {
    env: { HOME: folder, CARGO_HOME: folder, PATH: folder },
    encoding: 'utf8',
  });

describe.skipIf(process.platform === 'win32')('on a machine without the tools', () => {
  test.each([
    ['apt-get', /apt-get install cmake make ninja-build gcc libc6-dev g\+\+( zlib1g-dev)?$/m],
    ['dnf', /dnf install cmake make gcc gcc-c\+\+( zlib-devel)?$/m],
    ['apk', /apk add cmake make gcc musl-dev g\+\+( zlib-dev)?$/m],
    ['brew', /^ {2}brew install cmake( zlib)?\n {2}xcode-select --install$/m],
    ['winget', /winget install --exact --id Kitware\.CMake\n.*Ninja-build\.Ninja\n.*BuildTools$/m],
  ])('the build stops immediately and prints the command of %s', (manager, command) => {
    writeProgram(manager, 'exit 1');
    const { status, stderr } = build();
    expect(status).toBe(1);
    for (const { what } of [TOOLS.cmake, TOOLS.make, TOOLS.cc, TOOLS.cxx]) expect(stderr).toContain(what);
    expect(stderr).toMatch(command);
  });

  test('without a package manager the build lists them', () => {
    const { status, stderr } = build();
    expect(status).toBe(1);
    expect(stderr).toMatch(/package manager of this system: CMake, make \(or Ninja\), a C compiler, a C\+\+/);
  });

  test('a single missing tool is reported alone', () => {
    for (const name of ['make', 'cc', 'g++']) writeProgram(name, 'exit 0');
    writeProgram('dnf', 'exit 1');
    const { status, stderr } = build();
    expect(status).toBe(1);
    expect(stderr).toMatch(/dnf install cmake\n$/);
  });

  test('without a compiler, zlib is looked for at its usual path', async () => {
    const header = join(folder, 'zlib.h');
    expect(await hasZlib(folder, header)).toBe(false);
    writeFileSync(header, '');
    expect(await hasZlib(folder, header)).toBe(true);
  });

  test.each([
    ['finds', 0, true],
    ['does not find', 1, false],
  ])('a compiler that %s zlib.h takes precedence over the usual path', async (_, code, found) => {
    vi.stubEnv('CC', writeProgram('cc', `cat >/dev/null; exit ${code}`));
    expect(await hasZlib(folder, '/usr/include/zlib.h')).toBe(found);
  });

  test('a folder or a file that is not executable is not a command', () => {
    writeFileSync(join(folder, 'cmake'), '');
    expect(findCommand(['cmake'], folder)).toBeUndefined();
    writeProgram('cmake', '');
    expect(findCommand(['no-such-command', 'cmake'], folder)).toBe(join(folder, 'cmake'));
  });
});

describe.skipIf(process.platform === 'win32')('cargo', () => {
  beforeEach(() => vi.stubEnv('CARGO_HOME', folder));

  const answers = (name: string, version: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    return writeProgram(name, `echo "cargo ${version} (fake 2030-01-01)"`);
  };

  test('that does not exist is reported as missing', async () => {
    expect(await findCargo(folder, [])).toEqual({ missing: 'there is no cargo' });
  });

  test('that is too old for the workspace is reported as missing, with both versions', async () => {
    answers('cargo', '1.63.0');
    expect(await findCargo(folder, [])).toEqual({
      missing: expect.stringMatching(/cargo 1\.63\.0, which is too old: the plugins need 1\.\d+/),
    });
  });

  test('that does not run is reported as missing, with its output', async () => {
    writeProgram('cargo', 'echo "error: no default toolchain" >&2; exit 1');
    expect(await findCargo(folder, [])).toEqual({ missing: expect.stringContaining('no default toolchain') });
  });

  test('is also found in the folder of rustup, outside of the PATH', async () => {
    const cargo = answers('bin/cargo', '99.0.0');
    expect(await findCargo(folder, [])).toMatchObject({ command: cargo });
  });

  test('is found in the folders of Ubuntu, which then precede the old one in the PATH', async () => {
    answers('cargo', '1.75.0');
    const cargo = answers('rust-1.85/bin/cargo', '1.85.1');
    const newer = join(folder, 'rust-1.85', 'bin');
    expect(await findCargo(folder, [newer])).toMatchObject({
      command: cargo,
      env: { PATH: `${newer}:${folder}` },
    });
  });

  test('must have the version that the workspace requires', () => {
    const manifest = readFileSync(resolve('plugins-rust', 'Cargo.toml'), 'utf8');
    expect(/^rust-version\s*=\s*"([\d.]+)"/m.exec(manifest)?.[1]).toBe(RUST);
  });
});
