/** Installs the npm packages exactly as package-lock.json specifies, unless they are installed already. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { runNpm } from './run.mjs';
import { mustSucceed } from './steps.mjs';

function readPackages(file) {
  try {
    const { '': _project, ...packages } = JSON.parse(readFileSync(file, 'utf8')).packages;
    return packages;
  } catch {
    return undefined;
  }
}

/**
 * Returns whether node_modules contains the packages of the lock file. npm writes
 * `node_modules/.package-lock.json` at the very end of an installation, so an interrupted one does not count.
 * Packages for other platforms may be absent.
 */
export function packagesAreInstalled(folder = root) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  const installed = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || installed === undefined) return false;
  const complete = Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = installed[path];
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity && existsSync(join(folder, path));
  });
  return complete && Object.keys(installed).every((path) => wanted[path] !== undefined);
}

/**
 * Installs the packages of a folder if necessary. No script of a package has to run, and not the `prepare` of this one,
 * which compiles what the caller compiles anyway.
 */
export async function installPackages(folder = root) {
  if (packagesAreInstalled(folder)) return 'up to date';
  mustSucceed(
    await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder }),
    'npm ci',
    'npm-ci',
  );
  return 'installed';
}
