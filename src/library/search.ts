/** Finds the libraries that an ELF library needs, by the rules of the system's loader. Loads nothing. */
import { lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TenonError } from '../base/errors.js';
import { inspectNeeds, type LoaderNeeds } from '../inspect/index.js';
import { type LoaderCache, loaderCache } from './loader-cache.js';
import {
  defaultFolders,
  expandFolder,
  expandOrigin,
  isBeside,
  isMusl,
  preferredSubfolders,
} from './search-folders.js';

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
  /** True if it was found in the loader's cache or in a default folder. */
  readonly system: boolean;
  /** The name under which the loader knows it besides that of its file. */
  readonly soname: string | null;
  /** The fault of the file, for example that it is truncated; null if it has none. */
  readonly problem: TenonError | null;
}

/** The environment of the search. */
export interface Surroundings {
  /** Null if the system has no cache. Then the libraries that its loader would find are unknown. */
  readonly cache: LoaderCache | null;
  /** LD_LIBRARY_PATH */
  readonly path: readonly string[];
  /** The folder that relative folders belong to. Default: that of this process. */
  readonly cwd?: string | undefined;
}

/** The most libraries that are searched. Real plugins need a few dozen, including indirect ones. */
export const MOST_LIBRARIES = 512;

/** Returns the environment of the search for a process with these environment variables. */
export function surroundings(
  arch: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd?: string,
): Surroundings {
  const path = (env['LD_LIBRARY_PATH'] ?? '').split(/[:;]/).filter((folder) => folder !== '');
  return { cache: loaderCache(arch), path, cwd };
}

/** A library, and the one that it was found for. */
interface Loaded {
  readonly path: string;
  readonly needs: LoaderNeeds;
  readonly beside: boolean;
  readonly system: boolean;
  readonly loader: Loaded | null;
}

/** A place where a library may be. */
interface Place {
  readonly path: string;
  readonly beside: boolean;
  readonly system: boolean;
}

interface Hit extends Place {
  readonly needs: LoaderNeeds | null;
  readonly problem: TenonError | null;
}

/**
 * Returns the libraries that a library needs, directly and indirectly. A name has several entries if the loader
 * chooses by the processor. With `known`, the libraries of the system are not read where all that they need is
 * of the system too.
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY, ERR_TENON_UNREADABLE
 */
export function findNeeded(
  plugin: string,
  around?: Surroundings,
  { known = false }: { readonly known?: boolean } = {},
): NeededLibrary[] {
  const needs = inspectNeeds(plugin);
  if (needs === null) return [];
  const search = around ?? surroundings(needs.arch);
  const names = new Set<string>(needs.soname === null ? [] : [needs.soname]);
  const found: NeededLibrary[] = [];
  const first: Loaded = { path: resolve(plugin), needs, beside: true, system: false, loader: null };
  const queue: Loaded[] = [first];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const brief = known && search.path.length === 0 && inheritedFolders(next).length === 0;
    for (const name of next.needs.needed) {
      if (names.has(name) || found.length >= MOST_LIBRARIES) continue;
      names.add(name);
      const hits = fitting(name, next, search, brief);
      if (hits.length === 0) found.push(missing(name, next.path));
      for (const hit of hits) {
        const { path, beside, system, problem } = hit;
        const soname = hit.needs?.soname ?? null;
        if (soname !== null) names.add(soname);
        found.push({ name, by: next.path, path, beside, system, soname, problem });
        if (hit.needs !== null) queue.push({ path, needs: hit.needs, beside, system, loader: next });
      }
    }
  }
  return found;
}

function missing(name: string, by: string): NeededLibrary {
  return { name, by, path: null, beside: false, system: false, soname: null, problem: null };
}

/** Returns the folders of the library itself and of those that it was found for, where they count for what it needs. */
function inheritedFolders(library: Loaded): { readonly folder: string; readonly by: Loaded }[] {
  const musl = isMusl(library.needs.arch);
  if (library.needs.runpath !== null && !musl) return [];
  const folders: { folder: string; by: Loaded }[] = [];
  for (let by: Loaded | null = library; by !== null; by = by.loader) {
    const { rpath, runpath } = by.needs;
    const own = runpath === null ? (rpath ?? []) : musl ? runpath : [];
    for (const folder of own) folders.push({ folder, by });
  }
  return folders;
}

/** Returns the places of a library, in the order in which the loader tries them. */
function* places(
  name: string,
  by: Loaded,
  { cache, path, cwd = process.cwd() }: Surroundings,
): Generator<Place> {
  const { arch, runpath, system } = by.needs;
  const expanded = function* (folder: string, from: Loaded): Generator<Place> {
    const beside = isBeside(folder) && from.beside;
    for (const place of expandFolder(folder, dirname(from.path), arch))
      yield { path: resolved(cwd, place, name), beside, system: false };
  };
  for (const { folder, by: from } of inheritedFolders(by)) yield* expanded(folder, from);
  for (const folder of path) yield { path: resolved(cwd, folder, name), beside: false, system: false };
  for (const folder of runpath ?? []) yield* expanded(folder, by);
  if (!system) return;
  for (const file of cache?.get(name) ?? []) yield { path: file, beside: false, system: true };
  for (const folder of defaultFolders(arch)) yield { path: join(folder, name), beside: false, system: true };
}

/** Joins without normalizing: behind a link, `..` is another folder. */
function resolved(cwd: string, folder: string, name: string): string {
  const absolute = folder.startsWith('/') ? folder : `${cwd}/${folder}`;
  let end = absolute.length;
  while (end > 0 && absolute[end - 1] === '/') end -= 1;
  return `${absolute.slice(0, end)}/${name}`;
}

/**
 * Returns the first file of a name that is for the plugin's processor, which the loader chooses too, and files
 * of that name for newer processors.
 */
function fitting(name: string, by: Loaded, search: Surroundings, brief: boolean): Hit[] {
  if (name.includes('/')) {
    const path = resolve(search.cwd ?? process.cwd(), expandOrigin(name, dirname(by.path)));
    const hit = matching({ path, beside: isBeside(name) && by.beside, system: false }, by);
    return hit === null ? [] : [hit];
  }
  for (const place of places(name, by, search)) {
    if (brief && place.system && exists(place.path)) return [{ ...place, needs: null, problem: null }];
    const folder = dirname(place.path);
    const newer = place.system ? [] : preferredSubfolders(by.needs.arch);
    const candidates = [...newer.map((sub) => `${folder}/${sub}/${name}`), place.path];
    const hits = candidates.flatMap((path) => matching({ ...place, path }, by) ?? []);
    if (hits.length > 0) return hits;
  }
  return [];
}

/** Returns null if the loader passes over the file: there is none, or it is for another processor. */
function matching(place: Place, { needs: { arch, bits } }: Loaded): Hit | null {
  if (!exists(place.path)) return null;
  try {
    const needs = inspectNeeds(place.path);
    if (needs !== null)
      return needs.arch === arch && needs.bits === bits ? { ...place, needs, problem: null } : null;
    return { ...place, needs, problem: notElf(place.path) };
  } catch (error) {
    if (!(error instanceof TenonError)) throw error;
    return error.code === 'ERR_TENON_NOT_A_LIBRARY' ? { ...place, needs: null, problem: error } : null;
  }
}

/** Returns false also for a file that this process may not see. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function notElf(path: string): TenonError {
  const message = `Cannot load ${path}: found no ELF file, expected a library for this system.`;
  return new TenonError('ERR_TENON_NOT_A_LIBRARY', message, { path });
}
