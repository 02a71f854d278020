/** Where the native files of this package are: the addon, and the programs that run plugins outside of the host. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../base/package.js';

const RUNNER = process.platform === 'win32' ? 'tenon-runner.exe' : 'tenon-runner';

/** A file that the build of this package makes. It need not exist. */
export function builtFile(name: string): string {
  return join(packageRoot, 'build', 'Release', name);
}

/**
 * The native runner: what `TENON_RUNNER` names, or the one that was built with this package. Null if there is none, and with
 * `TENON_RUNNER=none`. It needs no addon.
 */
export function findRunner(): string | null {
  const named = process.env['TENON_RUNNER'];
  if (named === 'none') return null;
  if (named !== undefined && named !== '') return named;
  const built = builtFile(RUNNER);
  return isExecutable(built) ? built : null;
}

/** Whether this process may start the file as a program. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
