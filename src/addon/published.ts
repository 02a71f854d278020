/** Compares a file of an installed package with the one that was published. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { packageVersion } from '../base/package.js';
import type { PlatformPackage } from './platform.js';

/** The results of comparisons, by the file and the state in which it was read. */
const compared = new Map<string, { readonly state: string; readonly problem: string | null }>();

/**
 * Returns how a file in the package differs from the published one, as the rest of a sentence about the file, or null.
 * A package of another version or name, a damaged file and one that somebody replaced are all noticed before anything
 * of them is loaded. Loading the half of a file can even end the process (SIGBUS).
 */
export function contentProblem(found: PlatformPackage, path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats === undefined) return null;
  const state = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join();
  const before = compared.get(path);
  if (before?.state === state) return before.problem;
  const problem = compare(found, path, Number(stats.size));
  compared.set(path, { state, problem });
  return problem;
}

function compare({ files }: PlatformPackage, path: string, size: number): string | null {
  const expected = files[basename(path)];
  if (expected === undefined) return 'was not published';
  if (size !== expected.size) return `has ${size} bytes, expected ${expected.size}`;
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return sha256 === expected.sha256 ? null : `has the SHA-256 ${sha256}, expected ${expected.sha256}`;
}

/** Returns whether the package states the name and the version with which it was published. */
export const isPublishedVersion = ({ name, stated }: PlatformPackage): boolean =>
  stated.name === name && stated.version === packageVersion();

/** Returns whether a file may be loaded as far as the package is concerned. Other files count as published. */
export function isAsPublished(found: PlatformPackage | null, path: string): boolean {
  if (found === null || dirname(path) !== found.folder) return true;
  return isPublishedVersion(found) && contentProblem(found, path) === null;
}
