/**
 * npm's install hook of the published package: builds the addon and the runner. tenon works without both (koffi makes the
 * calls, a Node.js process the probes), so that a failure is told and is no failure of the installation.
 *
 * Needs nothing but Node's own modules and cmake-js, since no other script is published. In a checkout `npm start` and
 * `npm test` build, and this does nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

function buildAddon() {
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const args = [
    cmakeJs,
    'build',
    '--directory',
    root,
    '--out',
    resolve(root, 'build'),
    '--log-level',
    'error',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? null : `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
}

function tryToBuild() {
  try {
    return buildAddon();
  } catch (error) {
    return error.message;
  }
}

const isCheckout = existsSync(resolve(root, 'scripts', 'build.mjs'));
const problem = isCheckout ? null : tryToBuild();
if (problem !== null) {
  console.warn(`tenon: the native addon was not built; tenon works without it, with slower calls and without events.
To have it, install CMake and a C++ compiler (on Debian: apt-get install cmake g++ make), then: npm rebuild tenon
${problem}`);
}
