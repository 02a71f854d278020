/** The file that is checked. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { asTenonError, readable } from '../base/errors.js';
import { NEAR_ENTRY_POINTS } from '../inspect/entry-names.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { inspectFileSync } from '../inspect/index.js';
import { type Examples, examplesFor, NO_EXAMPLES } from './examples.js';
import type { CheckSettings } from './settings.js';

export interface Subject {
  /** The path that the user gave. */
  readonly shown: string;
  /** The absolute path. */
  readonly path: string;
  /** Null for a file that is not a plugin: it is not needed, and reading a large library would take time. */
  readonly sha256: string | null;
  readonly size: number;
  readonly facts: LibraryFacts;
  readonly settings: CheckSettings;
  readonly examples: Examples;
}

/** Inspects a file. @throws TenonError of inspection, or ERR_TENON_UNREADABLE */
export function openSubject(shown: string, settings: CheckSettings): Subject {
  const path = resolve(shown);
  // A large library that is not a plugin is not read completely, and neither are its tables.
  const first = inspectFileSync(path, { exports: 'entry-points' });
  const plugin = isPlugin(first);
  const facts = plugin ? inspectFileSync(path) : first;
  return {
    shown,
    path,
    sha256: plugin ? digestOf(path) : null,
    size: facts.size,
    facts,
    settings,
    examples: NO_EXAMPLES,
  };
}

/**
 * Returns the plugin with the examples that are next to it, or that the settings contain.
 * @throws TenonError ERR_TENON_UNREADABLE for an example that cannot be used
 */
export function withExamples(subject: Subject): Subject {
  const { shown, facts, settings } = subject;
  return { ...subject, examples: examplesFor(shown, facts, settings) };
}

/** Computes the digest of a file, which is read in pieces. @throws TenonError ERR_TENON_UNREADABLE */
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

/**
 * Returns whether a library is meant to be a plugin: it has a descriptor or at least two entry points. One is not
 * enough, because ordinary libraries export a `get_name` too.
 */
export function isPlugin({ exports, descriptor, descriptorProblem }: LibraryFacts): boolean {
  if (descriptor !== null || descriptorProblem !== null) return true;
  return exports.filter(({ name }) => NEAR_ENTRY_POINTS.includes(name)).length >= 2;
}

/** Returns whether a library has neither a descriptor nor an entry point, like a library shipped with a plugin. */
export function hasNoEntryPoint(facts: LibraryFacts): boolean {
  return readable('facts', () => {
    const { exports, descriptor, descriptorProblem } = facts;
    if (descriptor !== null || descriptorProblem !== null) return false;
    return !exports.some(({ name }) => NEAR_ENTRY_POINTS.includes(name));
  });
}

/** Returns the flags in the descriptor, or 0 if the library does not have one. */
export function flagsOf({ facts }: Subject): number {
  return facts.descriptor?.flags ?? 0;
}
