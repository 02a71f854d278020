/**
 * Locates the native files of this package: the addon, and the programs that run plugins outside the host
 * process.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../base/package.js';

const RUNNER = process.platform === 'win32' ? 'tenon-runner.exe' : 'tenon-runner';

/** Returns the path of a file that the build of this package makes. The file need not exist. */
export function builtFile(name: string): string {
  return join(packageRoot, 'build', 'Release', name);
}

/**
 * Returns the path of the native runner: the value of `TENON_RUNNER`, or the runner that was built with this
 * package. Returns null if that file does not exist, or if `TENON_RUNNER=none`. The runner does not need the
 * addon.
 */
export function findRunner(): string | null {
  const named = process.env['TENON_RUNNER'];
  if (named === 'none') return null;
  if (named !== undefined && named !== '') return named;
  const built = builtFile(RUNNER);
  return isExecutable(built) ? built : null;
}

/** Returns whether this process may start the file as a program. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
