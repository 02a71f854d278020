/**
 * Whether a plugin that is loaded into this program uses its own code. The loader looks symbols up in the program
 * first: a plugin with a zlib of its own would call that of Node.js, which is another version.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TenonError } from '../base/errors.js';
import { inspectLinkage, type Linkage } from '../inspect/index.js';
import { type LoadedFile, type Program, thisProgram } from './program.js';

/** A library that the plugin brings, in place of which the loader uses another one that is already loaded. */
export interface Replaced {
  readonly name: string;
  /** The path of the library that is loaded. */
  readonly loaded: string;
}

/** The symbols and libraries of this program that replace those of a library that is loaded into it. */
export interface Preference {
  /** The libraries that are replaced as a whole. */
  readonly replaced: readonly Replaced[];
  /** The names that both have and that are looked up. */
  readonly clashes: readonly string[];
  /**
   * The reason why the library cannot be loaded so that it prefers its own symbols; null if it can, or if there
   * are no clashes.
   */
  readonly obstacle: string | null;
  /** Whether the library is loaded so. Sanitizers forbid it, and are only used by the authors of plugins. */
  readonly ownFirst: boolean;
}

const NONE: Preference = { replaced: [], clashes: [], obstacle: null, ownFirst: false };
/** Functions of the sanitizers that abort the process at a preference. */
const OF_SANITIZERS = ['__asan_init', '__tsan_init', '__msan_init'];

/**
 * Templates and inline functions of the C++ library, and the run-time libraries of compilers. They do the same in
 * every library that has them.
 */
const OF_COMPILERS =
  /^_Z(?:T[A-Z]|T[hv][n\d_]+|G[VR]|Z)*(?:N[KVRO]*)?(?:St|S[absiod]|\d+(?:__gnu_cxx|__cxxabiv1))|^_Z(?:nw|na|dl|da)|^__(?:cxa|gxx|gcc|dynamic_cast)|^_Unwind_|^_ZGTt/;
/** Data of which a program may have a copy without harm: it never changes, or both copies have the same value. */
const CONSTANT_DATA = /^(?:_ZT[VIST]|_ZSt7nothrow|std(?:in|out|err)$)/;

const MOST_LIBRARIES = 256;
/** The parts of the C library, of which every process has one set. */
const OF_C_LIBRARY = /^(?:lib(?:c|m|dl|pthread|rt|util|resolv|mvec)|ld-linux[-\w]*|libc\.musl[-\w]*)\.so/;

/** Returns the preference with which the library at `path` has to be loaded. Reads files and loads nothing. */
export function preferenceFor(path: string): Preference {
  if (process.platform !== 'linux') return NONE;
  const program = thisProgram();
  try {
    return preferenceIn(program, path);
  } finally {
    program.close();
  }
}

function preferenceIn(program: Program, path: string): Preference {
  const { libraries, replaced } = newLibraries(path, program);
  const own = new Set(libraries.flatMap(({ linkage }) => [...linkage.defined]));
  const looked = new Set(libraries.flatMap(({ linkage }) => linkage.looked));
  const clashes = [...looked]
    .filter((name) => own.has(name) && !OF_COMPILERS.test(name) && program.find(name) !== null)
    .sort();
  if (clashes.length === 0) return { ...NONE, replaced };
  if (OF_SANITIZERS.some((name) => program.find(name) !== null)) return { ...NONE, replaced, clashes };
  const others = [...looked].filter((name) => !own.has(name));
  const obstacle = obstacleTo(others, libraries, program);
  return { replaced, clashes, obstacle, ownFirst: obstacle === null };
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

/**
 * Returns the library and those that it needs and that are not loaded yet, directly and indirectly. Also returns
 * those that it brings, and of whose names other ones are loaded.
 */
function newLibraries(path: string, program: Program): { libraries: NewLibrary[]; replaced: Replaced[] } {
  const found = new Map<string, NewLibrary>();
  const replaced: Replaced[] = [];
  const queue = [path];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const linkage = found.has(next) || found.size >= MOST_LIBRARIES ? null : linkageOf(next);
    if (linkage === null) continue;
    found.set(next, { path: next, linkage });
    for (const name of linkage.needed) {
      const handle = program.handle(name);
      const own = ownPlaces(name, next, linkage).find((place) => existsSync(place));
      const place = own ?? (handle === null ? systemPlace(name) : undefined);
      if (handle === null) {
        if (place !== undefined) queue.push(place);
        continue;
      }
      const loaded = own === undefined || OF_C_LIBRARY.test(name) ? null : program.fileOf(handle);
      if (own !== undefined && loaded !== null && !isLoadedFrom(own, loaded))
        replaced.push({ name, loaded: loaded.path });
    }
  }
  return { libraries: [...found.values()], replaced };
}

/** Returns whether a loaded library has the content of a file. */
function isLoadedFrom(file: string, { path, isGone, content }: LoadedFile): boolean {
  if (!isGone && file === path) return true;
  try {
    const [first, second] = [
      statSync(file, { bigint: true }),
      statSync(isGone ? content : path, { bigint: true }),
    ];
    if (first.ino === second.ino && first.dev === second.dev) return true;
    return first.size === second.size && readFileSync(file).equals(readFileSync(isGone ? content : path));
  } catch {
    return false; // the loaded file is gone
  }
}

function linkageOf(path: string): Linkage | null {
  try {
    return inspectLinkage(path);
  } catch (error) {
    if (error instanceof TenonError) return null; // the loader reports it
    throw error;
  }
}

/** Returns the places that a library names for what it needs, and those of LD_LIBRARY_PATH. */
function ownPlaces(name: string, by: string, { folders }: Linkage): string[] {
  const origin = dirname(by);
  const expanded = [name, ...folders].map((one) => one.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, () => origin));
  const [direct = name, ...own] = expanded;
  const around = (process.env['LD_LIBRARY_PATH'] ?? '').split(/[:;]/);
  const places = direct.includes('/') ? [direct] : [...own, ...around].map((folder) => join(folder, name));
  return places.filter((place) => place.startsWith('/'));
}

/** Returns the place of a library in the folders of the system. */
function systemPlace(name: string): string | undefined {
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const folders = [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
  return folders.map((folder) => join(folder, name)).find((place) => existsSync(place));
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
