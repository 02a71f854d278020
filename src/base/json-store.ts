/**
 * A small JSON file that several processes read and write: entries by key. Each write replaces the file as a whole, and what
 * another process has written in the meantime is kept, because a lock is held from the reading to the replacing.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { asTenonError, type TenonError } from './errors.js';
import { isGone, ownProcess } from './process-id.js';

/** What is in a file and how to know it. */
export interface JsonStoreOptions<T> {
  /** First member of the file. A file with another one is not ours. */
  readonly format: string;
  /** What the entries are, for the file and for messages: `verdicts`. */
  readonly name: string;
  isEntry(value: unknown): value is T;
  /**
   * What cannot be found out again: the folder of the file is made if it is missing, and a file that is damaged or of another
   * format is renamed, with a warning, where otherwise the next write would overwrite it.
   */
  readonly precious: boolean;
}

/** A lock is held for a millisecond: who waits so long waits for a process that was stopped. */
const PATIENCE = 10_000;
const RETRY = 5;
/** A lock that does not say whose it is was left by a process that ended while it took it. */
const NAMELESS_LOCK = 2_000;

/** The entries of one file. */
export class JsonStore<T> {
  readonly path: string;
  readonly #options: JsonStoreOptions<T>;
  #known: { readonly signature: string; readonly entries: ReadonlyMap<string, T> } | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(path: string, options: JsonStoreOptions<T>) {
    this.path = path;
    this.#options = options;
  }

  /** What the file holds now. A missing file holds nothing. @throws TenonError ERR_TENON_UNREADABLE */
  async read(): Promise<ReadonlyMap<string, T>> {
    const signature = await this.#signature();
    if (signature === undefined) return new Map();
    if (this.#known?.signature === signature) return this.#known.entries;
    const { entries, intact } = await this.#load();
    if (!intact && this.#options.precious) await this.update(() => undefined);
    else this.#known = { signature, entries };
    return entries;
  }

  /**
   * Changes the entries. Nobody else writes the file meanwhile.
   * @throws TenonError ERR_TENON_UNREADABLE, or what `change` throws: then the file stays as it is
   */
  update(change: (entries: Map<string, T>) => void | Promise<void>): Promise<void> {
    const done = this.#busy.then(() => this.#locked(() => this.#replace(change)));
    this.#busy = done.catch(() => undefined);
    return done;
  }

  async #replace(change: (entries: Map<string, T>) => void | Promise<void>): Promise<void> {
    const { entries, intact } = await this.#load();
    if (!intact && this.#options.precious) await this.#keepAside(entries.size);
    await change(entries);
    await this.#save(entries);
  }

  /** A file's identity and state: it changes with every replacement. */
  async #signature(): Promise<string | undefined> {
    try {
      const { ino, size, mtimeNs } = await stat(this.path, { bigint: true });
      return `${ino}:${size}:${mtimeNs}`;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#failed('read', error);
    }
  }

  async #load(): Promise<{ entries: Map<string, T>; intact: boolean }> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if (isAbsent(error)) return { entries: new Map(), intact: true };
      throw this.#failed('read', error);
    }
    return this.#parse(text);
  }

  #parse(text: string): { entries: Map<string, T>; intact: boolean } {
    const entries = new Map<string, T>();
    const found = membersOf(text);
    const kept = found?.[this.#options.name];
    if (found?.['format'] !== this.#options.format || typeof kept !== 'object' || kept === null)
      return { entries, intact: false };
    let intact = true;
    for (const [key, value] of Object.entries(kept)) {
      if (this.#options.isEntry(value)) entries.set(key, value);
      else intact = false;
    }
    return { entries, intact };
  }

  async #save(entries: ReadonlyMap<string, T>): Promise<void> {
    const { format, name } = this.#options;
    const text = JSON.stringify({ format, [name]: Object.fromEntries(entries) }, null, 2);
    const temporary = `${this.path}.${randomUUID()}.tmp`;
    try {
      await writeFile(temporary, `${text}\n`, { mode: 0o600 });
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw this.#failed('write', error);
    }
    this.#known = undefined;
  }

  async #keepAside(saved: number): Promise<void> {
    const { name } = this.#options;
    const aside = `${this.path}.damaged-${Date.now()}-${randomUUID().slice(0, 8)}`;
    try {
      await rename(this.path, aside);
    } catch (error) {
      throw this.#failed('keep the damaged file aside of', error);
    }
    const rest = saved === 0 ? 'A new file is begun' : `${saved} entries in it are still good`;
    process.emitWarning(
      `The ${name} in ${this.path} are damaged or of another format; the file is kept as ${aside}. ${rest}.`,
      'TenonWarning',
    );
  }

  #failed(verb: string, error: unknown): TenonError {
    return asTenonError(
      error,
      'ERR_TENON_UNREADABLE',
      `Cannot ${verb} the ${this.#options.name} in ${this.path}`,
    );
  }

  async #locked(work: () => Promise<void>): Promise<void> {
    const lock = `${this.path}.lock`;
    await this.#lock(lock);
    try {
      await work();
    } finally {
      await rm(lock, { force: true });
    }
  }

  async #lock(lock: string): Promise<void> {
    const end = Date.now() + PATIENCE;
    for (let folderMade = false; ; ) {
      try {
        await take(lock);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' && !folderMade && this.#options.precious) {
          await mkdir(dirname(this.path), { recursive: true, mode: 0o700 }).catch(() => undefined);
          folderMade = true;
          continue;
        }
        if (code !== 'EEXIST') throw this.#failed('write', error);
      }
      await removeIfLeft(lock);
      if (Date.now() > end)
        throw this.#failed('write', new Error(`another process holds ${lock}. Remove it`));
      await delay(RETRY * (0.5 + Math.random()));
    }
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function membersOf(text: string): Partial<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the lock file. @throws EEXIST if there is one */
async function take(lock: string): Promise<void> {
  const file = await open(lock, 'wx', 0o600);
  const { pid, start } = ownProcess();
  try {
    await file.write(`${pid} ${start}`);
  } finally {
    await file.close();
  }
}

/** Removes a lock whose process is gone. */
async function removeIfLeft(lock: string): Promise<void> {
  const owner = await readFile(lock, 'latin1').catch(() => undefined);
  if (owner === undefined || !(await isLeft(lock, owner))) return;
  // Only one process can have the file under this name; and it may turn out to be a new lock, taken since it was read.
  const mine = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, mine);
    if ((await readFile(mine, 'latin1')) !== owner) await link(mine, lock).catch(() => undefined);
    await rm(mine, { force: true });
  } catch {
    // Another process was faster.
  }
}

async function isLeft(lock: string, owner: string): Promise<boolean> {
  const named = /^(\d+) (\d+)$/.exec(owner);
  if (named !== null) return isGone({ pid: Number(named[1]), start: named[2] ?? '0' });
  const found = await stat(lock).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > NAMELESS_LOCK;
}
