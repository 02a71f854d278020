/** The installation of system packages for missing tools: the packages, the rights, and failures. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { candidatesIn, choosePackages, installCommands } from '../../scripts/lib/system-packages.mjs';
import { TOOLS } from '../../scripts/lib/tool-table.mjs';

/** Returns the output of `apt-cache policy` for packages with these candidate versions, `(none)` for missing ones. */
const policy = (versions: Readonly<Record<string, string>>) =>
  Object.entries(versions)
    .map(([name, version]) => `${name}:\n  Installed: (none)\n  Candidate: ${version}\n  Version table:\n`)
    .join('');

const RUST_TOOLS = [TOOLS.cargo, TOOLS.rustfmt, TOOLS.clippy];

describe('the packages of apt', () => {
  test.each([
    [
      'Debian 12, whose usual Rust is too old',
      {
        cargo: '0.66.0+ds1-1',
        rustfmt: '1.63.0+dfsg1-2',
        'rust-clippy': '1.63.0+dfsg1-2',
        'cargo-web': '1.96.0+dfsg1-1~deb12u2',
        'rustfmt-web': '1.96.0+dfsg1-1~deb12u2',
        'rust-web-clippy': '1.96.0+dfsg1-1~deb12u2',
      },
      ['cargo-web', 'ca-certificates', 'rustfmt-web', 'rust-web-clippy'],
    ],
    [
      'Debian 13',
      {
        cargo: '1.85.1+dfsg1-1+deb13u1',
        rustfmt: '1.85.1+dfsg1-1+deb13u1',
        'rust-clippy': '1.85.1+dfsg1-1+deb13u1',
      },
      ['cargo', 'ca-certificates', 'rustfmt', 'rust-clippy'],
    ],
    [
      'Ubuntu, which has newer ones under other names',
      {
        cargo: '1.75.0+dfsg0ubuntu1-0ubuntu7.4',
        rustfmt: '1.75.0+dfsg0ubuntu1-0ubuntu7.4',
        'rust-clippy': '1.75.0+dfsg0ubuntu1-0ubuntu7.4',
        'cargo-1.85': '1.85.1+dfsg0ubuntu2~bpo0-0ubuntu0.24.04.2',
        'rustfmt-1.85': '1.85.1+dfsg0ubuntu2~bpo0-0ubuntu0.24.04.2',
        'rust-1.85-clippy': '1.85.1+dfsg0ubuntu2~bpo0-0ubuntu0.24.04.2',
      },
      ['cargo-1.85', 'ca-certificates', 'rustfmt-1.85', 'rust-1.85-clippy'],
    ],
  ])('on %s are new enough', (_, versions, names) => {
    const candidates = candidatesIn(policy({ ...versions, 'ca-certificates': '20230311', other: '(none)' }));
    expect(candidates.has('other')).toBe(false);
    expect(choosePackages(RUST_TOOLS, 'apt', candidates)).toEqual({ names, commands: [], unavailable: [] });
  });

  test('that are missing are reported separately from commands that only a person can run', () => {
    const candidates = candidatesIn(policy({ clang: '1:18.0-59' }));
    const chosen = choosePackages([TOOLS.clang, TOOLS.lld, TOOLS.chromium], 'apt', candidates);
    expect(chosen).toEqual({
      names: ['clang'],
      commands: ['snap install chromium'],
      unavailable: [TOOLS.lld],
    });
    expect(installCommands('apt', chosen, true)).toEqual(['apt-get install clang', 'snap install chromium']);
    expect(installCommands('apt', chosen, false)[0]).toBe('sudo apt-get install clang');
  });

  test('have their usual names while apt has no lists yet', () => {
    expect(choosePackages(RUST_TOOLS, 'apt', new Map()).names).toEqual([
      'cargo',
      'ca-certificates',
      'rustfmt',
      'rust-clippy',
    ]);
  });
});

test.each(['apt', 'dnf', 'apk', 'brew'])('%s has a package for every tool', (manager) => {
  expect(choosePackages(Object.values(TOOLS), manager).unavailable).toEqual([]);
});

describe.skipIf(process.platform === 'win32')('a machine with apt', () => {
  let folder: string;
  const inFolder = (name: string) => join(folder, name);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenon-scripts-'));
    symlinkSync('/usr/bin/env', inFolder('env'));
    // For users other than root.
    write('sudo', '[ "$1" = -n ] && shift; exec "$@"');
    write('apt-cache', `cat <<'E'\n${policy({ clang: '1:14.0-55', lld: '1:14.0-55', cmake: '3.25.1' })}E`);
    symlinkSync('/bin/cat', inFolder('cat'));
    symlinkSync('/bin/chmod', inFolder('chmod'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, script: string): void {
    writeFileSync(inFolder(name), `#!/bin/sh\n${script}\n`);
    chmodSync(inFolder(name), 0o755);
  }

  /** Writes an apt-get that installs programs, except for the refused ones. */
  const aptThatRefuses = (refused: string): void =>
    write(
      'apt-get',
      `echo "$*" >> ${inFolder('log')}
       if [ "$1" = install ]; then
         case "$*" in *${refused}*) echo "E: Unmet dependencies"; exit 100;; esac
         for name in clang lld cmake; do
           case "$*" in *$name*)
             file=${folder}/$name; [ $name = lld ] && file=${folder}/ld.lld
             echo '#!/bin/sh' > $file; chmod +x $file;;
           esac
         done
       fi`,
    );

  /** Provides a few missing tools. The output has the tools that are still missing, or the message of the failure. */
  function provide(names: readonly string[], options: { install?: boolean; required?: boolean } = {}) {
    const { install = true, required = false } = options;
    // All other tools are installed.
    for (const [name, { commands }] of Object.entries(TOOLS)) {
      for (const command of commands) rmSync(inFolder(command), { force: true });
      if (!names.includes(name) && commands[0] !== undefined) write(commands[0], 'exit 0');
    }
    const url = pathToFileURL(resolve('scripts', 'lib', 'provide.mjs')).href;
    const program = `
      const { provideTools } = await import(${JSON.stringify(url)});
      try {
        const left = await provideTools(['build', 'tests'], {
          install: ${install}, fileOf: () => ${JSON.stringify(inFolder('stamp'))} });
        console.log('LEFT:' + left.map(({ name }) => name).join());
      } catch (error) { console.log('FAILED: ' + error.message); }`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: folder, ...(required ? { TENON_REQUIRE_TOOLS: '1' } : {}) },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const log = existsSync(inFolder('log')) ? readFileSync(inFolder('log'), 'utf8') : '';
    rmSync(inFolder('log'), { force: true });
    return { stdout, installed: [...log.matchAll(/^install .* (\S+)$/gm)].map(([, last]) => last) };
  }

  test('installs missing tools, and those of the build separately from others', () => {
    aptThatRefuses('nothing-at-all');
    const { stdout, installed } = provide(['clang', 'lld', 'cmake']);
    expect(stdout).toContain('tests of libraries for other systems');
    expect(stdout).toContain('installing with apt-get: clang lld\n');
    expect(stdout).toMatch(/LEFT:\n$/);
    expect(installed).toEqual(['cmake', 'lld']);
  });

  test('installs nothing with --no-install, and reports the missing tools', () => {
    aptThatRefuses('nothing-at-all');
    const { stdout, installed } = provide(['clang'], { install: false });
    expect(installed).toEqual([]);
    expect(stdout).toMatch(
      / {2}clang {2}tests of .*\nTo install them:\n {2}(sudo )?apt-get install clang\nLEFT:clang/,
    );
  });

  test('continues without a tool that cannot be installed, prints the reason, and tries once a day', () => {
    aptThatRefuses('clang');
    const { stdout, installed } = provide(['clang']);
    expect(stdout).toContain('E: Unmet dependencies');
    expect(stdout).toMatch(/apt-get install clang\nLEFT:clang\n$/);
    expect(installed).toEqual(['clang']);
    const again = provide(['clang']);
    expect(again.installed).toEqual([]);
    expect(again.stdout).toMatch(/apt-get install clang\nLEFT:clang\n$/);
    // Another missing tool causes a new attempt.
    expect(provide(['clang', 'lld']).installed).toEqual(['lld']);
  });

  test('stops without a tool that the build needs, and tries to install it every time', () => {
    aptThatRefuses('cmake');
    for (let attempt = 0; attempt < 2; attempt++) {
      const { stdout, installed } = provide(['cmake', 'clang']);
      expect(installed).toContain('cmake');
      expect(stdout).toMatch(
        /FAILED: .*The build needs them:\n {2}CMake .*\n.*\n {2}(sudo )?apt-get install cmake\n$/,
      );
    }
  });

  test('stops without any tool if all tools are required', () => {
    aptThatRefuses('clang');
    expect(provide(['clang'], { required: true }).stdout).toMatch(/FAILED: .*TENON_REQUIRE_TOOLS=1/);
  });
});
