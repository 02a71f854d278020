/** Plugins whose instances share state: each mistake of this kind is found, and each correct one is not blamed. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CheckResult, check } from '../../src/check/index.js';
import { extension } from '../support/index.js';
import { canCheck, tripsDir } from './support.js';

const IDS = [
  'threads/concurrent-instances',
  'threads/concurrent-new',
  'threads/concurrent-first',
  'calls/decimal-comma',
];

async function resultsOf(name: string): Promise<readonly CheckResult[]> {
  const plugin = join(tripsDir, `shared-${name}${extension}`);
  const { files } = await check([plugin], { seed: 1, level: 'torture', filter: IDS });
  return files[0]?.results.filter(({ id }) => IDS.includes(id)) ?? [];
}

const failedIn = (results: readonly CheckResult[]) =>
  results
    .filter(({ state }) => state === 'failed')
    .map(({ id, findings }) => [id, findings[0]?.message ?? '']);

const INSTANCES = 'threads/concurrent-instances';
const NEW = 'threads/concurrent-new';

describe.skipIf(!canCheck || process.arch !== 'x64')('instances that share state', () => {
  test.each([
    ['buffer', INSTANCES, 'expected 0 with "\\x0a.god yzal eht revo'],
    ['length', INSTANCES, 'expected 0 with "4113 45" as alone'],
    ['strtok', INSTANCES, 'strtok (use strtok_r)'],
    ['localtime', INSTANCES, 'gmtime (use gmtime_r)'],
    ['setlocale', INSTANCES, 'setlocale (use newlocale and uselocale)'],
    ['rand', INSTANCES, 'srand (use a generator in the instance)'],
    ['references', NEW, 'In a call while another instance was made or dropped'],
    ['lock-order', NEW, 'Two threads wait for each other'],
  ])('without a lock are found: %s', async (name, id, mentions) => {
    expect(failedIn(await resultsOf(name))).toEqual([[id, expect.stringContaining(mentions)]]);
  });

  test('are found in every run', async () => {
    for (let i = 0; i < 5; i++) expect(failedIn(await resultsOf('references'))).toHaveLength(1);
  });

  test.each([
    'locked',
    'spinning',
    'random',
    'clock',
    'counter',
    'local-time',
    'helper',
    'program',
    'guarded-list',
    'once',
    'ticks',
    'live',
  ])('correctly, or have results that change by themselves, are not blamed: %s', async (name) => {
    expect(failedIn(await resultsOf(name))).toEqual([]);
  });
});
