/**
 * The libraries that are loaded with a plugin from their own places. They pass the same trust as the plugin.
 * After the plugin is open, the libraries that the loader really chose are compared with those that passed.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, realpathSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { asTenonError, TenonError } from '../base/errors.js';
import { companionsOf, isSystemFile, type Outsider } from './companions.js';
import { digestOf } from './copies.js';
import type { PrivateCopy } from './private-copy.js';
import type { TrustPolicy } from './trust.js';

/** The environment in which a plugin is opened. */
export interface OpeningEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string | undefined;
}

/** The libraries that passed. */
export interface Vouched {
  /** Their files, each as device and inode. */
  readonly files: ReadonlySet<string>;
  /** Identifies them and their states; empty if there are none. */
  readonly key: string;
  /** The folder of the process that opens the plugin, to which relative paths belong. */
  readonly cwd: string;
}

/** A library that the loader has loaded. */
export interface LoadedLibrary {
  readonly path: string;
  /** The name for which it was chosen; null if that is unknown. */
  readonly name: string | null;
}

const MAX_DIGESTS = 1024;
/** Digests by the state of a file, so that large libraries are read once. */
const digests = new Map<string, string>();

/**
 * Checks the libraries that will be loaded from their own places: their owners, modes and digests.
 * @throws TenonError ERR_TENON_UNTRUSTED, ERR_TENON_NOT_A_LIBRARY
 */
export async function vouchOutsiders(
  copy: PrivateCopy,
  shown: string,
  trust: TrustPolicy,
  { env, cwd }: OpeningEnvironment,
): Promise<Vouched> {
  const searched = (env['LD_LIBRARY_PATH'] ?? '') !== '' || cwd !== undefined;
  const { format, path, arch } = copy.facts;
  const outsiders: readonly Outsider[] =
    searched && format === 'elf' ? companionsOf(path, arch, env, cwd).outsiders : copy.outsiders;
  const files = new Set<string>();
  const states: string[] = [];
  for (const outsider of outsiders) {
    const stats = await vouchFile(outsider.path, shown, trust);
    files.add(fileOf(stats));
    states.push(`${outsider.name}=${stateOf(stats)}`);
  }
  const key = states.length === 0 ? '' : createHash('sha256').update(states.join('\0')).digest('hex');
  return { files, key, cwd: cwd ?? process.cwd() };
}

/** Checks one library that is loaded because of the plugin `shown`. */
async function vouchFile(path: string, shown: string, trust: TrustPolicy): Promise<BigIntStats> {
  try {
    const real = realpathSync.native(path);
    const stats = statSync(real, { bigint: true });
    await trust.checkModes(real, stats);
    if (trust.listsDigests) await trust.checkDigest(real, await knownDigest(real, stats));
    return stats;
  } catch (error) {
    const cause = asTenonError(error, 'ERR_TENON_UNTRUSTED', `Cannot trust ${path}`);
    const message = `Cannot load ${shown}, which needs ${basename(path)}: ${cause.message}`;
    throw new TenonError(cause.code, message, { path, gate: 'trust', cause });
  }
}

async function knownDigest(path: string, stats: BigIntStats): Promise<string> {
  const state = stateOf(stats);
  const known = digests.get(state);
  if (known !== undefined) return known;
  const { digest } = await digestOf(path);
  if (digests.size >= MAX_DIGESTS) digests.clear();
  digests.set(state, digest);
  return digest;
}

function fileOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function stateOf(stats: BigIntStats): string {
  return [fileOf(stats), stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
}

/**
 * Compares the libraries that were loaded with the plugin with those that were admitted. Any other library must
 * be the system's, or pass the same checks now.
 * @throws TenonError ERR_TENON_UNTRUSTED
 * @throws TenonError ERR_TENON_LOAD_FAILED if the process had loaded another library of the same name before
 */
export async function compareLoaded(
  loaded: readonly LoadedLibrary[],
  copy: PrivateCopy,
  shown: string,
  trust: TrustPolicy,
  vouched: Vouched,
): Promise<void> {
  const own = new Set(copy.parts.map(({ path }) => path));
  for (const library of loaded) {
    // The program itself and the kernel's library have no paths.
    if (!library.path.includes('/') || own.has(library.path)) continue;
    const path = resolve(vouched.cwd, library.path);
    if (isSystemFile(path, copy.facts.arch)) continue;
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined && vouched.files.has(fileOf(stats))) continue;
    if (stats === undefined) throw unknown(path, shown);
    await checkName({ path, name: library.name }, copy, shown);
    await vouchFile(path, shown, trust);
  }
}

/** Checks that a library that the plugin brings is not replaced by another one of the same name. */
async function checkName({ path, name }: LoadedLibrary, copy: PrivateCopy, shown: string): Promise<void> {
  const own = copy.parts.find((part) => basename(part.path) === name);
  if (own === undefined) return;
  const { digest } = await digestOf(path);
  if (digest === own.digest) return;
  throw new TenonError(
    'ERR_TENON_LOAD_FAILED',
    `Cannot load ${shown}: it brings ${own.original}, but this process has already loaded another library of the name ${name} (${path}), which the loader uses instead. Load it with isolation: 'process'.`,
    { path: shown, gate: 'open' },
  );
}

function unknown(path: string, shown: string): TenonError {
  return new TenonError(
    'ERR_TENON_UNTRUSTED',
    `Cannot load ${shown}: the loader uses the library ${path} for it, whose file no longer exists and cannot be checked. Load it with isolation: 'process', or restart the program.`,
    { path: shown, gate: 'open' },
  );
}
