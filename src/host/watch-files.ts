/**
 * Finds which files have appeared, changed and disappeared by looking repeatedly, and waits until each has settled.
 *
 * A half-written library often passes every gate, because the loader needs only its beginning. So a file counts only
 * when its size, its times and its inode stood still for a while, and when its digest is the same in the middle
 * and at the end of that time: bytes that are written through a mapping change no time.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** A change of a file. */
export interface FileChange {
  readonly what: 'added' | 'changed' | 'removed';
  readonly path: string;
  /** The SHA-256 digest of its bytes. Null for a removed file, and empty for one that cannot be read. */
  readonly digest: string | null;
}

/** A file that was seen. */
interface Seen {
  /** The digest that was reported last; null if none was. */
  reported: string | null;
  /** The state in which it is, or '' if it is missing. */
  state: string;
  /** The time since which it is in this state. */
  since: number;
  /** The digest in the middle of the time. */
  middle: string | null;
  /** The time at which it was computed. */
  middleAt: number;
  /** Whether everything about this state was reported. */
  settled: boolean;
}

/** The number of files that are read at once. */
const AT_ONCE = 16;
/** The errors that mean that there is no file at a path. */
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** The files in some folders. */
export class WatchedFiles {
  readonly #settle: number;
  readonly #seen = new Map<string, Seen>();

  /** `settle`: the milliseconds for which a file must stand still. */
  constructor(settle: number) {
    this.#settle = settle;
  }

  /** Notes a file whose digest the listeners know, so that only another one is reported. */
  know(path: string, digest: string): void {
    this.#seen.set(path, { ...unseen(), reported: digest });
  }

  /**
   * Looks at files, of which `paths` are all that exist. Returns what has settled, and the milliseconds after which to
   * look again; null if everything has settled.
   */
  async look(
    paths: readonly string[],
  ): Promise<{ readonly changes: FileChange[]; readonly again: number | null }> {
    const present = new Set(paths);
    for (const path of present) if (!this.#seen.has(path)) this.#seen.set(path, unseen());
    const changes: FileChange[] = [];
    let again = Number.POSITIVE_INFINITY;
    const all = [...this.#seen];
    const states = await this.#statesOf(all, present);
    for (let i = 0; i < all.length; i += AT_ONCE) {
      const some = all.slice(i, i + AT_ONCE);
      const found = await Promise.all(
        some.map(([path, seen], index) => this.#lookAt(path, seen, states[i + index] ?? '')),
      );
      changes.push(...found.filter((change) => change !== null));
    }
    for (const [, seen] of all) {
      if (seen.settled) continue;
      again = Math.min(again, Math.max(this.#dueOf(seen) - performance.now(), 1));
    }
    return { changes, again: again === Number.POSITIVE_INFINITY ? null : again };
  }

  /**
   * Returns the state of each file, '' for those that are gone. A file that exists and was not found is not gone: its
   * folder cannot be read at present, or another file of that name comes first. Unless it was found by another name.
   */
  async #statesOf(
    all: readonly (readonly [string, Seen])[],
    present: ReadonlySet<string>,
  ): Promise<string[]> {
    const states: string[] = [];
    for (let i = 0; i < all.length; i += AT_ONCE) {
      const some = all.slice(i, i + AT_ONCE);
      states.push(...(await Promise.all(some.map(([path, seen]) => stateOf(path, seen.state)))));
    }
    const found = new Set(states.filter((_, index) => present.has(all[index]?.[0] ?? '')));
    return states.map((state, index) =>
      present.has(all[index]?.[0] ?? '') || !found.has(state) ? state : '',
    );
  }

  async #lookAt(path: string, seen: Seen, state: string): Promise<FileChange | null> {
    const now = performance.now();
    if (state !== seen.state || seen.since === 0) restart(seen, state, now);
    if (seen.settled) return null;
    if (now < this.#dueOf(seen)) return null;
    if (state === '') return this.#missing(path, seen);
    if (seen.middle !== null) return this.#judge(path, seen);
    seen.middle = await digestOf(path);
    seen.middleAt = performance.now();
    return null;
  }

  /** Returns the time of the next look at a file. A look that was late makes the next one later. */
  #dueOf({ since, state, middle, middleAt }: Seen): number {
    const end = since + this.#settle;
    if (state === '') return end;
    return middle === null ? since + this.#settle / 2 : Math.max(end, middleAt + this.#settle / 2);
  }

  #missing(path: string, seen: Seen): FileChange | null {
    this.#seen.delete(path);
    seen.settled = true;
    return seen.reported === null ? null : { what: 'removed', path, digest: null };
  }

  async #judge(path: string, seen: Seen): Promise<FileChange | null> {
    const digest = await digestOf(path);
    const state = await stateOf(path, seen.state);
    if (digest !== seen.middle || state !== seen.state) {
      restart(seen, state, performance.now());
      return null;
    }
    seen.settled = true;
    const before = seen.reported;
    seen.reported = digest;
    if (digest === before) return null;
    return { what: before === null ? 'added' : 'changed', path, digest };
  }
}

const unseen = (): Seen => ({
  reported: null,
  state: '',
  since: 0,
  middle: null,
  middleAt: 0,
  settled: false,
});

function restart(seen: Seen, state: string, now: number): void {
  seen.state = state;
  seen.since = now;
  seen.middle = null;
  seen.settled = false;
}

/**
 * Returns what changes when a file is written, replaced or touched; an empty string if there is no such file. Returns
 * `before` if that is unknown, because a folder on the way cannot be entered, for example.
 */
async function stateOf(path: string, before: string): Promise<string> {
  try {
    const found: BigIntStats = await stat(path, { bigint: true });
    if (!found.isFile()) return '';
    return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
  } catch (error) {
    return GONE.has((error as NodeJS.ErrnoException).code ?? '') ? '' : before;
  }
}

/** Returns the SHA-256 digest of a file; an empty string if it cannot be read, which admission will explain. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return '';
  }
}
