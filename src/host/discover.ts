/**
 * From search folders to candidate files. Nothing is opened here: a candidate has the platform's extension and is a regular
 * file, no more. Order is precedence and depends on nothing but the folders and the names: folders as they are given, then
 * those of TENON_PATH; in a folder its files by name, then its subfolders by name. Names that begin with a dot are passed
 * over (editors and package managers keep their temporary files under such names).
 */
import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { locate } from '../admission/locate.js';
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
import { checkCount, checkObject, checkString, checkStrings } from '../base/options.js';

/** Folders below a search folder are looked into to this depth at most. */
export const MAX_DEPTH = 16;

/** Where to look, and how. */
export interface DiscoverOptions {
  /** Folders, in order of precedence. */
  readonly paths: readonly string[];
  /** 0: the folders themselves; n: n levels below them too, {@link MAX_DEPTH} at most. Default: 0. */
  readonly depth?: number;
  /** Where TENON_PATH is looked up. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whose extension, separator and rules for case to use. Default: `process.platform`. */
  readonly platform?: string;
}

/** A file that may be a plugin. */
export interface Candidate {
  /** Absolute; as it was found, links not resolved. */
  readonly path: string;
  /** The search folder below which it was found. */
  readonly folder: string;
  /** The base name without the extension. */
  readonly name: string;
}

/** What a search found. Nothing of it is thrown. */
export interface Found {
  /** In order of precedence; each real file once, each name once. */
  readonly candidates: readonly Candidate[];
  /** Folders that cannot be read, and entries that look like plugins and are no files: NOT_FOUND or UNREADABLE each. */
  readonly problems: readonly TenonError[];
  /** Files that an earlier one of the same name hides: ERR_TENON_SHADOWED each. */
  readonly shadowed: readonly TenonError[];
  /** All folders that were searched, TENON_PATH included, absolute. */
  readonly folders: readonly string[];
}

/** What a platform calls a plugin. */
interface Rules {
  readonly extension: string;
  readonly separator: string;
  /** File names that differ only in case are the same. */
  readonly ignoreCase: boolean;
}

/** Finds the candidates. @throws TenonError ERR_TENON_INVALID_ARGUMENT, and nothing else */
export async function findCandidates(options: DiscoverOptions): Promise<Found> {
  const { depth, platform } = checkOptions(options);
  const rules = rulesOf(platform);
  const folders = foldersOf(options.paths, options.env ?? process.env, rules.separator);
  const search = new Search(rules);
  for (const folder of folders) await search.look(folder, folder, depth);
  return { candidates: search.candidates, problems: search.problems, shadowed: search.shadowed, folders };
}

function rulesOf(platform: string): Rules {
  if (platform === 'win32') return { extension: '.dll', separator: ';', ignoreCase: true };
  if (platform === 'darwin') return { extension: '.dylib', separator: ':', ignoreCase: true };
  return { extension: '.so', separator: ':', ignoreCase: false };
}

function foldersOf(
  paths: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  separator: string,
): string[] {
  const fromEnv = (env.TENON_PATH ?? '').split(separator).filter((path) => path !== '');
  if (fromEnv.some((path) => path.includes('\0')))
    throw invalidArgument('env.TENON_PATH', 'must not contain a NUL character');
  return [...new Set([...paths, ...fromEnv].map((path) => resolve(path)))];
}

/** An entry with the extension of plugins, and what was found behind it. */
interface Entry {
  readonly path: string;
  readonly outcome: BigIntStats | TenonError;
}

class Search {
  readonly candidates: Candidate[] = [];
  readonly problems: TenonError[] = [];
  readonly shadowed: TenonError[] = [];
  readonly #rules: Rules;
  /** Folders by identity, with the depth that was left: links can lead in circles, or to a place once more. */
  readonly #seenFolders = new Map<string, number>();
  readonly #seenFiles = new Set<string>();
  readonly #firstOfName = new Map<string, string>();

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Looks into `path`, which lies below the search folder `folder`, and `depth` levels deeper. */
  async look(folder: string, path: string, depth: number): Promise<void> {
    const entries = await this.#enter(path, depth);
    if (entries === null) return;
    const visible = entries.filter((entry) => !entry.name.startsWith('.')).sort(byName);
    const named = visible.filter((entry) => this.#hasExtension(entry.name));
    const tried = await Promise.all(named.map((entry) => tryFile(join(path, entry.name))));
    for (const entry of tried) this.#add(folder, entry);
    if (depth === 0) return;
    for (const entry of visible) {
      const below = join(path, entry.name);
      if (await isFolder(entry, below)) await this.look(folder, below, depth - 1);
    }
  }

  /** The entries of a folder; null if it was searched before, at least as deep, or cannot be read. */
  async #enter(path: string, depth: number): Promise<Dirent[] | null> {
    try {
      const stats = await stat(path, { bigint: true });
      if (!stats.isDirectory()) throw notAFolder(path);
      const before = this.#seenFolders.get(identity(stats));
      if (before !== undefined && before >= depth) return null;
      this.#seenFolders.set(identity(stats), depth);
      return await readdir(path, { withFileTypes: true });
    } catch (error) {
      this.problems.push(folderProblem(path, error));
      return null;
    }
  }

  #hasExtension(name: string): boolean {
    const { extension, ignoreCase } = this.#rules;
    return (ignoreCase ? name.toLowerCase() : name).endsWith(extension) && name.length > extension.length;
  }

  #add(folder: string, { path, outcome }: Entry): void {
    if (outcome instanceof TenonError) {
      this.problems.push(outcome);
      return;
    }
    if (this.#seenFiles.has(identity(outcome))) return;
    this.#seenFiles.add(identity(outcome));
    const { name } = parse(path);
    const key = this.#rules.ignoreCase ? name.toLowerCase() : name;
    const first = this.#firstOfName.get(key);
    if (first !== undefined) {
      this.shadowed.push(shadow(path, first));
      return;
    }
    this.#firstOfName.set(key, path);
    this.candidates.push({ path, folder, name });
  }
}

/** By code units, the same on every machine whatever its language. */
function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

async function tryFile(path: string): Promise<Entry> {
  try {
    return { path, outcome: (await locate(path)).stats };
  } catch (error) {
    const problem = asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot load ${path}`);
    return { path, outcome: problem.with({ path, gate: 'find' }) };
  }
}

/** Also through a link. What cannot be followed is no folder: a plugin behind it was reported by its extension. */
async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (entry.isFile()) return false;
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function identity(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

function notAFolder(path: string): TenonError {
  const problem = 'it is a file. Give the folder that has the plugins, or load the file by its path';
  return new TenonError('ERR_TENON_UNREADABLE', `Cannot search ${path}: ${problem}.`, { path, gate: 'find' });
}

function folderProblem(path: string, error: unknown): TenonError {
  if (error instanceof TenonError) return error;
  const cause = error as NodeJS.ErrnoException;
  const details = { path, gate: 'find', cause } as const;
  if (cause.code === 'ENOENT') {
    return new TenonError(
      'ERR_TENON_NOT_FOUND',
      `Cannot search ${path}: no such folder. Check the path.`,
      details,
    );
  }
  const cure = 'Check the path and the permissions of the folder';
  return new TenonError('ERR_TENON_UNREADABLE', `Cannot search ${path}: ${cause.message}. ${cure}.`, details);
}

function shadow(path: string, first: string): TenonError {
  const problem = `${first} has the same name and comes first. Rename or remove one of them, or load it by its path`;
  return new TenonError('ERR_TENON_SHADOWED', `Passed over ${path}: ${problem}.`, { path, gate: 'find' });
}

function checkOptions(options: DiscoverOptions): { depth: number; platform: string } {
  const { paths, depth = 0, env = {}, platform = process.platform } = checkObject('options', options);
  checkStrings('paths', paths);
  checkObject('env', env);
  checkCount('depth', depth, { least: 0, most: MAX_DEPTH });
  return { depth, platform: checkString('platform', platform) };
}
