/** The checks of growth: what fills up or goes up and down is not a leak, and a leak on one path is found. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckResult, check } from '../../src/check/index.js';
import { extension, pluginFile } from '../support/index.js';
import { canCheck, tripsDir } from './support.js';

const GROWTH = [
  'resources/leak-per-*',
  'resources/descriptors-per-*',
  'resources/threads-per-call',
  'resources/failing-*',
  'resources/odd-inputs',
  'resources/calling-threads',
];

const trip = (name: string) => join(tripsDir, name + extension);

async function growthOf(path: string): Promise<readonly CheckResult[]> {
  const { files } = await check([path], { filter: GROWTH, seed: 1 });
  return files[0]?.results.filter(({ id }) => id.startsWith('resources/')) ?? [];
}

const failuresOf = (results: readonly CheckResult[]) =>
  results
    .filter(({ state }) => state === 'failed' || state === 'incomplete')
    .map(({ id, findings, reason }) => `${id}: ${findings[0]?.message ?? reason}`);

describe.skipIf(!canCheck)('a sound plugin is not blamed for', () => {
  const sound: readonly (readonly [what: string, plugin: string])[] = [
    ['a cache that fills up in 2000 calls', 'cache'],
    ['a history of 3000 inputs', 'history'],
    ['a table that doubles until it is large enough', 'doubling'],
    ['300 files that it keeps open', 'files'],
    ['24 threads that it starts one after the other, and their memory', 'pool'],
    ['memory that it frees after every 700 calls', 'sawtooth'],
    ['memory for each thread that a destructor frees', 'threads'],
    ['memory for each thread that the next thread takes over', 'registry'],
    ['the last 500 messages of calls that failed', 'errors'],
    ['memory that other threads free than those that allocate it', 'workers'],
    ['400 configs that it has refused and remembers', 'configs'],
  ];
  test.each(sound)('%s', async (_, plugin) => {
    const results = await growthOf(trip(`growth-${plugin}`));
    expect(failuresOf(results)).toEqual([]);
    expect(results.filter(({ state }) => state === 'passed').length).toBeGreaterThan(5);
  });
});

describe.skipIf(!canCheck)('what a plugin leaves behind on one path', () => {
  test('is found where only one of several ways to fail leaks, and the input is named', async () => {
    const [failure, ...others] = failuresOf(await growthOf(trip('resources-failing-calls-one-path')));
    expect(failure).toMatch(
      /^resources\/failing-calls: Memory in use grows by \d+ bytes per round of \d+ failing calls/,
    );
    expect(failure).toMatch(/bytes are left by each call with the input "a{48}" and 99952 more bytes$/);
    expect(others).toEqual([]);
  });

  test('has the line that allocates it, where the plugin has debug information', async () => {
    const results = await growthOf(trip('resources-failing-new'));
    const finding = results.find(({ id }) => id === 'resources/failing-new')?.findings[0];
    expect(finding?.message).toMatch(/ of new, allocated in make\+0x[0-9a-f]+ /);
    expect(finding?.place).toMatchObject({ function: 'make', text: 'kept = malloc(100);' });
    expect(finding?.place?.file).toMatch(/plugins-c\/check\/failing\.c$/);
  });

  test.each([
    ['leak-per-call', 'leak-per-call', 'call'],
    ['leak-of-pages', 'leak-per-call', 'call'],
    ['calling-threads', 'calling-threads', 'call'],
  ])('has the function that allocates it: %s', async (plugin, id, name) => {
    const failures = failuresOf(await growthOf(trip(`resources-${plugin}`)));
    expect(failures[0]).toMatch(new RegExp(`^resources/${id}: .*, allocated in ${name}\\+0x`));
  });

  test('may be so much that only a few calls fit into memory', async () => {
    const [failure] = failuresOf(await growthOf(trip('resources-large-leak')));
    expect(failure).toMatch(/^resources\/leak-per-call: Memory in use grows by 2517\d{4} bytes per call/);
  });
});

describe.skipIf(!canCheck)('a plugin without such a path', () => {
  test('skips the checks of failures if nothing makes it fail', async () => {
    const results = await growthOf(pluginFile('echo'));
    expect(results.find(({ id }) => id === 'resources/failing-calls')).toMatchObject({
      state: 'skipped',
      reason: 'no input was found that makes a call fail',
    });
  });
});
