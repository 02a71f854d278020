/**
 * Stamps: a file that keeps the digest of what a step was made from. A step whose digest is still the same has nothing
 * to do. Digests are of contents, not of times: a fresh checkout or a touched file rebuilds nothing.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot } from './paths.mjs';

/** All files at or below the paths, sorted. What does not exist is left out. */
export function filesBelow(paths) {
  const found = [];
  const visit = (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile()) found.push(path);
    if (stats?.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
  };
  for (const path of paths) visit(path);
  return found.sort();
}

/** The digest of files, by name and content, and of further values. */
export function digest(files, ...values) {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

const stampFile = (name) => inRoot('build', 'stamps', name);

/** True if the step was done with this digest. */
export function isStamped(name, value, fileOf = stampFile) {
  try {
    return readFileSync(fileOf(name), 'utf8') === value;
  } catch {
    return false;
  }
}

/** Remembers that the step was done with this digest. */
export function stamp(name, value, fileOf = stampFile) {
  const file = fileOf(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, value);
  renameSync(`${file}.${process.pid}`, file);
}

/** Forgets the step, before it is done anew: one that is interrupted must not count as done. */
export function unstamp(name, fileOf = stampFile) {
  rmSync(fileOf(name), { force: true });
}
