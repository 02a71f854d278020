/**
 * Gate `copy`: the private copy of a file and of its bundled libraries. Every later step uses only the copy.
 * It is inspected again because the original may have changed after its inspection.
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { extname, join } from 'node:path';
import { inspectFileSync, type LibraryFacts } from '../inspect/index.js';
import { type CopiedFile, copyFile, copyFolder, discard, publish } from './copies.js';
import { dependencies } from './dependencies.js';

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
}

/** A request for a copy, with the checks that the copy must pass. */
export interface CopyRequest {
  /** The real path of the original. */
  readonly real: string;
  /** The result of {@link identify} for the original. */
  readonly identity: string;
  /** The folder for private copies; undefined for the default. */
  readonly cacheDir: string | undefined;
  /** Throws to refuse the file by its digest. */
  vouch(digest: string): Promise<void>;
  /** Throws to refuse the file by the facts of the copy. */
  judge(facts: LibraryFacts): void;
  /** Throws to refuse a bundled library by its digest. */
  vouchDependency(path: string, digest: string): Promise<void>;
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
  return copies.get(identity);
}

/**
 * Makes a private copy.
 * @throws TenonError if the file cannot be copied
 * @throws the error of a check of the request; the copy is then removed
 */
export async function makeCopy(request: CopyRequest): Promise<PrivateCopy> {
  const { real, identity, cacheDir } = request;
  const startedNs = BigInt(Date.now()) * 1_000_000n;
  const folder = await copyFolder(cacheDir);
  const copied = await copyFile(real, folder);
  try {
    await request.vouch(copied.digest);
    const facts = inspectFileSync(copied.temporary, ENTRY_POINTS_ONLY);
    request.judge(facts);
    const brought = await copyDependencies(facts, folder, request);
    const key = combinedDigest(copied.digest, brought);
    const place = brought.length === 0 ? folder : join(folder, key);
    const path = join(place, `${key}${extname(real)}`);
    for (const { copy, relative } of brought) await publish(copy, join(place, relative));
    await publish(copied, path);
    const result: PrivateCopy = { path, key, digest: copied.digest, facts: { ...facts, path: real } };
    if (brought.length === 0) remember(identity, result, startedNs);
    return result;
  } catch (error) {
    await discard(copied);
    throw error;
  }
}

/**
 * Keeps a copy for the next admission of the same, unchanged file. A file with bundled libraries is not kept,
 * because those may change while the file does not.
 */
function remember(identity: string, copy: PrivateCopy, startedNs: bigint): void {
  const [, , , mtimeNs = '0', ctimeNs = '0'] = identity.split(':');
  const changed = BigInt(mtimeNs) > BigInt(ctimeNs) ? BigInt(mtimeNs) : BigInt(ctimeNs);
  if (changed + RACY_NS > startedNs) return;
  if (copies.size >= MAX_KNOWN) copies.clear();
  copies.set(identity, copy);
}

async function copyDependencies(facts: LibraryFacts, folder: string, request: CopyRequest) {
  const brought: { relative: string; copy: CopiedFile }[] = [];
  try {
    for (const { path, relative } of dependencies(request.real, facts)) {
      const copy = await copyFile(path, folder);
      brought.push({ relative, copy });
      await request.vouchDependency(path, copy.digest);
    }
    return brought;
  } catch (error) {
    for (const { copy } of brought) await discard(copy);
    throw error;
  }
}

function combinedDigest(
  digest: string,
  brought: readonly { relative: string; copy: { digest: string } }[],
): string {
  if (brought.length === 0) return digest;
  const hash = createHash('sha256').update(digest);
  for (const { relative, copy } of brought) hash.update(`\0${relative}\0${copy.digest}`);
  return hash.digest('hex');
}
