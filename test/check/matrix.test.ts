/** Tests the suite itself: valid plugins trip no check, and each fault of the first groups trips one and no other. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS, type CheckOptions } from '../../src/check/index.js';
import { extension, pluginsDir } from '../support/index.js';
import { pluginsToTest } from '../support/tools.js';
import { failures, torture, tryTrips } from './matrix.js';
import { canCheck } from './support.js';
import { trips } from './table.js';
import { abiTrips } from './table-abi.js';
import { fileTrips } from './table-file.js';
import { lifecycleTrips } from './table-lifecycle.js';

/** The configs that valid plugins need. Metronomes must emit during the checks. */
const GOOD: Readonly<Record<string, CheckOptions>> = {
  grep: { pluginConfig: '{"pattern":"fox"}' },
  metronome: { pluginConfig: '{"interval":5}' },
  'metronome-rs': { pluginConfig: '{"interval":5}' },
};

test('each check of a group in the table has a row', () => {
  const groupOf = (id: string) => id.slice(0, id.indexOf('/'));
  const groups = new Set(trips.map(({ check: id }) => groupOf(id)));
  const tripped = new Set(trips.map(({ check: id }) => id));
  const missing = CHECKS.filter(({ id }) => groups.has(groupOf(id)) && !tripped.has(id));
  expect(missing.map(({ id }) => id)).toEqual([]);
});

describe.skipIf(!canCheck)('each fault trips exactly one check', () => {
  tryTrips([...abiTrips, ...fileTrips, ...lifecycleTrips]);
});

describe.skipIf(!canCheck)('valid plugins trip no check', () => {
  test.each(pluginsToTest())('%s', async (name) => {
    const verdict = await torture(join(pluginsDir, name), GOOD[name.slice(0, -extension.length)]);
    expect(failures(verdict)).toEqual([]);
    expect(verdict.outcome).toBe('clean');
  });
});
