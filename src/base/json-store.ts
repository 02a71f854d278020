/**
 * A small JSON file of entries by key, which several processes read and write. Each write replaces the whole
 * file. A lock is held from reading to replacing, so the changes of other processes are kept.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { asTenonError, TenonError } from './errors.js';
import { makeFolder } from './make-folder.js';
import { problemOfOwner } from './private-folder.js';
import { isGone, ownProcess, pidNamespace } from './process-id.js';
import { openSmallFile, readText } from './small-file.js';

/** The format of a file. */
export interface JsonStoreOptions<T> {
  /** The first member of the file. A file with another value is not one of ours. */
  readonly format: string;
  /** The name of the entries, in the file and in messages, for example `verdicts`. */
  readonly name: string;
  /** Returns whether the value is a valid entry. */
  isEntry(value: unknown): value is T;
  /**
   * Whether the entries cannot be recomputed. If true, a missing folder is created, and a file that is
   * damaged or of another format is renamed with a warning. If false, the next write overwrites such a file.
   */
  readonly precious: boolean;
}

/**
 * Milliseconds to wait for the lock. A lock is held for about a millisecond, so a longer wait means that its
 * owner is stopped.
 */
const PATIENCE = 10_000;
/** Milliseconds between two attempts, on average. */
const RETRY = 5;
/** Milliseconds after which a lock without an owner is removed: its owner ended while it took the lock. */
const NAMELESS_LOCK = 2_000;

/** Matches the content of a lock: a process, and the PID namespace in which its id is valid. */
const OWNER = /^(\d+) (\d+)(?: (\d+))?$/;

/** Matches the end of the name of a file that is written and then renamed. */
const TEMPORARY = /^\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** The entries of one file. */
export class JsonStore<T> {
  readonly path: string;
  readonly #options: JsonStoreOptions<T>;
  #known: { readonly signature: string; readonly entries: ReadonlyMap<string, T> } | undefined;
  #busy: Promise<unknown> = Promise.resolve();
  #swept = false;

  constructor(path: string, options: JsonStoreOptions<T>) {
    this.path = path;
    this.#options = options;
  }

  /**
   * Returns the current entries of the file. A missing file has none. A file that another user can have written
   * is not believed: it has none either, or is an error if its entries are precious.
   * @throws TenonError ERR_TENON_UNREADABLE, ERR_TENON_UNTRUSTED
   */
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
   * Changes the entries while no other process writes the file.
   * @throws TenonError ERR_TENON_UNREADABLE
   * @throws what `change` throws; the file then remains unchanged
   */
  update(change: (entries: Map<string, T>) => void | Promise<void>): Promise<void> {
    const done = this.#busy.then(async () => {
      await this.#signature(); // a device or a folder is neither read nor replaced
      await this.#locked(() => this.#replace(change));
    });
    this.#busy = done.catch(() => undefined);
    return done;
  }

  async #replace(change: (entries: Map<string, T>) => void | Promise<void>): Promise<void> {
    const { entries, intact } = await this.#load();
    if (!intact && this.#options.precious) await this.#keepAside(entries.size);
    await change(entries);
    await this.#save(entries);
  }

  /**
   * Returns the identity and state of the file, which change with every replacement. Returns undefined if the
   * file does not exist.
   * @throws TenonError ERR_TENON_UNREADABLE, which includes anything other than a regular file
   */
  async #signature(): Promise<string | undefined> {
    try {
      const found = await stat(this.path, { bigint: true });
      if (!found.isFile()) throw new Error('it is not a regular file');
      const { ino, size, mtimeNs, ctimeNs } = found;
      return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#failed('read', error);
    }
  }

  async #load(): Promise<{ entries: Map<string, T>; intact: boolean }> {
    try {
      const file = await openSmallFile(this.path);
      try {
        const problem = problemOfOwner(this.path, await file.stat());
        if (problem === null) return this.#parse(await readText(file));
        if (this.#options.precious) throw this.#untrusted(problem);
        return { entries: new Map(), intact: false };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isAbsent(error)) return { entries: new Map(), intact: true };
      throw this.#failed('read', error);
    }
  }

  #untrusted(problem: string): TenonError {
    return new TenonError(
      'ERR_TENON_UNTRUSTED',
      `Cannot believe the ${this.#options.name} in ${this.path}: ${problem}. If its content is right, give it to your user (chown) and remove the permission (chmod go-w).`,
      { path: this.path },
    );
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
      throw this.#failed('set aside the damaged file of', error);
    }
    const rest = saved === 0 ? 'A new file is started' : `${saved} of its entries are intact and were kept`;
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
      await this.#sweep();
      await work();
    } finally {
      await rm(lock, { force: true });
    }
  }

  /** Removes, once, what processes left that were killed while they wrote. Only the owner of the lock writes. */
  async #sweep(): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    const folder = dirname(this.path);
    const name = basename(this.path);
    const names = await readdir(folder).catch(() => []);
    const left = names.filter((one) => one.startsWith(`${name}.`) && TEMPORARY.test(one.slice(name.length)));
    for (const one of left) await rm(join(folder, one), { force: true }).catch(() => undefined);
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
          await makeFolder(dirname(this.path), 0o700).catch(() => undefined);
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

/** Creates the lock file. @throws EEXIST if it exists */
async function take(lock: string): Promise<void> {
  const file = await open(lock, 'wx', 0o600);
  const { pid, start } = ownProcess();
  try {
    await file.write(`${pid} ${start} ${pidNamespace()}`);
  } finally {
    await file.close();
  }
}

/** Removes a lock whose process has ended. */
async function removeIfLeft(lock: string): Promise<void> {
  const owner = await readFile(lock, 'latin1').catch(() => undefined);
  if (owner === undefined || !(await isLeft(lock, owner))) return;
  // Only one process can rename the file successfully. The renamed file may be a new lock, taken after
  // `owner` was read; then it is restored.
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
  const [, pid, start = '0', namespace = pidNamespace()] = OWNER.exec(owner) ?? [];
  const known = pid !== undefined && namespace === pidNamespace();
  if (known) return isGone({ pid: Number(pid), start });
  const found = await stat(lock).catch(() => undefined);
  const patience = pid === undefined ? NAMELESS_LOCK : PATIENCE / 2;
  return found !== undefined && Date.now() - found.mtimeMs > patience;
}
