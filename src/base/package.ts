/** This package: its folder, its version, and the command that builds its native parts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenonError } from './errors.js';

interface Package {
  readonly root: string;
  readonly version: string;
}

/** The places of this code in the package: as a source, compiled module by module, and in the published files. */
const PLACES = [
  [/[\\/]src[\\/]base[\\/]package\.ts$/, '../..'],
  [/[\\/]build[\\/]modules[\\/]base[\\/]package\.js$/, '../../..'],
  [/[\\/]dist[\\/]shared[\\/][^\\/]+\.js$/, '../..'],
] as const;

const found = findPackage();

/** The folder of the package. Native files, headers and templates are loaded only from below it. */
export const packageRoot: string = found.root;

/** Returns the version of this package, for example `1.0.0`. */
export function packageVersion(): string {
  return found.version;
}

/** Whether this is a checkout of the repository and not an installed package. */
export const isCheckout: boolean = existsSync(join(packageRoot, 'scripts', 'build.mjs'));

/** The command that builds the addon and the runner, for messages. */
export const BUILD_COMMAND: string = isCheckout ? 'npm run build' : 'npx tenon build';

/**
 * Finds the package by the place of this code. Inside the bundle of an application this code has another place,
 * and in a CommonJS bundle it has no URL. The folders around a bundle do not belong to this package, so nothing
 * may be loaded from them.
 */
function findPackage(): Package {
  const url: string | undefined = import.meta.url;
  if (url === undefined) throw bundled('a CommonJS bundle');
  const file = fileURLToPath(url);
  const up = PLACES.find(([pattern]) => pattern.test(file))?.[1];
  if (up === undefined) throw bundled(file);
  const root = join(file, '..', up);
  try {
    const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    if (name === 'tenon' && typeof version === 'string') return { root, version };
  } catch {
    // The package file does not exist: this code was bundled.
  }
  throw bundled(file);
}

function bundled(where: string): TenonError {
  return new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `tenon cannot run from inside ${where}: it was bundled, and its native files, headers and worker scripts were left behind. Keep tenon out of the bundle (esbuild: --external:tenon, rollup and webpack: external) and install it next to the bundle.`,
  );
}
