import { devNull } from 'node:os';
import { describe, expect, test } from 'vitest';
import { spawnProblem } from '../../src/base/spawn-problem.js';
import { PluginHost } from '../../src/index.js';
import { pluginFile, withRunner } from '../support/index.js';

describe('why a program was not started', () => {
  const absent = Object.assign(new Error('spawn /bin/tool ENOENT'), { code: 'ENOENT' });
  const without = (...paths: string[]) => ({
    isFolder: (path: string) => !paths.includes(path),
    exists: (path: string) => !paths.includes(path),
  });
  const said = (missing: string, error: Error = absent) =>
    spawnProblem(error, { program: '/bin/tool', cwd: '/work' }, 'Build it.', without(missing));

  test.each([
    ['the program', '/bin/tool', '/bin/tool does not exist. Build it.'],
    [
      'the working directory',
      '/work',
      'its working directory /work is not a folder. Correct the option cwd.',
    ],
    ['the null device', devNull, `${devNull} does not exist. The system must provide it`],
    ['the loader', '/nothing', 'the loader that /bin/tool needs does not exist'],
  ])('is said for a lack of %s', (_what, missing, words) => {
    expect(said(missing)).toContain(words);
  });

  test('is said for a lack of permission, and otherwise in the words of the system', () => {
    expect(said('', Object.assign(new Error('no'), { code: 'EACCES' }))).toContain('mounted noexec');
    expect(said('', Object.assign(new Error('spawn E2BIG'), { code: 'E2BIG' }))).toContain('spawn E2BIG');
  });
});

test.runIf(withRunner)('a missing working directory is not called a missing program', async () => {
  await using host = new PluginHost();
  const loading = host.load(pluginFile('echo'), { isolation: 'process', cwd: '/nowhere/at/all' });
  await expect(loading).rejects.toThrow(/working directory \/nowhere\/at\/all is not a folder/);
});
