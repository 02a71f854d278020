/**
 * Gate `copy`: the private copy of a file and of its bundled libraries. Every later step uses only the copy.
 * It is inspected again because the original may have changed after its inspection. A copy that disappeared is
 * made again.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { loadAddon } from '../addon/addon.js';
import { debug } from '../base/diagnostics.js';
import { TenonError } from '../base/errors.js';
import { makeFolderSync } from '../base/make-folder.js';
import { inspectFileSync, inspectNeeds, type LibraryFacts } from '../inspect/index.js';
import {
  type Bundled,
  type Companions,
  companionsOf,
  levelsSearched,
  levelsUp,
  type Outsider,
} from './companions.js';
import { type CopiedFile, copyBudget, copyFile, discard, publish } from './copies.js';
import { copyFolder } from './copy-folder.js';
import { machoCompanions } from './macho-companions.js';

/** One file of a copy. */
interface Part {
  /** The path of the copy. */
  readonly path: string;
  /** The path of the original. */
  readonly original: string;
  readonly digest: string;
  readonly size: number;
}

/** A private copy. */
export interface PrivateCopy {
  /** The path of the copy. */
  readonly path: string;
  /** The SHA-256 digest of the file in hexadecimal. */
  readonly digest: string;
  /** The digest over the file and its bundled libraries. */
  readonly key: string;
  /** The facts that inspection found in the copy. */
  readonly facts: LibraryFacts;
  /** The files of the copy, the plugin last. */
  readonly parts: readonly Part[];
  /** The folder that contains only this copy; null if the copy is a single file. */
  readonly place: string | null;
  /** The libraries that are loaded with it from their own places. */
  readonly outsiders: readonly Outsider[];
  /** The folder for private copies that was asked for. */
  readonly cacheDir: string | undefined;
}

/** A request for a copy, with the checks that the copy must pass. */
export interface CopyRequest {
  /** The real path of the original. */
  readonly real: string;
  /** The result of {@link identify} for the original. */
  readonly identity: string;
  /** The folder for private copies; undefined for the default. */
  readonly cacheDir: string | undefined;
  /** The bound on the bytes of the file and its bundled libraries together. */
  readonly maxSize: number;
  /** Throws to refuse the file by its digest. */
  vouch(digest: string): Promise<void>;
  /** Throws to refuse the file by the facts of the copy. */
  judge(facts: LibraryFacts): void;
  /** Throws to refuse a bundled library by its owner, modes and digest. */
  vouchBundled(path: string, digest: string): Promise<void>;
}

/** Limits an inspection to the exports that admission needs. A library may have thousands of others. */
export const ENTRY_POINTS_ONLY = { exports: 'entry-points' } as const;
/**
 * Nanoseconds between the last change of a file and its reading that a known copy requires. After a shorter
 * time, the file may change again without a new time stamp.
 */
const RACY_NS = 2_000_000_000n;
const MAX_KNOWN = 4096;
/** The copies by the original's identity and time stamps. They live as long as the thread. */
const copies = new Map<string, PrivateCopy>();

/**
 * Returns a string that distinguishes an unchanged file from a changed one, and includes the folder of its
 * copies.
 */
export function identify(stats: BigIntStats, cacheDir: string | undefined): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs, cacheDir ?? ''].join(':');
}

/** Returns an earlier copy of the same, unchanged file, which may have been made under another policy. */
export function knownCopy(identity: string): PrivateCopy | undefined {
  const known = copies.get(identity);
  if (known === undefined || isIntact(known)) return known;
  copies.delete(identity);
  return undefined;
}

/** Notes that this process runs a copy, in any of its threads. */
export function useCopy({ path }: PrivateCopy): void {
  loadAddon()?.changeFileUses(path, 1);
}

/**
 * Notes that a use of a copy has ended. If it was the last one, and the original is now another file, the copy is
 * removed. Without the addon the uses of other threads are unknown, so it stays until the end of the process.
 */
export async function leaveCopy(copy: PrivateCopy): Promise<void> {
  const { path, cacheDir, parts } = copy;
  if (loadAddon()?.changeFileUses(path, -1) !== 0) return;
  const original = await stat(parts.at(-1)?.original ?? '', { bigint: true }).catch(() => null);
  const present = original === null ? '' : identify(original, cacheDir);
  if (copies.get(present)?.path !== path) await removeCopy(copy);
}

/** Removes a copy that was never used, unless it is in use elsewhere. */
export async function dropCopy(copy: PrivateCopy): Promise<void> {
  if (loadAddon()?.changeFileUses(copy.path, 0) === 0) await removeCopy(copy);
}

async function removeCopy({ path, place }: PrivateCopy): Promise<void> {
  for (const [identity, known] of copies) if (known.path === path) copies.delete(identity);
  await rm(place ?? path, { recursive: true, force: true }).catch((error) => debug('%s', error));
}

/** Returns whether all files of a copy are there. */
export function isIntact({ parts }: PrivateCopy): boolean {
  return parts.every(({ path, size }) => statSync(path, { throwIfNoEntry: false })?.size === size);
}

/**
 * Makes a private copy.
 * @throws TenonError if the file cannot be copied
 * @throws the error of a check of the request; the copy is then removed
 */
export async function makeCopy(request: CopyRequest): Promise<PrivateCopy> {
  const { real, identity, cacheDir, maxSize } = request;
  const startedNs = BigInt(Date.now()) * 1_000_000n;
  const budget = copyBudget(maxSize);
  const folder = await copyFolder(cacheDir);
  const unpublished: CopiedFile[] = [];
  const copy = async (path: string) => {
    const copied = await copyFile(path, folder, budget);
    unpublished.push(copied);
    return copied;
  };
  try {
    const copied = await copy(real);
    await request.vouch(copied.digest);
    const facts = inspectFileSync(copied.temporary, ENTRY_POINTS_ONLY);
    request.judge(facts);
    const { bundled, fixed } = companions(real, facts);
    const brought = [];
    for (const one of bundled) brought.push({ ...one, copy: await copyBundled(one, copy, request) });
    const key = combinedDigest(copied.digest, brought);
    const { place, parts } = await arrange({ folder, key, real, copied, brought });
    const path = parts.at(-1)?.path ?? '';
    // The originals may have changed since they were copied: the copies are what the loader will read.
    const { outsiders } = companions(path, facts);
    const made = { path, key, digest: copied.digest, facts: { ...facts, path: real }, outsiders, cacheDir };
    const result: PrivateCopy = { ...made, parts, place };
    if (fixed) remember(identity, result, startedNs);
    unpublished.length = 0;
    return result;
  } finally {
    for (const one of unpublished) await discard(one);
  }
}

function companions(real: string, facts: LibraryFacts): Companions {
  if (facts.format === 'elf') return companionsOf(real, facts.arch);
  const bundled = machoCompanions(real, facts);
  return { bundled, outsiders: [], fixed: bundled.length === 0 };
}

/** Copies and checks a bundled library. The copy is inspected: a truncated library would crash its process. */
async function copyBundled(
  { path }: Bundled,
  copy: (path: string) => Promise<CopiedFile>,
  request: CopyRequest,
): Promise<CopiedFile> {
  const copied = await copy(path);
  await request.vouchBundled(path, copied.digest);
  try {
    inspectNeeds(copied.temporary);
  } catch (error) {
    if (!(error instanceof TenonError)) throw error;
    const message = error.message.replaceAll(copied.temporary, path);
    throw new TenonError(error.code, message, { path, cause: error });
  }
  return copied;
}

interface Arrangement {
  readonly folder: string;
  readonly key: string;
  readonly real: string;
  readonly copied: CopiedFile;
  readonly brought: readonly (Bundled & { readonly copy: CopiedFile })[];
}

/**
 * Puts the copies where they are relative to each other as the originals are. The folder has as many levels
 * above the plugin as the loader searches there: further up, other users may have put libraries.
 */
async function arrange({ folder, key, real, copied, brought }: Arrangement) {
  const levels = Math.max(
    levelsSearched(copied.temporary, '.'),
    ...brought.map(({ relative: path, copy }) =>
      Math.max(levelsUp(path), levelsSearched(copy.temporary, dirname(path))),
    ),
  );
  const place = brought.length === 0 && levels === 0 ? null : join(folder, key);
  const home = place === null ? folder : join(place, lastFolders(dirname(real), levels));
  const parts: Part[] = [];
  for (const { path: original, relative: way, copy } of brought) {
    makeWay(home, way);
    const path = join(home, way);
    await publish(copy, path);
    parts.push({ path, original, digest: copy.digest, size: copy.size });
  }
  const path = join(home, `${key}${extname(real)}`);
  await publish(copied, path);
  parts.push({ path, original: real, digest: copied.digest, size: copied.size });
  return { place, parts };
}

/** Returns the last folders of a path. Above the root there is the root again, which needs a name in a copy. */
function lastFolders(folder: string, levels: number): string {
  const names: string[] = [];
  for (let here = folder; names.length < levels; here = dirname(here))
    names.unshift(basename(here) || 'root');
  return join(...names);
}

/** Makes the folders on the way to a file. Those that the way leaves again with `..` must exist too. */
function makeWay(home: string, way: string): void {
  const steps = way.split('/').slice(0, -1);
  makeFolderSync(home, 0o700);
  let folder = home;
  for (const step of steps) {
    folder = join(folder, step);
    makeFolderSync(folder, 0o700);
  }
}

/**
 * Makes the missing files of a copy again.
 * @throws TenonError ERR_TENON_UNREADABLE if that is impossible; the plugin is not at fault
 */
export async function restore(copy: PrivateCopy): Promise<void> {
  if (isIntact(copy)) return;
  const folder = await copyFolder(copy.cacheDir);
  for (const part of copy.parts) {
    if (statSync(part.path, { throwIfNoEntry: false })?.size === part.size) continue;
    if (!part.path.startsWith(`${folder}/`)) throw lost(part, `copies are now in ${folder}`);
    const again = await copyFile(part.original, folder);
    if (again.digest !== part.digest) {
      await discard(again);
      throw lost(part, `${part.original} has changed since`);
    }
    if (copy.place !== null) makeWay(copy.place, relative(copy.place, part.path));
    await publish(again, part.path);
  }
}

function lost({ path, original }: Part, why: string): TenonError {
  return new TenonError(
    'ERR_TENON_UNREADABLE',
    `Cannot use the private copy ${path} of ${original}: another program removed it, and ${why}. Load the plugin again, and exclude the folder from the programs that clean up temporary files.`,
    { path: original },
  );
}

/**
 * Runs a step that opens the copy. If the copy has disappeared, it is made again first. If it disappears during
 * the step, which then fails, the step is repeated once.
 */
export async function withCopy<T>(copy: PrivateCopy, step: () => Promise<T>): Promise<T> {
  await restore(copy);
  try {
    return await step();
  } catch (error) {
    if (isIntact(copy)) throw error;
    await restore(copy);
    return step();
  }
}

/**
 * Keeps a copy for the next admission of the same, unchanged file. A file with companions is not kept, because
 * those may change while the file does not.
 */
function remember(identity: string, copy: PrivateCopy, startedNs: bigint): void {
  const [, , , mtimeNs = '0', ctimeNs = '0'] = identity.split(':');
  const changed = BigInt(mtimeNs) > BigInt(ctimeNs) ? BigInt(mtimeNs) : BigInt(ctimeNs);
  if (changed + RACY_NS > startedNs) return;
  if (copies.size >= MAX_KNOWN) copies.clear();
  copies.set(identity, copy);
}

function combinedDigest(
  digest: string,
  brought: readonly { readonly relative: string; readonly copy: { readonly digest: string } }[],
): string {
  if (brought.length === 0) return digest;
  const hash = createHash('sha256').update(digest);
  for (const { relative: path, copy } of brought) hash.update(`\0${path}\0${copy.digest}`);
  return hash.digest('hex');
}
