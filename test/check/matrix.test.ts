/** Tests the suite itself: each fault trips its check and no other, and valid plugins trip none. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS, type CheckOptions, check, type FileVerdict } from '../../src/check/index.js';
import { extension, pluginsDir } from '../support/index.js';
import { pluginsToTest, rustIn, tryable } from '../support/tools.js';
import { canCheck, tripsDir } from './support.js';
import { trips } from './table.js';

/** The configs that valid plugins need. Metronomes must emit during the checks. */
const GOOD: Readonly<Record<string, CheckOptions>> = {
  grep: { pluginConfig: '{"pattern":"fox"}' },
  metronome: { pluginConfig: '{"interval":5}' },
  'metronome-rs': { pluginConfig: '{"interval":5}' },
};

async function torture(path: string, options: CheckOptions = {}): Promise<FileVerdict> {
  const { files } = await check([path], { level: 'torture', seed: 1, ...options });
  const [file] = files;
  if (file === undefined) throw new Error('there is no verdict');
  return file;
}

const failures = ({ results }: FileVerdict) =>
  results
    .filter(({ state }) => state === 'failed' || state === 'incomplete')
    .map(({ id, state, findings, reason }) => ({ id, state, message: findings[0]?.message ?? reason ?? '' }));

test('each check of a group in the table has a row', () => {
  const groupOf = (id: string) => id.slice(0, id.indexOf('/'));
  const groups = new Set(trips.map(({ check: id }) => groupOf(id)));
  const tripped = new Set(trips.map(({ check: id }) => id));
  const missing = CHECKS.filter(({ id }) => groups.has(groupOf(id)) && !tripped.has(id));
  expect(missing.map(({ id }) => id)).toEqual([]);
});

describe.skipIf(!canCheck)('each fault trips exactly one check', () => {
  const rust = rustIn('trips');
  const rows = tryable(
    trips,
    ({ plugin, check: id }) => `${plugin} trips ${id}`,
    ({ plugin }) => (rust.includes(plugin) ? ['cargo'] : []),
  );
  test.each(rows)('$plugin trips $check', async ({ check: id, plugin, mentions, options }) => {
    const verdict = await torture(join(tripsDir, plugin + extension), options);
    expect(failures(verdict)).toEqual([{ id, state: 'failed', message: expect.stringContaining(mentions) }]);
  });
});

describe.skipIf(!canCheck)('valid plugins trip no check', () => {
  test.each(pluginsToTest())('%s', async (name) => {
    const verdict = await torture(join(pluginsDir, name), GOOD[name.slice(0, -extension.length)]);
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('clean');
  });
});
