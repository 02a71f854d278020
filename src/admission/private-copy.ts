/**
 * Gate `copy`: the private copy of a file and of the libraries that it brings along. From here on it is the only file that counts: it is
 * inspected again, because the original may have changed since it was.
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { extname, join } from 'node:path';
import { inspectFileSync, type LibraryFacts } from '../inspect/index.js';
import { type CopiedFile, copyFile, copyFolder, discard, publish } from './copies.js';
import { dependencies } from './dependencies.js';

/** Its path, what it holds, and the digest over it and all that it brings along. */
export interface PrivateCopy {
  readonly path: string;
  readonly digest: string;
  readonly key: string;
  readonly facts: LibraryFacts;
}

/** What is to be copied, and who judges it on the way. */
export interface CopyRequest {
  /** The real path of the original. */
  readonly real: string;
  /** What {@link identify} says of it. */
  readonly identity: string;
  /** Folder for private copies; undefined for the default. */
  readonly cacheDir: string | undefined;
  /** Refuse by throwing: the file by its digest or by the facts of the copy, a library that it brings along by its digest. */
  vouch(digest: string): Promise<void>;
  judge(facts: LibraryFacts): void;
  vouchDependency(path: string, digest: string): Promise<void>;
}

/** Admission asks for no other exports, of which a library may have thousands. */
export const ENTRY_POINTS_ONLY = { exports: 'entry-points' } as const;
/** A file that was written to so shortly before it was read may be written to again without a new time stamp. */
const RACY_NS = 2_000_000_000n;
const MAX_KNOWN = 4096;
/** By the original's identity and time stamps; they live as long as the thread. */
const copies = new Map<string, PrivateCopy>();

/** What tells an unchanged file from a changed one, together with where its copies go. */
export function identify(stats: BigIntStats, cacheDir: string | undefined): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs, cacheDir ?? ''].join(':');
}

/** The copy that was made of the same, unchanged file before, perhaps under another policy. */
export function knownCopy(identity: string): PrivateCopy | undefined {
  return copies.get(identity);
}

/** @throws TenonError, or what the judges of the request throw: then nothing is left of the copy */
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
 * Keeps a copy for the next admission of the same, unchanged file. Not for files that bring libraries along: those may
 * change while the file does not.
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
