/** This package: its folder, its version, and how its native parts are built where it is installed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenonError } from './errors.js';

interface Package {
  readonly root: string;
  readonly version: string;
}

const found = findPackage();

/** The folder of the package. Native files, headers and templates are only ever looked for below it. */
export const packageRoot: string = found.root;

/** The version of this package. */
export function packageVersion(): string {
  return found.version;
}

/** The command that builds addon, runner and checker, for messages: another one in a checkout than where npm installed it. */
export const BUILD_COMMAND: string = packageRoot.split(/[\\/]/).includes('node_modules')
  ? 'npm rebuild tenon (npm may ask to approve its install script first: npm install-scripts approve tenon)'
  : 'npm run build';

/**
 * Seen from `src/base` as well as from `dist/base`. Inside a bundle this module lies somewhere else, or a CommonJS bundle has no
 * URL for it at all; whatever lies two folders above a bundle is not ours to load.
 */
function findPackage(): Package {
  const url: string | undefined = import.meta.url;
  if (url === undefined) throw bundled('a CommonJS bundle');
  const root = fileURLToPath(new URL('../..', url)).replace(/[\\/]$/, '');
  try {
    const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    if (
      name === 'tenon' &&
      typeof version === 'string' &&
      /[\\/](src|dist)[\\/]base[\\/]package\.[jt]s$/.test(fileURLToPath(url))
    )
      return { root, version };
  } catch {
    // No package file there: it was bundled.
  }
  throw bundled(fileURLToPath(url));
}

function bundled(where: string): TenonError {
  return new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `tenon cannot run from inside of ${where}: it was bundled, and its native files, headers and worker scripts stay behind. Keep it out of the bundle (esbuild --external:tenon, rollup and webpack "external") and install it beside the bundle.`,
  );
}
