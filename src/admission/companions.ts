/**
 * Companions: the libraries that the loader loads with a plugin and that are not the system's. Those that the
 * plugin finds relative to itself (`$ORIGIN`) are bundled: they are copied with it, in the same places. Others
 * are at paths of their own, such as an absolute RUNPATH or LD_LIBRARY_PATH, and are loaded from there.
 */
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, normalize, relative } from 'node:path';
import { TenonError } from '../base/errors.js';
import { inspectNeeds } from '../inspect/index.js';
import { loaderCache } from '../library/loader-cache.js';
import {
  findNeeded,
  MOST_LIBRARIES,
  type NeededLibrary,
  type Surroundings,
  surroundings,
} from '../library/search.js';
import { defaultFolders, expandOrigin, isBeside } from '../library/search-folders.js';

/** A library that must be at the path `relative` to the folder of the plugin's copy. */
export interface Bundled {
  readonly path: string;
  /** Not normalized: the folders on the way must exist. */
  readonly relative: string;
}

/** A library that is loaded from its own place. */
export interface Outsider {
  readonly path: string;
  /** The name by which it was found. */
  readonly name: string;
}

/** The companions of a plugin. */
export interface Companions {
  readonly bundled: readonly Bundled[];
  readonly outsiders: readonly Outsider[];
  /** Whether an unchanged plugin has the same companions the next time. */
  readonly fixed: boolean;
}

const MAX_BUNDLED = 64;
const OTHERS_WRITE = 0o022;

/**
 * Finds the companions of an ELF library, as the loader would without LD_LIBRARY_PATH. With `env`, as it does
 * with the variables of `env`.
 * @throws TenonError ERR_TENON_LOAD_FAILED if one is in a place that a copy cannot reproduce
 * @throws TenonError ERR_TENON_NOT_A_LIBRARY if one is damaged
 */
export function companionsOf(
  plugin: string,
  arch: string,
  env: Readonly<Record<string, string | undefined>> = {},
  cwd?: string,
): Companions {
  const around: Surroundings = surroundings(arch, env, cwd);
  const { rpath, runpath } = inspectNeeds(plugin) ?? {};
  const searched = [...(rpath ?? []), ...(runpath ?? [])];
  const needed = findNeeded(plugin, around, { known: true });
  if (needed.length >= MOST_LIBRARIES)
    throw refused(plugin, `it needs ${MOST_LIBRARIES} libraries or more`, 'Link some of them statically.');
  const bundled = new Map<string, Bundled>();
  const outsiders: Outsider[] = [];
  for (const library of needed) {
    const { name, path, beside, problem } = library;
    if (path === null || isOfSystem(library, arch)) continue;
    if (problem !== null) throw problem;
    if (beside) addBundled(bundled, plugin, path);
    else outsiders.push({ name, path });
  }
  const sorted = [...bundled.values()].sort((a, b) => (a.relative < b.relative ? -1 : 1));
  const fixed = needed.every(({ system }) => system) && searched.every(isBeside);
  return { bundled: sorted, outsiders, fixed };
}

function addBundled(bundled: Map<string, Bundled>, plugin: string, path: string): void {
  if (bundled.size >= MAX_BUNDLED)
    throw refused(
      plugin,
      `it needs more than ${MAX_BUNDLED} bundled libraries`,
      'Install them where the system finds them.',
    );
  const folder = dirname(plugin);
  const straight = relative(folder, path);
  const place = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : straight;
  if (realpathSync.native(dirname(path)) !== realpathSync.native(dirname(`${folder}/${straight}`)))
    throw refused(
      plugin,
      `it needs ${basename(path)} from ${dirname(path)}, where links lead to another place than in a copy`,
      'A plugin is loaded from a private copy; put the library next to the plugin or below its folder ($ORIGIN, $ORIGIN/lib), or where the system finds it.',
    );
  bundled.set(place, { path: normalize(path), relative: place });
}

/**
 * Returns how far the loader searches above the folder of the plugin for what a file of it needs, whether it finds
 * something there or not. `within` is the folder of that file, relative to the plugin's.
 */
export function levelsSearched(file: string, within: string): number {
  const { needed = [], rpath, runpath } = inspectNeeds(file) ?? {};
  const places = [...needed, ...(rpath ?? []), ...(runpath ?? [])].filter(isBeside);
  return Math.max(0, ...places.map((place) => levelsUp(`${within}/${expandOrigin(place, '.')}`)));
}

/** Returns how far a relative path leads above its beginning. */
export function levelsUp(path: string): number {
  let level = 0;
  let highest = 0;
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue;
    level += step === '..' ? -1 : 1;
    highest = Math.min(highest, level);
  }
  return -highest;
}

let systemFolders: { readonly arch: string; readonly folders: ReadonlySet<string> } | undefined;

/**
 * Returns whether a library is the system's: it is where the loader looks by default, belongs to root, and only
 * root can change it.
 */
function isOfSystem({ path, beside, system }: NeededLibrary, arch: string): boolean {
  return path !== null && !beside && (system ? isRoots(path) : isSystemFile(path, arch));
}

/** Returns whether a file is a library of the system, wherever it was found. */
export function isSystemFile(path: string, arch: string): boolean {
  if (!isRoots(path)) return false;
  try {
    const folders = foldersOfSystem(arch);
    return folders.has(realpathSync.native(dirname(path))) || folders.has(dirname(realpathSync.native(path)));
  } catch {
    return false;
  }
}

function isRoots(path: string): boolean {
  try {
    const { uid, mode } = statSync(path);
    return uid === 0 && (mode & OTHERS_WRITE) === 0;
  } catch {
    return false;
  }
}

/** The folders of the loader's cache, which root configures, and its default folders, without links. */
function foldersOfSystem(arch: string): ReadonlySet<string> {
  if (systemFolders?.arch === arch) return systemFolders.folders;
  const cached = [...(loaderCache(arch)?.values() ?? [])].flat().map((file) => dirname(file));
  const folders = new Set<string>();
  for (const folder of new Set([...cached, ...defaultFolders(arch)])) {
    try {
      folders.add(realpathSync.native(folder));
    } catch {
      // Not every default folder exists.
    }
  }
  systemFolders = { arch, folders };
  return folders;
}

function refused(path: string, found: string, advice: string): TenonError {
  return new TenonError('ERR_TENON_LOAD_FAILED', `Cannot load ${path}: ${found}. ${advice}`, { path });
}
