/** The rows of the tables: each plugin trips one check and no other. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CheckOptions, check, type FileVerdict } from '../../src/check/index.js';
import { extension } from '../support/index.js';
import { rustIn, tryable } from '../support/tools.js';
import { tripsDir } from './support.js';
import type { Trip } from './table.js';

/** Checks a plugin at the level torture. Without a request no inputs are generated, which would take minutes. */
export async function torture(path: string, options: CheckOptions = {}): Promise<FileVerdict> {
  const { files } = await check([path], { level: 'torture', seed: 1, fuzz: false, ...options });
  const [file] = files;
  if (file === undefined) throw new Error('there is no verdict');
  return file;
}

/** Returns the checks that are not fine, without those that depend on an incomplete one. */
export const failures = ({ results }: FileVerdict) =>
  results
    .filter(({ state }) => state === 'failed' || state === 'incomplete')
    .filter(({ reason }) => !reason?.startsWith('it depends on '))
    .map(({ id, state, findings, reason }) => ({ id, state, message: findings[0]?.message ?? reason ?? '' }));

/** Makes a test of each row. */
export function tryTrips(trips: readonly Trip[]): void {
  const rust = rustIn('trips');
  const rows = tryable(
    trips,
    ({ plugin, check: id }) => `${plugin} trips ${id}`,
    ({ plugin, check: id }) => {
      if (id === 'sanitize/valgrind') return ['valgrind'];
      return rust.includes(plugin) ? ['cargo'] : [];
    },
  );
  test.each(rows)(
    '$plugin trips $check',
    async ({ check: id, plugin, mentions, state = 'failed', options }) => {
      const verdict = await torture(join(tripsDir, plugin + extension), options);
      expect(failures(verdict)).toEqual([{ id, state, message: expect.stringContaining(mentions) }]);
    },
  );
}
