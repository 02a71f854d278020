/** The libraries that the loader has chosen for an open library, read from its list of loaded objects. */
import { basename } from 'node:path';
import { TenonError } from '../base/errors.js';
import { inspectNeeds, type LoaderNeeds } from '../inspect/index.js';
import { memory } from './memory.js';

/** A library in the list of the loader, and the name for which it was chosen. */
export interface ChosenLibrary {
  readonly path: string;
  readonly name: string;
}

/** The beginning of `struct link_map` of <link.h>: base, name, dynamic section, next, previous. */
const LINK_MAP = { size: 40, name: 8, next: 24, previous: 32 } as const;
const LONGEST_PATH = 4096;
const MOST_OBJECTS = 4096;

/**
 * Returns the libraries that the loader chose for the library at the link map `map`, directly and indirectly.
 * Needs of libraries for which `isKnown` is true are not followed.
 */
export function chosenLibraries(map: bigint, isKnown: (path: string) => boolean): ChosenLibrary[] {
  const { own, objects } = loadedPaths(map);
  const chosen = new Map<string, ChosenLibrary>();
  const queue = [own];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const name of needsOf(path)?.needed ?? []) {
      const found = objects.find((object) => answersTo(object, name, isKnown));
      if (found === undefined || chosen.has(found)) continue;
      chosen.set(found, { path: found, name });
      if (!isKnown(found)) queue.push(found);
    }
  }
  return [...chosen.values()];
}

/** Returns whether the loader takes a loaded object for a needed name. */
function answersTo(path: string, name: string, isKnown: (path: string) => boolean): boolean {
  if (path === name || basename(path) === name) return true;
  return path.startsWith('/') && !isKnown(path) && needsOf(path)?.soname === name;
}

function needsOf(path: string): LoaderNeeds | null {
  try {
    return inspectNeeds(path);
  } catch (error) {
    if (error instanceof TenonError) return null;
    throw error;
  }
}

/** Returns the paths of all loaded objects, in the order of the loader, and the path of the object at `map`. */
function loadedPaths(map: bigint): { own: string; objects: string[] } {
  let first = map;
  for (let steps = 0; steps < MOST_OBJECTS; steps++) {
    const previous = objectAt(first).previous;
    if (previous === 0n) break;
    first = previous;
  }
  const objects: string[] = [];
  for (let at = first; at !== 0n && objects.length < MOST_OBJECTS; ) {
    const { path, next } = objectAt(at);
    objects.push(path);
    at = next;
  }
  return { own: objectAt(map).path, objects };
}

function objectAt(map: bigint): { path: string; next: bigint; previous: bigint } {
  const bytes = memory.read(map, LINK_MAP.size, 'the link map');
  const name = bytes.readBigUInt64LE(LINK_MAP.name);
  const path = name === 0n ? '' : memory.readCString(name, LONGEST_PATH, "a library's path").toString();
  return {
    path,
    next: bytes.readBigUInt64LE(LINK_MAP.next),
    previous: bytes.readBigUInt64LE(LINK_MAP.previous),
  };
}
