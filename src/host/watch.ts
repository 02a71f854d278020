/** Watching the search folders of a host. */
import { EventEmitter } from 'node:events';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asTenonError, type TenonError } from '../base/errors.js';
import { checkBoolean, checkKnown, checkMilliseconds, readOptions } from '../base/options.js';
import { Timer } from '../base/timer.js';
import type { Candidate, Found } from './discover.js';
import { refuseUnknownEvents } from './known-events.js';
import type { Plugin } from './plugin.js';
import { type FileChange, WatchedFiles } from './watch-files.js';
import { FolderHints } from './watch-folders.js';

/** The options of {@link PluginHost.watch}. */
export interface WatchOptions {
  /**
   * Milliseconds for which a file must not change before it counts. Longer for folders to which files are copied
   * slowly. Default: 300.
   */
  readonly settle?: number;
  /**
   * Whether to list the folders every two seconds instead of relying on the system's notifications, which network
   * file systems and some containers do not give. Default: false.
   */
  readonly poll?: boolean;
  /**
   * Whether plugins are reloaded when their file has changed: {@link Plugin.reload} is called after `changed`, and the
   * plugin emits its report as `reload`. Default: false.
   */
  readonly autoReload?: boolean;
}

/** A file that has settled. */
export interface WatchedFile {
  /** The path at which it was found, with links unresolved. */
  readonly path: string;
  /** The SHA-256 digest of the file. */
  readonly digest: string;
  /** The name of the plugin from its descriptor; null if it has none. */
  readonly name: string | null;
  /** The plugin's own version from its descriptor; null if it has none. */
  readonly version: string | null;
  /** The loaded plugins that came from this path. */
  readonly plugins: readonly Plugin[];
}

/** A file that was removed. Its plugins go on running. */
export interface RemovedFile {
  /** The path at which it was found. */
  readonly path: string;
  /** The loaded plugins that came from this path. */
  readonly plugins: readonly Plugin[];
}

/** The events of a {@link PluginWatch}. */
export interface PluginWatchEventMap {
  /**
   * A new file passed the gates that run none of its code, or one that was refused does so now. At the beginning of
   * the watch, every file counts as new of which no plugin is loaded.
   */
  added: [file: WatchedFile];
  /** A file has other bytes than before, or than those that are loaded, and passed the same gates. */
  changed: [file: WatchedFile];
  /** A file is gone, or is found by another name. */
  removed: [file: RemovedFile];
  /** A file is new or has changed, and would not be admitted; or a folder cannot be read. */
  refused: [error: TenonError];
}

const EVENTS: readonly (keyof PluginWatchEventMap)[] = ['added', 'changed', 'removed', 'refused'];

/** The host, as its watch sees it. */
export interface WatchedHost {
  /** Searches the folders. */
  find(): Promise<Found>;
  /** The loaded plugins. */
  readonly plugins: readonly Plugin[];
  /** Passes the file through the gates that run none of its code. @throws TenonError */
  screen(path: string): Promise<{ readonly name: string | null; readonly version: string | null }>;
  /** Called when a watch begins. */
  opened(watch: PluginWatch): void;
  /** Called when it is closed. */
  closed(watch: PluginWatch): void;
}

/** Milliseconds between a hint and the look that it causes, so that one look serves many hints. */
const HINT_MS = 10;
/** The same, in durations of the last look: a large folder is not listed all the time while its files change. */
const HINT_LOOKS = 4;
/** The longest time between a hint and its look. */
const HINT_MOST_MS = 200;
/** Milliseconds between two comparisons of the watched folders, and between two looks with `poll`. */
const POLL_MS = 2000;
/** Every how many of them all folders are listed anyway. */
const LIST_EVERY = 30;

let create: (
  host: WatchedHost,
  options: Required<WatchOptions>,
) => { watch: PluginWatch; looked: Promise<void> };

/** Begins a watch. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export async function beginWatch(host: WatchedHost, options: WatchOptions): Promise<PluginWatch> {
  const given = readOptions('options', options);
  checkKnown('watch', given, ['settle', 'poll', 'autoReload']);
  const { settle = 300, poll = false, autoReload = false } = given;
  checkMilliseconds('settle', settle);
  checkBoolean('poll', poll);
  checkBoolean('autoReload', autoReload);
  const { watch, looked } = create(host, { settle, poll, autoReload });
  await looked.catch((error) => {
    watch.close();
    throw error;
  });
  return watch;
}

/**
 * A watch over the search folders of a host. {@link PluginHost.watch} makes it. It keeps the event loop alive until
 * `close()` or `unref()`.
 */
export class PluginWatch extends EventEmitter<PluginWatchEventMap> {
  readonly #host: WatchedHost;
  readonly #poll: boolean;
  readonly #autoReload: boolean;
  readonly #files: WatchedFiles;
  readonly #hints = new FolderHints(() => this.#hinted());
  /** The duration of the last look in milliseconds. */
  #lookMs = 0;
  /** The messages of the problems that were reported, so that each is reported once until it is over. */
  #problems = new Set<string>();
  #next: { timer: Timer; at: number } | undefined;
  #ticker: NodeJS.Timeout;
  #ticks = 0;
  #looking = false;
  #again = false;
  /** Whether a file is a link. Such a file may change without a notification. */
  #hasLinks = false;
  /** The digests of the plugins that were loaded before the first look, by their path. */
  readonly #loaded = new Map<string, string>();
  /** The files that are not new to the listeners. */
  readonly #added = new Set<string>();
  #closed = false;
  #referenced = true;

  static {
    create = (host, options) => {
      const watch = new PluginWatch(host, options);
      return { watch, looked: watch.#lookFirst() };
    };
  }

  private constructor(host: WatchedHost, { settle, poll, autoReload }: Required<WatchOptions>) {
    super();
    this.#host = host;
    this.#poll = poll;
    this.#autoReload = autoReload;
    this.#files = new WatchedFiles(settle);
    refuseUnknownEvents(this as unknown as EventEmitter, 'a watch', EVENTS);
    for (const { manifest } of host.plugins) this.#loaded.set(manifest.source, manifest.digest);
    host.opened(this);
    this.#ticker = setInterval(() => this.#tick(), POLL_MS);
  }

  /** Whether the watch was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Keeps the event loop alive, as a new watch does. */
  ref(): this {
    this.#reference(true);
    return this;
  }

  /** Lets the process end although the watch is open. */
  unref(): this {
    this.#reference(false);
    return this;
  }

  /** Ends the watch. No event follows. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#next?.timer.cancel();
    this.#hints.close();
    this.#host.closed(this);
  }

  /** Closes the watch at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the watch at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #reference(value: boolean): void {
    this.#referenced = value;
    this.#hints.referenced = value;
    const timers = [this.#ticker, this.#next?.timer];
    for (const timer of timers) value ? timer?.ref() : timer?.unref();
  }

  #tick(): void {
    this.#ticks += 1;
    const looks = this.#poll || this.#hasLinks || this.#hints.isBlind || this.#ticks % LIST_EVERY === 0;
    if (looks) this.#lookLater();
    else void this.#hints.isStale().then((stale) => stale && this.#lookLater());
  }

  #hinted(): void {
    this.#soon(Math.min(Math.max(HINT_MS, HINT_LOOKS * this.#lookMs), HINT_MOST_MS));
  }

  /** Looks after that time, or earlier if an earlier look is due. */
  #soon(ms: number): void {
    if (this.#closed) return;
    const at = performance.now() + ms;
    if (this.#next !== undefined && this.#next.at <= at) return;
    this.#next?.timer.cancel();
    const timer = new Timer(ms, () => {
      this.#next = undefined;
      this.#lookLater();
    });
    if (!this.#referenced) timer.unref();
    this.#next = { timer, at };
  }

  /** Looks, and reports what makes that impossible. */
  #lookLater(): void {
    this.#look().catch((error) =>
      this.#tell('refused', asTenonError(error, 'ERR_TENON_UNREADABLE', 'Cannot search the folders')),
    );
  }

  /** Looks once. What is due meanwhile waits, so that nothing is reported before the watch has listeners. */
  async #lookFirst(): Promise<void> {
    this.#looking = true;
    try {
      await this.#lookOnce();
    } finally {
      this.#looking = false;
    }
    if (this.#again) this.#soon(HINT_MS);
  }

  async #look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        const begun = performance.now();
        await this.#lookOnce();
        this.#lookMs = performance.now() - begun;
      }
    } finally {
      this.#looking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const { candidates, problems, folders, read } = await this.#host.find();
    if (this.#closed) return;
    const linked = await linkedFiles(candidates);
    this.#hasLinks = linked.length > 0;
    const roots = [...folders, ...linked];
    // A file may have come between the search and the beginning of a watch.
    if (!this.#poll && (await this.#hints.follow(roots, read))) this.#hinted();
    if (this.#closed) return;
    this.#reportProblems(problems);
    this.#knowLoaded(candidates);
    const { changes, again } = await this.#files.look(candidates.map(({ path }) => path));
    if (again !== null) this.#soon(again);
    for (const change of changes) if (!this.#closed) await this.#report(change);
  }

  /** At the first look, notes the files of which plugins are loaded. Those in other folders are not watched. */
  #knowLoaded(candidates: readonly Candidate[]): void {
    for (const { path } of candidates) {
      const digest = this.#loaded.get(path);
      if (digest === undefined) continue;
      this.#files.know(path, digest);
      this.#added.add(path);
    }
    this.#loaded.clear();
  }

  /** Reports problems of folders. A missing folder is not one, because it may be made later. */
  #reportProblems(problems: readonly TenonError[]): void {
    const known = this.#problems;
    this.#problems = new Set(problems.map(({ message }) => message));
    for (const error of problems)
      if (!known.has(error.message) && error.code !== 'ERR_TENON_NOT_FOUND') this.#tell('refused', error);
  }

  async #report({ what, path, digest }: FileChange): Promise<void> {
    const plugins = () => this.#host.plugins.filter(({ manifest }) => manifest.source === path);
    if (what === 'removed') {
      this.#added.delete(path);
      this.#tell(what, { path, plugins: plugins() });
      return;
    }
    try {
      const { name, version } = await this.#host.screen(path);
      if (this.#closed) return;
      const file = { path, digest: digest ?? '', name, version, plugins: plugins() };
      // A file that was refused is new to the listeners when it passes.
      this.#tell(this.#added.has(path) ? 'changed' : 'added', file);
      this.#added.add(path);
      // The report says what went wrong. A plugin that is closed meanwhile needs none.
      if (this.#autoReload) for (const plugin of file.plugins) plugin.reload().catch(() => undefined);
    } catch (error) {
      const problem = asTenonError(error, 'ERR_TENON_LOAD_FAILED', `Cannot load ${path}`);
      this.#tell('refused', problem);
    }
  }

  /** Emits an event on the next tick, so that a listener that throws does not disturb the watch. */
  #tell<Name extends keyof PluginWatchEventMap>(name: Name, ...values: PluginWatchEventMap[Name]): void {
    process.nextTick(() => this.#closed || (this as EventEmitter).emit(name, ...values));
  }
}

/** Returns the real paths of the files that are links, apart from links among the folders that hold them. */
async function linkedFiles(candidates: readonly Candidate[]): Promise<string[]> {
  const folders = new Map<string, string>();
  for (const folder of new Set(candidates.map(({ path }) => dirname(path))))
    folders.set(folder, await realpath(folder).catch(() => folder));
  return candidates
    .filter(({ path, real }) => real !== join(folders.get(dirname(path)) ?? '', basename(path)))
    .map(({ real }) => real);
}
