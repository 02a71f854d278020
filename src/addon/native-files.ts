/**
 * Locates the native files of this package: the addon, and the programs that run plugins outside the host
 * process. In a checkout they are in its build tree. An installed package finds them in `build/Release` if `tenon build`
 * has put them there, and otherwise in the package of the platform.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { isCheckout, packageRoot } from '../base/package.js';
import { missingFile } from './missing-files.js';
import { installedPackage, type PlatformPackage } from './platform.js';
import { isAsPublished } from './published.js';

const RUNNER = process.platform === 'win32' ? 'tenon-runner.exe' : 'tenon-runner';

/** Returns the path of a file that the build of this package makes. The file need not exist. */
export function builtFile(name: string): string {
  return join(packageRoot, 'build', 'Release', name);
}

let installed: PlatformPackage | null | undefined;

function platformPackage(): PlatformPackage | null {
  installed ??= isCheckout ? null : (installedPackage() ?? null);
  return installed;
}

/** Returns the path of a native file: a built one, or that of the platform's package. The file need not exist. */
export function nativeFile(name: string): string {
  const built = builtFile(name);
  if (existsSync(built)) return built;
  const found = platformPackage();
  const packaged = found === null ? built : join(found.folder, name);
  return existsSync(packaged) ? packaged : built;
}

/**
 * Returns whether a file may be loaded: one of the platform's package must be exactly the one that was published together
 * with this package. Other files count as whole.
 */
export function isWhole(path: string): boolean {
  return isAsPublished(platformPackage(), path);
}

/**
 * Returns why a native file cannot be used and what to do, as whole sentences. `problem` is what happened when it was
 * used.
 */
export function whyUnusable(name: string, problem: string | null = null): string {
  return missingFile({ name, path: nativeFile(name), problem, found: platformPackage() });
}

/**
 * Returns the path of the native runner: the value of `TENON_RUNNER`, or the runner of this package. Returns null if
 * that file is not a program, or if `TENON_RUNNER=none`; {@link runnerProblem} then returns the reason. The runner does
 * not need the addon.
 */
export function findRunner(): string | null {
  const named = process.env['TENON_RUNNER'];
  if (named === 'none') return null;
  if (named !== undefined && named !== '') return named;
  const runner = nativeFile(RUNNER);
  return isExecutable(runner) && isWhole(runner) ? runner : null;
}

/** Returns why there is no runner, as whole sentences. Returns null if there is one. */
export function runnerProblem(): string | null {
  if (process.env['TENON_RUNNER'] === 'none') return 'TENON_RUNNER=none disables the runner.';
  return findRunner() === null ? whyUnusable(RUNNER) : null;
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
