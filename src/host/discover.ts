/**
 * Finds candidate files in search folders. No file is opened here: a candidate is any regular file with the
 * platform's extension. The order of the results is their precedence. It depends only on the folders and the
 * names: folders in the given order, then those of TENON_PATH; within a folder, files by name and then
 * subfolders by name. Names that begin with a dot are ignored, because editors and package managers use them
 * for temporary files.
 */
import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, parse, resolve, sep } from 'node:path';
import { locate } from '../admission/locate.js';
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
import { checkCount, checkObject, checkString, checkStrings } from '../base/options.js';

/** The maximum depth of a search below a search folder. */
export const MAX_DEPTH = 16;

/** The folders and the rules of a search. */
export interface DiscoverOptions {
  /** The search folders, in order of precedence. */
  readonly paths: readonly string[];
  /**
   * The number of levels to search below each folder, at most {@link MAX_DEPTH}. Default: 0, only the folders
   * themselves.
   */
  readonly depth?: number;
  /** The environment that contains TENON_PATH. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The platform whose extension, separator and case rules apply. Default: `process.platform`. */
  readonly platform?: string;
}

/** A file that may be a plugin. */
export interface Candidate {
  /** The absolute path at which the file was found, with links unresolved. */
  readonly path: string;
  /** The search folder below which it was found. */
  readonly folder: string;
  /** The base name without the extension. */
  readonly name: string;
  /** Its real path, with links resolved. */
  readonly real: string;
}

/** The results of a search. Problems are reported here and not thrown. */
export interface Found {
  /** The candidates in order of precedence. Each real file and each name occurs once. */
  readonly candidates: readonly Candidate[];
  /**
   * The folders that cannot be read, and the entries with a plugin's extension that are not files. Each error
   * is ERR_TENON_NOT_FOUND or ERR_TENON_UNREADABLE.
   */
  readonly problems: readonly TenonError[];
  /** The files that an earlier file of the same name hides. Each error is ERR_TENON_SHADOWED. */
  readonly shadowed: readonly TenonError[];
  /** All folders that were searched as absolute paths, including those of TENON_PATH. */
  readonly folders: readonly string[];
  /** All folders that were read, with those below the search folders: the paths, with links unresolved. */
  readonly read: readonly string[];
}

/** The naming rules of a platform. */
interface Rules {
  readonly extension: string;
  readonly separator: string;
  /** Whether file names that differ only in case are equal. */
  readonly ignoreCase: boolean;
}

/** Finds the candidates. @throws TenonError ERR_TENON_INVALID_ARGUMENT, and no other error */
export async function findCandidates(options: DiscoverOptions): Promise<Found> {
  const { depth, platform } = checkOptions(options);
  const rules = rulesOf(platform);
  const folders = foldersOf(options.paths, options.env ?? process.env, rules.separator);
  const search = new Search(rules);
  for (const folder of folders) await search.look(folder, folder, depth);
  const { candidates, problems, shadowed, read } = search;
  return { candidates, problems, shadowed, folders, read };
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

/** An entry with a plugin's extension, and its status or error. */
interface Entry {
  readonly path: string;
  readonly outcome: { readonly path: string; readonly stats: BigIntStats } | TenonError;
}

class Search {
  readonly candidates: Candidate[] = [];
  readonly problems: TenonError[] = [];
  readonly shadowed: TenonError[] = [];
  readonly read: string[] = [];
  readonly #rules: Rules;
  /**
   * The searched folders by identity, each with its remaining depth. Links can form loops or lead to the same
   * folder twice.
   */
  readonly #seenFolders = new Map<string, number>();
  readonly #seenFiles = new Set<string>();
  readonly #firstOfName = new Map<string, string>();

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Searches `path`, which is below the search folder `folder`, and `depth` levels below it. */
  async look(folder: string, path: string, depth: number): Promise<void> {
    const entries = await this.#enter(path, depth);
    if (entries === null) return;
    this.read.push(path);
    const visible: Dirent[] = [];
    for (const { entry, raw } of entries) {
      if (entry.name.startsWith('.')) continue;
      if (raw === null) visible.push(entry);
      else await this.#refuseName(path, entry, raw, depth);
    }
    visible.sort(byName);
    const named = visible.filter((entry) => this.#hasExtension(entry.name));
    const tried = await Promise.all(named.map((entry) => tryFile(join(path, entry.name))));
    for (const entry of tried) this.#add(folder, entry);
    if (depth === 0) return;
    for (const entry of visible) {
      const below = join(path, entry.name);
      if (await isFolder(entry, below)) await this.look(folder, below, depth - 1);
    }
  }

  /**
   * Returns the entries of a folder. Returns null if the folder was already searched at least as deep, or if
   * it cannot be read.
   */
  async #enter(path: string, depth: number): Promise<NamedEntry[] | null> {
    try {
      const stats = await stat(path, { bigint: true });
      if (!stats.isDirectory()) throw notAFolder(path);
      const before = this.#seenFolders.get(identity(stats));
      if (before !== undefined && before >= depth) return null;
      this.#seenFolders.set(identity(stats), depth);
      const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
      return entries.map(namedEntry);
    } catch (error) {
      this.problems.push(folderProblem(path, error));
      return null;
    }
  }

  /** Reports what would have been looked at, if its name could be written as a string. */
  async #refuseName(path: string, entry: Dirent, raw: Buffer, depth: number): Promise<void> {
    const whole = Buffer.concat([Buffer.from(join(path, sep)), raw]);
    if (this.#hasExtension(entry.name) || (depth > 0 && (await isFolder(entry, whole))))
      this.problems.push(unnameable(join(path, entry.name)));
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
    const { path: real, stats } = outcome;
    if (this.#seenFiles.has(identity(stats))) return;
    this.#seenFiles.add(identity(stats));
    const { name } = parse(path);
    const key = this.#rules.ignoreCase ? name.toLowerCase() : name;
    const first = this.#firstOfName.get(key);
    if (first !== undefined) {
      this.shadowed.push(shadow(path, first));
      return;
    }
    this.#firstOfName.set(key, path);
    this.candidates.push({ path, folder, name, real });
  }
}

/** Compares names by code units, which gives the same order on every machine, regardless of its locale. */
function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

async function tryFile(path: string): Promise<Entry> {
  try {
    return { path, outcome: await locate(path) };
  } catch (error) {
    const problem = asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot load ${path}`);
    return { path, outcome: problem.with({ path, gate: 'find' }) };
  }
}

/** An entry of a folder, and the bytes of its name if they are not UTF-8; null if they are. */
interface NamedEntry {
  readonly entry: Dirent;
  readonly raw: Buffer | null;
}

function namedEntry(found: Dirent<Buffer>): NamedEntry {
  const raw = Buffer.from(found.name);
  const name = raw.toString();
  const entry = Object.assign(Object.create(found) as Dirent, { name });
  return { entry, raw: raw.equals(Buffer.from(name)) ? null : raw };
}

function unnameable(path: string): TenonError {
  const problem = 'its name is not UTF-8, so that it cannot be opened. Rename it';
  return new TenonError('ERR_TENON_UNREADABLE', `Cannot search ${path}: ${problem}.`, { path, gate: 'find' });
}

/**
 * Returns whether the entry is a folder or a link to one. A link that cannot be followed is not a folder; if
 * it has a plugin's extension, it was already reported.
 */
async function isFolder(entry: Dirent, path: string | Buffer): Promise<boolean> {
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
  const problem = 'it is a file. Pass the folder that contains the plugins, or load the file by its path';
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
  return new TenonError('ERR_TENON_SHADOWED', `Skipped ${path}: ${problem}.`, { path, gate: 'find' });
}

function checkOptions(options: DiscoverOptions): { depth: number; platform: string } {
  const { paths, depth = 0, env = {}, platform = process.platform } = checkObject('options', options);
  checkStrings('paths', paths);
  checkObject('env', env);
  checkCount('depth', depth, { least: 0, most: MAX_DEPTH });
  return { depth, platform: checkString('platform', platform) };
}
