/** `tenon new`: its project builds, passes its own test, and passes the safety suite. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../src/check/index.js';
import { projectNames } from '../../src/cli/new-project.js';
import { canCheck } from '../check/support.js';
import { extension, root, temporaryFolder } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';
import { tryable } from '../support/tools.js';
import { tenon } from './run.js';

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command in the folder of the project. */
function run(folder: string, command: string, ...args: string[]): Promise<Ran> {
  const bin = join(folder, 'node_modules', '.bin');
  const PATH = [bin, dirname(process.execPath), process.env['PATH']].join(delimiter);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...env, PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Links this package into a project, like `npm install` of a local tenon. */
function install(folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  symlinkSync(root, join(modules, 'tenon'));
  const bin = join(modules, '.bin', 'tenon');
  writeFileSync(
    bin,
    `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist', 'cli', 'main.js')}" "$@"\n`,
  );
  chmodSync(bin, 0o755);
}

describe.skipIf(!canCheck || !hasProcesses)('a new project', () => {
  const languages = tryable(
    ['c', 'cpp', 'rust'],
    (language) => `in ${language} builds`,
    (language) => (language === 'rust' ? ['cargo'] : []),
  );
  test.each(languages)(
    'in %s builds, passes its tests, and is clean at level strict',
    { timeout: 300_000 },
    async (language) => {
      const folder = join(temporaryFolder(), 'a.plugin');
      const made = await tenon(['new', 'my.plugin-1', '--lang', language, '--folder', folder]);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      install(folder);
      const tested = await run(folder, 'npm', 'test');
      expect(tested, tested.output).toMatchObject({ code: 0 });
      expect(tested.output).toMatch(/^(?:#|ℹ) pass 3$/m);
      const readme = readFileSync(join(folder, 'README.md'), 'utf8');
      const [, snippet = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
      writeFileSync(join(folder, 'snippet.mjs'), snippet);
      const ran = await run(folder, 'node', 'snippet.mjs');
      expect(ran).toEqual({ code: 0, output: 'Good morning, world!\n' });
      const checked = await run(folder, 'npm', 'run', 'check');
      expect(checked, checked.output).toMatchObject({ code: 0 });

      const library = language === 'rust' ? 'target/release/libmy_plugin_1' : 'build/my.plugin-1';
      const { files } = await check([join(folder, library + extension)], { level: 'strict' });
      const failed = files[0]?.results.filter(({ state }) => state !== 'passed' && state !== 'skipped');
      expect(failed).toEqual([]);
      expect(files[0]).toMatchObject({ outcome: 'clean', plugin: { name: 'my.plugin-1', version: '1.0.0' } });
    },
  );

  test.each(languages)(
    'of a kind in %s builds, passes its tests, and has no findings at level strict',
    { timeout: 300_000 },
    async (language) => {
      const folder = join(temporaryFolder(), 'typed');
      const kind = join(root, 'examples', 'kinds', 'text.kind.json');
      const made = await tenon(['new', 'typed', '--kind', kind, '--lang', language, '--folder', folder]);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect(readFileSync(join(folder, 'README.md'), 'utf8')).not.toMatch(/greeting|\{\{/);
      install(folder);
      const tested = await run(folder, 'npm', 'test');
      expect(tested, tested.output).toMatchObject({ code: 0 });
      expect(tested.output).toMatch(/^(?:#|ℹ) pass 2$/m);
      const current = await run(folder, 'npm', 'run', 'generate', '--', '--check');
      expect(current, current.output).toMatchObject({ code: 0 });
      const library = language === 'rust' ? 'target/release/libtyped' : 'build/typed';
      const called = await run(
        folder,
        'tenon',
        'call',
        library + extension,
        'text.count',
        '--json',
        '{"text":"a"}',
      );
      expect(called.output).toContain('text.count is not written yet');
      const { files } = await check([join(folder, library + extension)], { level: 'strict' });
      const others = files[0]?.results.filter(({ state }) => state !== 'passed' && state !== 'skipped');
      // A cursor that cannot be opened cannot be judged.
      expect(others?.filter(({ id }) => id !== 'calls/methods-succeed')).toEqual([]);
      expect(others?.every(({ state }) => state === 'incomplete')).toBe(true);
    },
  );

  test('has no unfilled placeholders, and its workflow runs the check', async () => {
    for (const language of ['c', 'cpp', 'rust']) {
      const folder = join(temporaryFolder(), 'p');
      await tenon(['new', 'p', '--lang', language, '--folder', folder]);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      );
      for (const file of files)
        expect(readFileSync(join(file.parentPath, file.name), 'utf8')).not.toMatch(/\{\{|\}\}/);
      const workflow = readFileSync(join(folder, '.github', 'workflows', 'check.yml'), 'utf8');
      expect(workflow).toContain('npm run check');
    }
  });
});

test('a folder that is not empty is refused and not changed', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'mine.txt'), 'mine');
  const { code, stderr } = await tenon(['new', 'p', '--folder', folder]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('is not empty') });
  expect(readdirSync(folder)).toEqual(['mine.txt']);
});

test.each([
  [['new'], 'a name is missing'],
  [['new', 'a', 'b'], 'exactly one name'],
  [['new', 'a name'], 'letters, digits'],
  [['new', '..'], 'letters, digits'],
  [['new', 'p', '--lang', 'pascal'], 'must be one of c, cpp, rust'],
])('invalid arguments are refused: %j', async (args, words) => {
  expect(await tenon(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
});

test.each([
  ['wordcount', { identifier: 'wordcount', crate: 'wordcount', package: 'wordcount' }],
  ['My.Plugin-2', { identifier: 'my_plugin_2', crate: 'my-plugin-2', package: 'my.plugin-2' }],
  ['7zip', { identifier: 'p7zip', crate: 'p7zip', package: '7zip' }],
  ['_x', { identifier: 'x', crate: 'x', package: 'x' }],
  ['---', { identifier: 'plugin', crate: 'plugin', package: '---' }],
])('the name %s is converted to a valid name for each tool', (name, names) => {
  expect(projectNames(name)).toEqual({ name, ...names });
});
