/**
 * Stamps: files that store the digest of a step's inputs. A step is skipped while the digest is unchanged. A
 * digest covers contents and not times, so a fresh checkout or a touched file causes no rebuild.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot } from './paths.mjs';

/** Returns all files at or below the paths, sorted. Missing paths are ignored. */
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

/** Returns the digest of the names and contents of files, and of further values. */
export function digest(files, ...values) {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

const stampFile = (name) => inRoot('build', 'stamps', name);

/** Returns whether the step was completed with this digest. */
export function isStamped(name, value, fileOf = stampFile) {
  try {
    return readFileSync(fileOf(name), 'utf8') === value;
  } catch {
    return false;
  }
}

/** Records that the step was completed with this digest. */
export function stamp(name, value, fileOf = stampFile) {
  const file = fileOf(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, value);
  renameSync(`${file}.${process.pid}`, file);
}

/** Removes the record before the step is repeated, so that an interrupted step does not count as completed. */
export function unstamp(name, fileOf = stampFile) {
  rmSync(fileOf(name), { force: true });
}
