/**
 * Whether a plugin that is loaded into this program uses its own code. The loader looks symbols up in the program
 * first: a plugin with a zlib of its own would call that of Node.js, which is another version.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TenonError } from '../base/errors.js';
import { inspectLinkage, type Linkage } from '../inspect/index.js';
import { type Program, thisProgram } from './program.js';

/** The symbols of this program that replace those of a library that is loaded into it. */
export interface Preference {
  /** The names that both have and that are looked up. */
  readonly clashes: readonly string[];
  /**
   * The reason why the library cannot be loaded so that it prefers its own symbols; null if it can, or if there
   * are no clashes.
   */
  readonly obstacle: string | null;
}

const NONE: Preference = { clashes: [], obstacle: null };

/**
 * Templates and inline functions of the C++ library, and the run-time libraries of compilers. They do the same in
 * every library that has them.
 */
const OF_COMPILERS =
  /^_Z(?:T[A-Z]|T[hv][n\d_]+|G[VR]|Z)*(?:N[KVRO]*)?(?:St|S[absiod]|\d+(?:__gnu_cxx|__cxxabiv1))|^_Z(?:nw|na|dl|da)|^__(?:cxa|gxx|gcc|dynamic_cast)|^_Unwind_|^_ZGTt/;
/** Data of which a program may have a copy without harm: it never changes, or both copies have the same value. */
const CONSTANT_DATA = /^(?:_ZT[VIST]|_ZSt7nothrow|std(?:in|out|err)$)/;

const MOST_LIBRARIES = 256;

/** Returns the preference with which the library at `path` has to be loaded. Reads files and loads nothing. */
export function preferenceFor(path: string): Preference {
  if (process.platform !== 'linux') return NONE;
  const program = thisProgram();
  const libraries = newLibraries(path, program);
  const own = new Set(libraries.flatMap(({ linkage }) => [...linkage.defined]));
  const looked = new Set(libraries.flatMap(({ linkage }) => linkage.looked));
  const clashes = [...looked]
    .filter((name) => own.has(name) && !OF_COMPILERS.test(name) && program.find(name) !== null)
    .sort();
  if (clashes.length === 0) return NONE;
  const others = [...looked].filter((name) => !own.has(name));
  return { clashes, obstacle: obstacleTo(others, libraries, program) };
}

/** Returns the first names of a list, for messages. */
export function someOf(names: readonly string[]): string {
  const SHOWN = 5;
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

interface NewLibrary {
  readonly path: string;
  readonly linkage: Linkage;
}

/** Returns the library and those that it needs and that are not loaded yet, directly and indirectly. */
function newLibraries(path: string, program: Program): NewLibrary[] {
  const found = new Map<string, NewLibrary>();
  const queue = [path];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const linkage = found.has(next) || found.size >= MOST_LIBRARIES ? null : linkageOf(next);
    if (linkage === null) continue;
    found.set(next, { path: next, linkage });
    for (const name of linkage.needed) {
      const place = program.handle(name) === null ? placeOf(name, next, linkage) : null;
      if (place !== null) queue.push(place);
    }
  }
  return [...found.values()];
}

function linkageOf(path: string): Linkage | null {
  try {
    return inspectLinkage(path);
  } catch (error) {
    if (error instanceof TenonError) return null; // the loader reports it
    throw error;
  }
}

/** Returns where the loader finds a needed library in most cases; null if it is not there. */
function placeOf(name: string, by: string, { folders }: Linkage): string | null {
  const origin = dirname(by);
  const own = folders.map((folder) => folder.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, () => origin));
  const around = (process.env['LD_LIBRARY_PATH'] ?? '').split(/[:;]/);
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const system = [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
  const places = name.includes('/') ? [name] : [...own, ...around, ...system].map((one) => join(one, name));
  return places.find((place) => place.startsWith('/') && existsSync(place)) ?? null;
}

/** Returns the reason why the libraries cannot prefer their own symbols; null if they can. */
function obstacleTo(
  names: readonly string[],
  libraries: readonly NewLibrary[],
  program: Program,
): string | null {
  if (!program.isGlibc) return 'the C library of this system cannot load a plugin so that it prefers its own';
  if (program.replacesMalloc())
    return 'another allocator replaces that of the C library in this program, which the plugin must share';
  const handles = libraries.flatMap(({ linkage }) => linkage.needed.map((name) => program.handle(name)));
  const preferred = (name: string) =>
    handles.reduce<bigint | null>((found, handle) => found ?? (handle && program.find(name, handle)), null);
  const split = names.filter((name) => {
    const now = program.find(name);
    const then = preferred(name);
    if (now === null || then === null || now === then || CONSTANT_DATA.test(name)) return false;
    return program.isData(now);
  });
  if (split.length === 0) return null;
  return `it must share ${someOf(split.sort())} with the program, which a preference for its own would prevent`;
}
