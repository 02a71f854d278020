/** This package: its folder, its version, and the command that builds its native parts. */
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TenonError } from './errors.js';
import { quoted } from './shell.js';

/** A compiled file as it was published. */
export interface PublishedFile {
  /** Bytes. */
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** The files of each package with compiled files, by the package's name and the file's. */
type PublishedPackages = Readonly<Record<string, Readonly<Record<string, PublishedFile>>>>;

interface Package {
  readonly root: string;
  readonly version: string;
  readonly published: PublishedPackages | null;
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

/**
 * The packages with compiled files that were published together with this one; null if this one was never published,
 * but installed from its sources. Nothing else is loaded: anybody can publish a package under a name that is free.
 */
export const publishedPackages: PublishedPackages | null = found.published;

/** Whether this is a checkout of the repository and not an installed package. */
export const isCheckout: boolean = existsSync(join(packageRoot, 'scripts', 'build.mjs'));

/** The command that builds the addon and the runner, for messages. */
export const BUILD_COMMAND: string = isCheckout ? buildCheckout() : 'npx tenon build';

/** Returns the command for a checkout, which may be linked into a project in another folder. */
function buildCheckout(): string {
  const away = relative(packageRoot, currentFolder());
  const isInside = away !== '..' && !away.startsWith(`..${sep}`) && !isAbsolute(away);
  return isInside ? 'npm run build' : `npm run build --prefix ${quoted([packageRoot])}`;
}

/** Returns the current folder, or the package's own if the current one was deleted. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return packageRoot;
  }
}

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
    const { name, version, compiled } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    if (name === 'tenon' && typeof version === 'string')
      return { root, version, published: compiled ?? null };
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
