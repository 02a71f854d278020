/** The checks of group `flow`: each fault of a connector or stage is found, and a sound plugin has none. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extension } from '../support/index.js';
import { failures, torture, tryTrips } from './matrix.js';
import { canCheck, tripsDir } from './support.js';
import { flowTrips } from './table-flow.js';

describe.skipIf(!canCheck)('each fault of a connector trips exactly one check', () => {
  tryTrips(flowTrips);
});

describe.skipIf(!canCheck)('a sound source and stage', () => {
  test('trip no check, and all checks of flows apply to them', async () => {
    const filter = ['flow/*', 'calls/methods-succeed'];
    const verdict = await torture(join(tripsDir, `flow-sound${extension}`), { filter });
    expect(failures(verdict)).toEqual([]);
    const ofFlows = verdict.results.filter(({ id }) => id.startsWith('flow/'));
    expect(ofFlows.map(({ state }) => state)).toEqual(['passed', 'passed', 'passed']);
  });
});
