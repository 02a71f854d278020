/** Watches the sources of a project. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { debug } from '../../base/diagnostics.js';
import { WatchedFiles } from '../../host/watch-files.js';
import { FolderHints } from '../../host/watch-folders.js';

/** The files that are watched. */
export interface WatchedSources {
  readonly folder: string;
  /** Whether folders below it are watched too. */
  readonly deep: boolean;
  /** Other files: inputs, for example. */
  readonly files: readonly string[];
}

/** Milliseconds for which a source must stand still. An editor writes it in one go. */
const SETTLE_MS = 30;
/** Milliseconds between two looks without a hint, for file systems that give none. */
const POLL_MS = 2000;
/** Folders whose files are made by tools. */
const MADE = new Set(['target', 'build', 'node_modules']);
const SOURCES = new Set(
  '.c .h .cc .cpp .cxx .hh .hpp .hxx .inc .inl .def .rs .toml .cmake .json .txt .s .S .proto'.split(' '),
);

/** The sources of a project. */
export class Sources {
  readonly #watched: WatchedSources;
  readonly #changed: (path: string) => void;
  readonly #files = new WatchedFiles(SETTLE_MS);
  readonly #hints = new FolderHints(() => void this.#look());
  readonly #ticker = setInterval(() => void this.#look(), POLL_MS);
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #closed = false;

  /** `changed` is called for each file that is new, has other bytes, or is gone. */
  constructor(watched: WatchedSources, changed: (path: string) => void) {
    this.#watched = watched;
    this.#changed = changed;
    for (const path of this.#list().files) this.#files.know(path, digestOf(path));
    void this.#look();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    this.#hints.close();
  }

  async #look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#lookOnce();
      }
    } catch (error) {
      // The next hint or tick looks again.
      debug('sources of %s: %s', this.#watched.folder, error);
    } finally {
      this.#looking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const { files, folders } = this.#list();
    // Changes before a watch began are not reported.
    if (await this.#hints.follow([], folders)) this.#again = true;
    const { changes, again } = await this.#files.look(files);
    if (this.#closed) return;
    clearTimeout(this.#timer);
    if (again !== null) this.#timer = setTimeout(() => void this.#look(), again);
    for (const { path } of changes) this.#changed(path);
  }

  #list(): { readonly files: string[]; readonly folders: string[] } {
    const { folder, deep, files } = this.#watched;
    const more = files.map((path) => resolve(path));
    const found = { files: more.filter((path) => existsSync(path)), folders: more.map(dirname) };
    list(folder, deep, found);
    return { files: [...new Set(found.files)], folders: [...new Set(found.folders)] };
  }
}

function list(
  folder: string,
  deep: boolean,
  found: { readonly files: string[]; readonly folders: string[] },
): void {
  found.folders.push(folder);
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory() && deep && !MADE.has(entry.name)) list(path, deep, found);
    else if (!entry.isDirectory() && SOURCES.has(extname(entry.name))) found.files.push(path);
  }
}

/** Returns nothing for a folder that was removed meanwhile. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return '';
  }
}
