/** A release is complete, and its main package lists exactly the files of the others. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { problemsOfRelease } from '../../scripts/lib/release.mjs';
import { root } from '../support/index.js';

const files = { 'tenon.node': { size: 3, sha256: 'abc' } };
const part = (version = '1.0.0') => ({ manifest: { name: '@tenon/linux-x64-gnu', version }, files });
const whole = (change: object = {}) => {
  const compiled = { '@tenon/linux-x64-gnu': files };
  const optionalDependencies = { '@tenon/linux-x64-gnu': '1.0.0' };
  return {
    manifest: { name: 'tenon', version: '1.0.0', optionalDependencies, compiled, ...change },
    files: {},
  };
};

test('packages that belong together have no problem', () => {
  expect(problemsOfRelease([part(), whole()], '1.0.0')).toEqual([]);
});

test.each([
  [
    'another version',
    [part('0.9.0'), whole()],
    '@tenon/linux-x64-gnu has the version 0.9.0, expected 1.0.0.',
  ],
  [
    'a package that was compiled again',
    [part(), whole({ compiled: { '@tenon/linux-x64-gnu': {} } })],
    'tenon lists other files than @tenon/linux-x64-gnu has. Run npm run build:platforms again.',
  ],
  [
    'a package that is not a dependency',
    [part(), whole({ optionalDependencies: {} })],
    'tenon does not depend on @tenon/linux-x64-gnu 1.0.0.',
  ],
  [
    'a missing package',
    [whole()],
    'tenon depends on @tenon/linux-x64-gnu, which is not part of the release.',
  ],
])('%s is noticed', (_, packages, problem) => {
  expect(problemsOfRelease(packages, '1.0.0')).toEqual([problem]);
});

test('nothing is published unless it is asked for', () => {
  const program = join(root, 'scripts', 'release.mjs');
  for (const args of [[], ['--dry-run', '--publish']]) {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('npm run release -- --dry-run, or -- --publish');
  }
});
