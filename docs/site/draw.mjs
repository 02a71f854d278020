/** Draws docs/images/*.dot as SVG files next to them. `--check` only says which are not up to date. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { instance } from '@viz-js/viz';

const folder = fileURLToPath(new URL('../images/', import.meta.url));

/** @param {{check?: boolean}} [options] @returns {Promise<string[]>} the files that were not up to date */
export async function draw({ check = false } = {}) {
  const viz = await instance();
  const stale = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.dot'))) {
    const drawn = viz.renderString(readFileSync(folder + name, 'utf8'), { format: 'svg' });
    const file = `${folder}${name.slice(0, -'.dot'.length)}.svg`;
    const found = readdirSync(folder).includes(file.slice(folder.length)) ? readFileSync(file, 'utf8') : '';
    if (found === drawn) continue;
    stale.push(file);
    if (!check) writeFileSync(file, drawn);
  }
  return stale;
}
