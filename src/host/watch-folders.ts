/**
 * Hints that something in some folders may have changed. They may be missing, superfluous or late, so
 * the receiver looks for itself.
 *
 * The facts behind this: on Linux, a watched *file* says nothing more after another was renamed over it, and a
 * watched folder says nothing more after it was removed and made again. NFS and some containers say nothing at all.
 * So only folders are watched, with those that hold them, their identity is compared regularly, and nothing depends
 * on what an event says.
 */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** One watched folder. */
interface Watched {
  /** The folder that is watched; empty if there was none, or if the watch has ended. */
  identity: string;
  readonly watcher: FSWatcher | undefined;
  /** The names in it whose events count. */
  names: Names;
}

type Names = 'all' | Set<string>;

/** Watches folders. */
export class FolderHints {
  readonly #hint: () => void;
  readonly #watched = new Map<string, Watched>();
  #referenced = true;
  #closed = false;

  constructor(hint: () => void) {
    this.#hint = hint;
  }

  /**
   * Watches exactly these folders, and the `roots` with the folders that hold them: search folders, and files elsewhere
   * to which links lead. Keeps the watches that still see them. Returns whether a watch began: what happened before is not
   * reported.
   */
  async follow(roots: readonly string[], folders: readonly string[]): Promise<boolean> {
    const wanted = new Map<string, Names>();
    // Much may happen in the folder that holds a search folder, /tmp for example. Only one name in it matters.
    for (const root of roots) {
      const names = wanted.get(dirname(root)) ?? new Set();
      wanted.set(dirname(root), names === 'all' ? names : names.add(basename(root)));
    }
    for (const path of [...roots, ...folders]) wanted.set(path, 'all');
    for (const path of [...this.#watched.keys()]) if (!wanted.has(path)) this.#forget(path);
    let began = false;
    for (const [path, names] of wanted) {
      const identity = await identityOf(path);
      if (this.#closed) return false;
      const watched = this.#watched.get(path);
      if (watched?.identity === identity) {
        watched.names = names;
        continue;
      }
      this.#forget(path);
      const watcher = identity === '' ? undefined : this.#open(path);
      this.#watched.set(path, { identity, watcher, names });
      began = true;
    }
    return began;
  }

  /** Whether a folder exists that the system does not watch. Then only looking regularly helps. */
  get isBlind(): boolean {
    return [...this.#watched.values()].some(
      ({ identity, watcher }) => identity !== '' && watcher === undefined,
    );
  }

  /** Returns whether a folder is no longer the one that is watched: it was removed, made again, or exchanged. */
  async isStale(): Promise<boolean> {
    for (const [path, { identity }] of [...this.#watched])
      if (identity !== (await identityOf(path))) return true;
    return false;
  }

  /** Whether the watches keep the event loop alive. */
  set referenced(value: boolean) {
    this.#referenced = value;
    for (const { watcher } of this.#watched.values()) {
      if (value) watcher?.ref();
      else watcher?.unref();
    }
  }

  close(): void {
    this.#closed = true;
    for (const path of [...this.#watched.keys()]) this.#forget(path);
  }

  /** Returns undefined if the system has no watch left, or cannot watch there: looking regularly must do. */
  #open(path: string): FSWatcher | undefined {
    try {
      const watcher = watch(path, { persistent: this.#referenced }, (_event, name) => {
        const watched = this.#watched.get(path);
        if (watched?.watcher !== watcher) return;
        const { names } = watched;
        // The last event of a folder that was removed has its own name. One that was made again may have its inode.
        if (name === basename(path)) watched.identity = '';
        else if (names !== 'all' && name !== null && !names.has(name)) return;
        this.#hint();
      });
      // The watch has ended. The next comparison begins another one.
      watcher.on('error', () => {
        const watched = this.#watched.get(path);
        if (watched?.watcher === watcher) watched.identity = '';
      });
      return watcher;
    } catch {
      return undefined;
    }
  }

  #forget(path: string): void {
    this.#watched.get(path)?.watcher?.close();
    this.#watched.delete(path);
  }
}

/**
 * Returns the identity of a folder, with links followed; an empty string if there is none, or none that can be seen. A
 * folder that was made after another one was removed often has its inode.
 */
async function identityOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found?.isDirectory() ? `${found.dev}:${found.ino}:${found.birthtimeNs}` : '';
}
