/**
 * The packages with compiled files, one for each platform. The main package has all of them as optional dependencies,
 * of which package managers install the one that fits.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { libcHere } from '../base/libc.js';
import { type PublishedFile, publishedPackages } from '../base/package.js';

/** The scope of the packages. scripts/lib/platforms.mjs has the same one. */
const SCOPE = '@tenon';

/** The systems for which each program exists. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'tenon-runner': ['linux'],
  'tenon-runner.exe': ['win32'],
  'tenon-checker': ['linux'],
};

/** Returns whether a program exists for this system. */
export const existsHere = (program: string): boolean => PROGRAMS[program]?.includes(process.platform) ?? true;

/** An installed package of a platform. */
export interface PlatformPackage {
  /** The name by which it was found. */
  readonly name: string;
  /** The name and the version that it has itself. */
  readonly stated: { readonly name: string; readonly version: string };
  readonly folder: string;
  /** Its files, as they were published together with this package. */
  readonly files: Readonly<Record<string, PublishedFile>>;
}

/** `linux-x64`, for example. */
export const platformHere = `${process.platform}-${process.arch}`;

/** Returns the names of the packages for this system and processor: on Linux one for each C library. */
export function packageNames(): readonly string[] {
  const libcs = process.platform === 'linux' ? ['-gnu', '-musl'] : [''];
  return libcs.map((libc) => `${SCOPE}/${platformHere}${libc}`).filter(isPublished);
}

const isPublished = (name: string): boolean =>
  publishedPackages !== null && Object.hasOwn(publishedPackages, name);

/** Returns the name of the package that fits this program. */
export function fittingName(): string | undefined {
  const names = packageNames();
  const ofLibc = () => names.find((name) => name.endsWith(`-${libcHere()}`));
  return process.platform === 'linux' && names.length > 0 ? ofLibc() : names[0];
}

/**
 * Returns the installed package for this program, or undefined. Some package managers install those of both C libraries.
 * Only packages that were published together with this one are looked for.
 */
export function installedPackage(): PlatformPackage | undefined {
  const found = packageNames().flatMap((name) => findPackage(name) ?? []);
  if (found.length < 2) return found[0];
  const fitting = fittingName();
  return found.find(({ name }) => name === fitting);
}

/** Returns a published package that is installed, or undefined. */
function findPackage(name: string): PlatformPackage | undefined {
  const files = isPublished(name) ? publishedPackages?.[name] : undefined;
  if (files === undefined) return undefined;
  try {
    const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown };
    const stated = { name: String(manifest.name), version: String(manifest.version) };
    return { name, stated, folder: dirname(file), files };
  } catch {
    return undefined; // not installed, or without a readable package.json
  }
}

/** Returns the names of packages for other platforms that are installed next to this one. */
export function foreignPackages(): string[] {
  const fitting = packageNames();
  return Object.keys(publishedPackages ?? {}).filter(
    (name) => !fitting.includes(name) && findPackage(name) !== undefined,
  );
}
