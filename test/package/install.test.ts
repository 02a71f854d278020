/**
 * The installed package without compiled files: `tenon build` builds the addon and the runner, and the first check
 * builds the checker.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pluginFile } from '../support/index.js';
import { node, packBuilt, projectWith } from './support.js';

const linux = process.platform === 'linux';
const MAIN = join('node_modules', 'tenon', 'dist', 'cli', 'main.js');
const { archive } = packBuilt('install');
const echo = JSON.stringify(pluginFile('echo'));

const HOST = `
  import { PluginHost } from 'tenon';
  const host = new PluginHost();
  const { addon, runner, isolation } = host.capabilities;
  const plugin = await host.load(${echo}, { isolation: 'process' });
  const instance = await plugin.new();
  const answer = String(await instance.call(Buffer.from('hello')));
  await host.close();
  console.log(JSON.stringify({ addon, runner, isolation, answer }));`;

const CHECK = `
  import { check } from 'tenon/check';
  const { outcome } = await check([${echo}], { onBuild: () => console.log('built again') });
  console.log(outcome);`;

describe.skipIf(!linux)('the installed package', () => {
  test('builds the addon and the runner with tenon build, and the checker in the first check', {
    timeout: 300_000,
  }, () => {
    const folder = projectWith(archive);
    const tenon = join(folder, 'node_modules', 'tenon');
    const built = () => readdirSync(join(tenon, 'build', 'Release')).sort();
    expect(node(folder, MAIN, 'build')).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^tenon: built\.$/m),
    });
    expect(built()).toEqual(['tenon-runner', 'tenon.node']);
    const hosted = node(folder, '--input-type=module', '-e', HOST);
    expect(hosted.stderr).toBe('');
    expect(JSON.parse(hosted.stdout)).toEqual({
      addon: true,
      runner: true,
      isolation: ['inline', 'thread', 'process'],
      answer: 'hello',
    });

    const checked = node(folder, MAIN, 'check', pluginFile('echo'), '--filter', 'abi/load');
    expect(checked).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^tenon: building .*tenon-checker, once/),
    });
    expect(built()).toEqual(['tenon-checker', 'tenon-runner', 'tenon.node']);
    expect(node(folder, '--input-type=module', '-e', CHECK)).toMatchObject({ stdout: 'clean\n', stderr: '' });
    // The intermediate files of the build are deleted.
    expect(readdirSync(join(tenon, 'build'))).toEqual(['Release']);
  });
});

describe.skipIf(!linux)('without a compiler', () => {
  /**
   * Returns a PATH with only a fake CMake, which fails like the real one without a compiler, or without any.
   */
  function withoutTools(folder: string, cmake: string | null): NodeJS.ProcessEnv {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    if (cmake !== null) {
      writeFileSync(join(bin, 'cmake'), `#!/bin/sh\n${cmake}\n`);
      chmodSync(join(bin, 'cmake'), 0o755);
    }
    return { PATH: [bin, '/nowhere'].join(delimiter) };
  }

  const withPath = (env: NodeJS.ProcessEnv, work: () => void) => {
    const before = process.env['PATH'];
    Object.assign(process.env, env);
    try {
      work();
    } finally {
      process.env['PATH'] = before;
    }
  };

  test('tenon build prints the missing tools', () => {
    const folder = projectWith(archive);
    withPath(withoutTools(folder, null), () => {
      const built = node(folder, MAIN, 'build');
      expect(built.status).toBe(1);
      expect(built.stderr).toContain('apt-get install cmake g++ make');
      expect(built.stderr).toContain('cmake cannot be run');
    });
  });

  test('tenon build prints the end of the output as it is, and the first error in the message', () => {
    const folder = projectWith(archive);
    const output = ['-- begins', 'x.cc:1: error: the first', 'x.cc:2: error: the second'];
    withPath(withoutTools(folder, `${output.map((line) => `echo '${line}'`).join('; ')}; exit 1`), () => {
      const { status, stderr } = node(folder, MAIN, 'build');
      expect(status).toBe(1);
      expect(stderr).toContain(output.map((line) => `  ${line}\n`).join(''));
      expect(stderr).toContain('cmake failed with: x.cc:1: error: the first (It needs CMake');
    });
  });

  test('a check is incomplete and prints the first error of CMake', () => {
    const folder = projectWith(archive);
    withPath(withoutTools(folder, 'echo "No CMAKE_CXX_COMPILER could be found."; exit 1'), () => {
      const checked = node(folder, MAIN, 'check', pluginFile('echo'));
      expect(checked).toMatchObject({ status: 3, stdout: '' });
      expect(checked.stderr).toContain('ERR_TENON_UNSUPPORTED');
      expect(checked.stderr).toContain('No CMAKE_CXX_COMPILER could be found.');
    });
  });

  test('a failed build leaves no files behind', () => {
    const folder = projectWith(archive);
    withPath(withoutTools(folder, 'exit 1'), () => {
      expect(node(folder, MAIN, 'build')).toMatchObject({ status: 1 });
    });
    expect(readdirSync(join(folder, 'node_modules', 'tenon', 'build'))).toEqual(['Release']);
  });
});

describe('a new project depends on the tenon that created it, from', () => {
  const dependency = (folder: string): string => {
    expect(node(folder, MAIN, 'new', 'plug', '--folder', 'sub/plug')).toMatchObject({
      status: 0,
      stderr: '',
    });
    const read = (name: string) => readFileSync(join(folder, 'sub', 'plug', name), 'utf8');
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { tenon: string } };
    // As long as tenon is not published, the README of the project explains how to install it on another
    // machine.
    expect(read('README.md')).toContain(`installs it from \`${devDependencies.tenon}\``);
    expect(read('README.md')).toMatch(/npm install --save-dev \.\/vendor\/tenon-[\d.]+\.tgz/);
    return devDependencies.tenon;
  };

  test.each([
    ['an archive', 'file:../tenon.tgz', 'file:../../../tenon.tgz'],
    ['a repository', 'git+ssh://host/tenon.git#1234', 'git+ssh://host/tenon.git#1234'],
    ['a registry', 'https://registry.npmjs.org/tenon/-/tenon-0.1.0.tgz', '^0.1.0'],
  ])('%s', (_, resolved, expected) => {
    const folder = projectWith(archive);
    const list = { packages: { 'node_modules/tenon': { resolved } } };
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify(list));
    expect(dependency(folder)).toBe(expected);
  });

  test('a registry, if the source of the installed version is unknown', () => {
    expect(dependency(projectWith(archive))).toBe('^0.1.0');
  });
});
