/** The checks of the kind state/1: each fault trips one check and no other, and sound plugins trip none. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../src/check/index.js';
import { extension, pluginFile } from '../support/index.js';
import { needs } from '../support/tools.js';
import { tryTrips } from './matrix.js';
import { canCheck, tripsDir } from './support.js';
import { stateTrips } from './table-state.js';

describe.skipIf(!canCheck)('each fault trips exactly one check', () => {
  tryTrips(stateTrips);
});

async function statesOf(path: string, pluginConfig = ''): Promise<Readonly<Record<string, string>>> {
  const { files } = await check([path], { level: 'torture', seed: 1, filter: ['state/*'], pluginConfig });
  const results = files.flatMap((file) => file.results).filter(({ group }) => group === 'state');
  return Object.fromEntries(results.map(({ id, state }) => [id, state]));
}

const all = (state: string) => ({ 'state/save': state, 'state/restore': state, 'state/damaged': state });

describe.skipIf(!canCheck)('sound plugins trip none:', () => {
  test.each([
    ['sound', 'passed'],
    ['sound-text', 'passed'],
    ['sound-serial', 'passed'],
  ])('state-%s', async (name, state) => {
    expect(await statesOf(join(tripsDir, `state-${name}${extension}`))).toEqual(all(state));
  });

  test.each(['', '{"totals":true}', '{"totals":true,"only":"words"}'])('wordcount %s', async (config) => {
    expect(await statesOf(pluginFile('wordcount'), config)).toEqual(all('passed'));
  });

  test('metronome-rs, which counts by itself', needs('cargo'), async () => {
    expect(await statesOf(pluginFile('metronome-rs'), '{"interval":1}')).toEqual(all('passed'));
  });

  test('a plugin that does not support its methods, and one without the kind, are skipped', async () => {
    const unsupported = await statesOf(join(tripsDir, `state-sound-unsupported${extension}`));
    expect(unsupported['state/save']).toBe('skipped');
    expect(Object.values(unsupported)).not.toContain('failed');
    expect(await statesOf(pluginFile('echo'))).toEqual(all('skipped'));
  });
});
