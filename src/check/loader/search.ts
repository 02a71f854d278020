/** Finds the libraries that an ELF library needs, by the rules of the system's loader. Loads nothing. */
import { dirname, join, resolve } from 'node:path';
import { TenonError } from '../../base/errors.js';
import type { LibraryFacts } from '../../inspect/facts.js';
import { inspectFileSync } from '../../inspect/index.js';
import { type LoaderCache, loaderCache } from './cache.js';

/** A needed library. */
export interface NeededLibrary {
  /** Its name in the file that needs it. */
  readonly name: string;
  /** The file that needs it. */
  readonly by: string;
  /** Its path, or null if it was not found. */
  readonly path: string | null;
  /** True if it was found relative to the plugin, and so is shipped with it. */
  readonly beside: boolean;
}

/** The environment of the search. */
export interface Surroundings {
  /** Null if the system has no cache. Then the libraries that its loader would find are unknown. */
  readonly cache: LoaderCache | null;
  /** LD_LIBRARY_PATH */
  readonly path: readonly string[];
}

/** The most libraries that are searched. Real plugins need a few dozen, including indirect ones. */
const MOST = 512;
const ORIGIN = /\$(?:ORIGIN|\{ORIGIN\})/g;
const LIB = /\$(?:LIB|\{LIB\})/g;
const PLATFORM = /\$(?:PLATFORM|\{PLATFORM\})/g;
const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const PLATFORMS: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

export function surroundings(arch: string): Surroundings {
  const path = (process.env['LD_LIBRARY_PATH'] ?? '').split(/[:;]/).filter((folder) => folder !== '');
  return { cache: loaderCache(arch), path };
}

/** Returns the libraries that a library needs, directly and indirectly. */
export function findNeeded(facts: LibraryFacts, around = surroundings(facts.arch)): NeededLibrary[] {
  const found = new Map<string, NeededLibrary>();
  const queue: LibraryFacts[] = [facts];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const name of next.needed) {
      if (found.has(name) || found.size >= MOST) continue;
      const hit = firstFit(name, next, facts, around);
      found.set(name, {
        name,
        by: next.path,
        path: hit?.facts.path ?? null,
        beside: hit?.beside ?? false,
      });
      if (hit !== null) queue.push(hit.facts);
    }
  }
  return [...found.values()];
}

/** Returns the folders that a folder of a RUNPATH may mean for a library in `origin`. `$LIB` has several meanings. */
export function expandFolder(folder: string, origin: string, arch: string): readonly string[] {
  const triplet = TRIPLETS[arch];
  const expanded = folder.replace(ORIGIN, origin).replace(PLATFORM, PLATFORMS[arch] ?? arch);
  const forms = ['lib', 'lib64', ...(triplet === undefined ? [] : [join('lib', triplet)])].map((lib) =>
    expanded.replace(LIB, lib),
  );
  return [...new Set(forms)];
}

/** Returns whether a folder of a RUNPATH is relative to the library. */
export function isBeside(folder: string): boolean {
  return /^\$(?:ORIGIN|\{ORIGIN\})(?:\/|$)/.test(folder);
}

interface Hit {
  readonly facts: LibraryFacts;
  readonly beside: boolean;
}

/** Returns the first file of a name that is for the plugin's processor. The loader chooses the same. */
function firstFit(
  name: string,
  by: LibraryFacts,
  plugin: LibraryFacts,
  { cache, path }: Surroundings,
): Hit | null {
  const origin = dirname(resolve(by.path));
  if (name.includes('/')) {
    const direct = name.replace(ORIGIN, origin);
    return matching(direct, plugin, isBeside(name));
  }
  const own = by.runpath.flatMap((folder) =>
    expandFolder(folder, origin, plugin.arch).map((place) => ({ place, beside: isBeside(folder) })),
  );
  const around = path.map((place) => ({ place, beside: false }));
  for (const { place, beside } of [...own, ...around]) {
    const hit = matching(join(place, name), plugin, beside);
    if (hit !== null) return hit;
  }
  const rest = [...(cache?.get(name) ?? []), ...defaults(plugin.arch).map((folder) => join(folder, name))];
  for (const candidate of rest) {
    const hit = matching(candidate, plugin, false);
    if (hit !== null) return hit;
  }
  return null;
}

function matching(path: string, { arch, bits }: LibraryFacts, beside: boolean): Hit | null {
  try {
    const facts = inspectFileSync(path, { exports: 'entry-points' });
    return facts.arch === arch && facts.bits === bits ? { facts, beside } : null;
  } catch (error) {
    if (error instanceof TenonError) return null;
    throw error;
  }
}

function defaults(arch: string): readonly string[] {
  const triplet = TRIPLETS[arch];
  const multiarch = triplet === undefined ? [] : [join('/lib', triplet), join('/usr/lib', triplet)];
  return [...multiarch, '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
}
