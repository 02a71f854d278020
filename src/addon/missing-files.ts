/** Says why a native file cannot be used, and how to mend that. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { libcHere } from '../base/libc.js';
import {
  BUILD_COMMAND,
  isCheckout,
  packageRoot,
  packageVersion,
  publishedPackages,
} from '../base/package.js';
import { quoted } from '../base/shell.js';
import {
  existsHere,
  fittingName,
  foreignPackages,
  type PlatformPackage,
  packageNames,
  platformHere,
} from './platform.js';
import { contentProblem, isPublishedVersion } from './published.js';

/** A native file that cannot be used. */
export interface Unusable {
  readonly name: string;
  /** Its place. The file need not exist. */
  readonly path: string;
  /** The loader's message when it was used; null if it was not. */
  readonly problem: string | null;
  /** The installed package of this platform; null if there is none, and in a checkout. */
  readonly found: PlatformPackage | null;
}

const BUILD = `run ${BUILD_COMMAND}, which needs CMake and a C++ compiler`;

/** Returns the reason and the remedy, as whole sentences. */
export function missingFile(file: Unusable): string {
  const { name, path, problem, found } = file;
  const isAddon = name === 'tenon.node';
  if (!existsHere(name)) return `There is no ${name} for ${platformHere} so far.`;
  if (existsSync(path)) return existing(file, isAddon);
  if (isCheckout) return `Cannot load ${path}: ${problem ?? 'it does not exist'}. Run ${BUILD_COMMAND}.`;
  return found === null ? withoutPackage(name) : incomplete(found, name);
}

/** The file is there. It may not be loaded, the loader refused it, or it is not executable. */
function existing({ name, path, problem, found }: Unusable, isAddon: boolean): string {
  const packaged = found !== null && dirname(path) === found.folder;
  if (packaged && !isPublishedVersion(found)) return otherPackage(found);
  const difference = packaged ? contentProblem(found, path) : null;
  if (packaged && difference !== null)
    return `${path} ${difference}, so the package ${found.name} is damaged or was changed. Install it again: ${REINSTALL}. If you changed the file yourself, for example to sign it, set ${variableOf(name)} to its path.`;
  if (!isAddon && problem === null) return notExecutable(path);
  const what = `Cannot load ${path}: ${problem ?? 'it cannot be used'}.`;
  if (!packaged) return `${what} Run ${BUILD_COMMAND}.`;
  const fitting = fittingName();
  if (fitting !== undefined && fitting !== found.name)
    return `${what} ${found.name} is installed, but this Node.js uses ${libcHere() === 'musl' ? 'musl' : 'glibc'}. ${install(fitting)}`;
  return `${what} The file is as it was published. If this system is too old for it, ${BUILD}.`;
}

const variableOf = (name: string): string =>
  name === 'tenon.node'
    ? 'TENON_ADDON'
    : name
        .replace(/\.exe$/, '')
        .replace('-', '_')
        .toUpperCase();

/** A program that may not be started: its mode forbids it, or else the place where it is. */
function notExecutable(path: string): string {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o111) === 0o111)
    return `${path} cannot be executed, although its mode permits it: the file system is mounted with noexec, or this process may not use it. Install tenon on another file system, or mount that one without noexec.`;
  return `${path} has no permission to be executed, which some tools drop when they unpack packages. Run: chmod +x ${inQuotes(path)}.`;
}

/** Quotes a path even if no shell needs it, so that the end of the sentence is not taken for a part of it. */
function inQuotes(path: string): string {
  const text = quoted([path]);
  return text === path ? `'${path}'` : text;
}

const REINSTALL = 'remove node_modules, and install the packages again';

const install = (name: string) =>
  `Install it: npm install --no-save ${name}@${packageVersion()}, or ${BUILD}.`;

/** The package has another version, or another package was put under its name. */
function otherPackage({ name, stated, folder }: PlatformPackage): string {
  if (stated.name !== name)
    return `${folder} has the package ${stated.name}, expected ${name}, so nothing of it is loaded. ${install(name)}`;
  return `${name} has the version ${stated.version}, but tenon has ${packageVersion()}, so nothing of it is loaded. ${install(name)}`;
}

function incomplete(found: PlatformPackage, name: string): string {
  if (!isPublishedVersion(found)) return otherPackage(found);
  return `${name} is missing from ${found.folder}, so the package ${found.name} is damaged. Install it again: ${REINSTALL}.`;
}

function withoutPackage(name: string): string {
  if (publishedPackages === null)
    return `tenon in ${packageRoot} was installed from its sources and not from a registry, so it has no compiled files. To use ${name}, ${BUILD}.`;
  const fitting = fittingName();
  if (fitting === undefined)
    return `tenon has no compiled files for ${platformNow()}. To use ${name}, ${BUILD}.`;
  const foreign = foreignPackages();
  const cause =
    foreign.length > 0
      ? `${foreign.join(' and ')} is installed instead: node_modules or its lock file comes from another machine`
      : 'the optional dependencies were left out (npm: --omit=optional, --no-optional), or the lock file does not list the package for this platform';
  return `The package ${fitting}, which has ${name} for this platform, is not installed. Perhaps ${cause}. Remove node_modules and run npm install again with optional dependencies. ${install(fitting)}`;
}

/** The platform, with the C library if there are compiled files for another one. */
const platformNow = (): string =>
  packageNames().length === 0
    ? platformHere
    : `${platformHere} with ${libcHere() === 'musl' ? 'musl' : 'glibc'}`;
