/** Finds the libraries that an ELF library needs, by the rules of the system's loader, without loading anything. */
import { dirname, join, resolve } from 'node:path';
import { TenonError } from '../../base/errors.js';
import type { LibraryFacts } from '../../inspect/facts.js';
import { inspectFileSync } from '../../inspect/index.js';
import { type LoaderCache, loaderCache } from './cache.js';

/** A needed library. */
export interface NeededLibrary {
  /** As it is named in the file that needs it. */
  readonly name: string;
  /** The file that needs it. */
  readonly by: string;
  /** Where it is; null if it is nowhere. */
  readonly path: string | null;
  /** It was found relative to the plugin, which brings it along. */
  readonly beside: boolean;
}

/** What is looked at besides the file itself. */
export interface Surroundings {
  /** Null where the system has none: then nobody knows what its loader would find. */
  readonly cache: LoaderCache | null;
  /** LD_LIBRARY_PATH */
  readonly path: readonly string[];
}

/** Real plugins need, with what those need in turn, a few dozen. */
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

/** What the library needs, and what that needs in turn. */
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

/** Where a folder of a RUNPATH is, for a library in `origin`; several if it depends on the system's habits. */
export function expandFolder(folder: string, origin: string, arch: string): readonly string[] {
  const triplet = TRIPLETS[arch];
  const expanded = folder.replace(ORIGIN, origin).replace(PLATFORM, PLATFORMS[arch] ?? arch);
  const forms = ['lib', 'lib64', ...(triplet === undefined ? [] : [join('lib', triplet)])].map((lib) =>
    expanded.replace(LIB, lib),
  );
  return [...new Set(forms)];
}

/** Whether a folder of a RUNPATH is told relative to the library. */
export function isBeside(folder: string): boolean {
  return /^\$(?:ORIGIN|\{ORIGIN\})(?:\/|$)/.test(folder);
}

interface Hit {
  readonly facts: LibraryFacts;
  readonly beside: boolean;
}

/** The loader takes the first file of that name that is for its processor. */
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
