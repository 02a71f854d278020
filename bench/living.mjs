/**
 * Measures living plugins: the pause of a reload, the calls during one, a watched folder, `tenon dev`, and what many
 * reloads leave. Needs the programs that `npm run bench` builds, and Linux. Run it alone with `node --expose-gc
 * bench/living.mjs [BUILD_FOLDER [DIST_FOLDER [ROUNDS]]]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from './living-common.mjs';
import { manyReloads, pauses } from './living-reloads.mjs';
import { idleWatch, saved, settled } from './living-watch.mjs';

/** @typedef {import('./living-common.mjs').LivingRow} LivingRow */

/**
 * Measures everything.
 *
 * @param {{build?: string, dist?: string, rounds?: number}} [options]
 * @returns {Promise<LivingRow[]>}
 */
export async function livingRows({
  build = join(root, 'build'),
  dist = join(root, 'dist'),
  rounds = 21,
} = {}) {
  const tenon = await import(pathToFileURL(join(dist, 'index.js')).href);
  const folder = mkdtempSync(join(tmpdir(), 'tenon-living-'));
  const setting = { tenon, build, dist, folder, rounds };
  try {
    return [
      ...(await pauses(setting, false)),
      ...(await pauses(setting, true)),
      await settled(setting),
      await saved(setting),
      await idleWatch(setting),
      ...(await manyReloads(setting)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Returns the figures with a limit, each with its measured value.
 *
 * @param {readonly LivingRow[]} rows
 */
export function livingFigures(rows) {
  const find = (/** @type {string} */ name) => rows.find((one) => one.name.includes(name));
  const figure = (/** @type {string} */ name, /** @type {number} */ limit) => {
    const found = find(name);
    return { what: found?.name ?? name, found: found?.median ?? Number.NaN, limit, unit: found?.unit ?? '' };
  };
  return [
    figure('idle: longest call', 10),
    figure('p99 of the calls during it', 15),
    figure('lost calls', 0),
    figure('settled to the answer', 50),
    figure('save to the new answer', 150),
    figure('idle watch', 0.5),
    ...(find('process tier: memory') === undefined
      ? []
      : [
          figure('process tier: memory', 20),
          figure('process tier: descriptors', 0),
          // Each version is a few bytes longer, because its number is part of the file.
          figure('process tier: disk', 0.1),
        ]),
  ];
}

/** Returns the table of the rows. @param {readonly LivingRow[]} rows @param {(value: number) => string} round */
export function livingTable(rows, round) {
  return [
    '| living plugins | median | max |',
    '| --- | --- | --- |',
    ...rows.map(
      ({ name, median, max, unit }) => `| ${name} | ${round(median)} ${unit} | ${round(max)} ${unit} |`,
    ),
    '',
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [build, dist, rounds] = process.argv.slice(2);
  const rows = await livingRows({
    ...(build && { build }),
    ...(dist && { dist }),
    ...(rounds && { rounds: Number(rounds) }),
  });
  console.log(JSON.stringify({ rows, figures: livingFigures(rows) }, null, 2));
}
