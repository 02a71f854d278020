/** The file that is checked, as all checks see it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ENTRY_POINTS } from '../abi.js';
import { asTenonError } from '../errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { inspectFile } from '../inspect/index.js';
import type { CheckSettings } from './settings.js';

export interface Subject {
  /** As the user named it. */
  readonly shown: string;
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly facts: LibraryFacts;
  readonly settings: CheckSettings;
}

/** @throws TenonError of inspection, or ERR_TENON_UNREADABLE */
export function openSubject(shown: string, settings: CheckSettings): Subject {
  const path = resolve(shown);
  const facts = inspectFile(path);
  return { shown, path, sha256: digestOf(path), size: facts.size, facts, settings };
}

/** @throws TenonError ERR_TENON_UNREADABLE */
export function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot read ${path}`);
  }
}

/** A library that exports no entry point and has no descriptor was never meant to be a plugin. */
export function isPlugin({ exports, descriptor, descriptorProblem }: LibraryFacts): boolean {
  if (descriptor !== null || descriptorProblem !== null) return true;
  return exports.some(({ name }) => ENTRY_POINTS.some((entry) => entry === name));
}

/** What the plugin states in its descriptor about its flags; 0 without one. */
export function flagsOf({ facts }: Subject): number {
  return facts.descriptor?.flags ?? 0;
}
