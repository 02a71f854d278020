/**
 * The headers of Node-API in dist. Only `tenon build` of an installed package reads them, so that they are not
 * dependencies that everybody installs.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inRoot } from './paths.mjs';

const require = createRequire(import.meta.url);
/** native/node/node_api.cmake reads this folder. It is outside of the sources, which linters and tests read. */
export const HEADERS = inRoot('dist', 'headers');

/** Copies the headers, their licenses, and the list of the functions that Windows looks up by name. */
export function copyNodeHeaders() {
  const { include_dir: c, symbols } = require('node-api-headers');
  const cpp = dirname(require.resolve('node-addon-api/napi.h'));
  rmSync(HEADERS, { recursive: true, force: true });
  mkdirSync(HEADERS, { recursive: true });
  for (const folder of [c, cpp])
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.h')))
      copyFileSync(join(folder, name), join(HEADERS, name));
  const licenses = { 'node-api-headers': 'LICENSE', 'node-addon-api': 'LICENSE.md' };
  for (const [name, license] of Object.entries(licenses))
    copyFileSync(inRoot('node_modules', name, license), join(HEADERS, `LICENSE.${name}`));
  const lines = Object.values(symbols.v8)
    .flat()
    .map((name) => `TENON_FUNCTION(${name})\n`);
  writeFileSync(join(HEADERS, 'node_functions.inc'), lines.join(''));
}
