import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, temporaryFolder } from '../support/index.js';

const SOURCES = ['events.cc', 'mailbox.cc', 'host_slots.cc'].map((name) => join(root, 'native', name));
const INCLUDES = ['native', 'include', join('node_modules', 'node-api-headers', 'include')];

/** Compiles the stress program; runs it without what LD_PRELOAD may bring for other tests. */
function stress(flags: string[]) {
  const program = join(temporaryFolder(), 'stress');
  const given = INCLUDES.map((folder) => `-I${join(root, folder)}`);
  const source = join(root, 'test', 'tiers', 'fixtures', 'mailbox-stress.cc');
  const all = [
    '-std=c++17',
    '-O1',
    '-g',
    '-pthread',
    '-DNAPI_VERSION=8',
    ...given,
    ...flags,
    source,
    ...SOURCES,
  ];
  execFileSync('c++', [...all, '-o', program]);
  return spawnSync(program, { encoding: 'utf8', env: {} });
}

/** Some kernels place memory where some versions of ThreadSanitizer cannot live. */
function stressWithoutRaces(flags: string[]) {
  try {
    const ended = stress(['-fsanitize=thread', ...flags]);
    if (!ended.stderr.includes('unexpected memory mapping')) return ended;
  } catch {
    // No ThreadSanitizer here: the deliveries are still checked.
  }
  return stress(flags);
}

test.each([
  ['addresses that are used once', []],
  ['addresses that are used again after a while', ['-DTENON_REUSE_HOSTS']],
])('threads that outlive their instances race with nothing and reach no other instance: %s', (_, flags) => {
  const ended = stressWithoutRaces(flags);
  expect(ended.stderr).toBe('');
  expect(ended.status).toBe(0);
  const { delivered, misdelivered, closed } = JSON.parse(ended.stdout);
  expect(misdelivered).toBe(0);
  expect(delivered).toBeGreaterThan(0);
  expect(closed).toBeGreaterThan(0);
});
