/**
 * npm's install hook of the published package: builds the addon and the runner with `tenon build`. tenon works
 * without both: koffi makes the calls, and a Node.js process makes the probes. So a failure is reported, but does
 * not fail the installation.
 *
 * In a checkout the hook does nothing, because `npm start` and `npm test` build.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function build() {
  const tenon = join(root, 'dist', 'cli', 'main.js');
  const { status, stderr, error } = spawnSync(process.execPath, [tenon, 'build'], { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

const isCheckout = existsSync(join(root, 'scripts', 'build.mjs'));
const problem = isCheckout ? undefined : build();
if (problem !== undefined) {
  console.warn(`tenon: the native addon was not built. tenon works without it, with slower calls and without events.
To build it, install CMake and a C++ compiler (on Debian or Ubuntu: apt-get install cmake g++ make), then run: npx tenon build
${problem}`);
}
