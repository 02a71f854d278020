/** Constants and functions for all measurements of living plugins. */
import { appendFileSync, copyFileSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { quantile } from './rounds.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
/** The time for which a file must stand still, in milliseconds. */
export const SETTLE = 300;
export const INPUT = Buffer.from('one two three');

/**
 * @typedef {object} LivingRow
 * @property {string} name
 * @property {number} median
 * @property {number} max
 * @property {string} unit
 *
 * @typedef {object} Setting
 * @property {typeof import('../dist/index.js')} tenon
 * @property {string} build @property {string} dist @property {string} folder @property {number} rounds
 */

/** @param {string} name @param {readonly number[]} values @param {string} unit @returns {LivingRow} */
export const row = (name, values, unit) => ({
  name,
  median: quantile(values, 0.5),
  max: Math.max(...values),
  unit,
});

let versions = 0;
/**
 * Puts another version of a plugin into its place, as installers do. Bytes behind the end of an ELF file make another
 * digest.
 *
 * @param {string} from @param {string} to
 */
export function install(from, to) {
  copyFileSync(from, `${to}.new`);
  appendFileSync(`${to}.new`, `version ${versions++}`);
  renameSync(`${to}.new`, to);
}
