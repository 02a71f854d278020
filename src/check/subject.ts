/** The file that is checked, as all checks see it. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { asTenonError } from '../base/errors.js';
import { NEAR_ENTRY_POINTS } from '../inspect/entry-names.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { inspectFileSync } from '../inspect/index.js';
import type { CheckSettings } from './settings.js';

export interface Subject {
  /** As the user named it. */
  readonly shown: string;
  /** Absolute. */
  readonly path: string;
  /** Null for what is no plugin: nobody asks for it, and large libraries would be read for nothing. */
  readonly sha256: string | null;
  readonly size: number;
  readonly facts: LibraryFacts;
  readonly settings: CheckSettings;
}

/** @throws TenonError of inspection, or ERR_TENON_UNREADABLE */
export function openSubject(shown: string, settings: CheckSettings): Subject {
  const path = resolve(shown);
  // Large libraries that are no plugins need not be read whole, not even their tables.
  const first = inspectFileSync(path, { exports: 'entry-points' });
  const plugin = isPlugin(first);
  const facts = plugin ? inspectFileSync(path) : first;
  return { shown, path, sha256: plugin ? digestOf(path) : null, size: facts.size, facts, settings };
}

/** Reads the file piece by piece, however large it is. @throws TenonError ERR_TENON_UNREADABLE */
export function digestOf(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  try {
    const file = openSync(path, 'r');
    try {
      for (let size = readSync(file, piece); size > 0; size = readSync(file, piece))
        hash.update(piece.subarray(0, size));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read ${path}`);
  }
  return hash.digest('hex');
}

const PIECE = 1024 * 1024;

/** Ordinary libraries, too, export a `get_name`; what has a descriptor or two of the entry points was meant to be a plugin. */
export function isPlugin({ exports, descriptor, descriptorProblem }: LibraryFacts): boolean {
  if (descriptor !== null || descriptorProblem !== null) return true;
  return exports.filter(({ name }) => NEAR_ENTRY_POINTS.includes(name)).length >= 2;
}

/** True for a library that has nothing of a plugin, such as a helper that is shipped with one. */
export function hasNoEntryPoint({ exports, descriptor, descriptorProblem }: LibraryFacts): boolean {
  if (descriptor !== null || descriptorProblem !== null) return false;
  return !exports.some(({ name }) => NEAR_ENTRY_POINTS.includes(name));
}

/** What the plugin states in its descriptor about its flags; 0 without one. */
export function flagsOf({ facts }: Subject): number {
  return facts.descriptor?.flags ?? 0;
}
