/**
 * `onCrash: 'demote'`: a plugin that took its host's process down is loaded into a process of its own the next time.
 *
 * A plugin that runs in the host's own process takes everything with it that could report the crash. So a marker is written
 * before the plugin is loaded, and removed when it is closed or the process ends in order. A marker whose process is gone
 * tells that this did not happen. What it cannot tell is why: a process that was killed from outside, by SIGKILL or for want
 * of memory, looks the same, and where several plugins were loaded each may have done it. All of them are demoted, which costs
 * speed, not results, and the reason says how sure it is. A restart of the machine demotes nothing. SIGINT, SIGTERM and
 * SIGHUP, where nobody listens for them, remove the markers on their way; so while a plugin hangs these do not end the process.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { asTenonError } from '../base/errors.js';
import { JsonStore, type JsonStoreOptions } from '../base/json-store.js';
import { isGone, ownProcess, type ProcessId } from '../base/process-id.js';

/** Removes the marker: the plugin did no harm. Idempotent. */
export type Disarm = () => void;

/** Why a plugin may no longer run in its host's process. */
export interface Demotion {
  readonly digest: string;
  readonly plugin: string;
  /** A sentence. */
  readonly reason: string;
  /** When it was found out, ISO 8601. */
  readonly date: string;
  /** How many processes ended with it. */
  readonly count: number;
}

/** What a marker says. */
interface Marker {
  readonly process: ProcessId;
  /** Of the system, so that markers of before its restart count for nothing. */
  readonly boot: string;
  readonly digest: string;
  readonly plugin: string;
  readonly date: string;
}

const FILE: JsonStoreOptions<Demotion> = {
  format: 'tenon-demotions/1',
  name: 'demotions',
  isEntry: isDemotion,
  precious: true,
};
const MARKER = /^armed-(\d+)-(\d+)-[\w-]+\.json$/;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Markers of this thread, removed when it ends in order. */
const armed = new Set<string>();

/** The demotions that are kept in a folder. */
export class Demotions {
  readonly #folder: string;
  readonly #store: JsonStore<Demotion>;

  /** All hosts that give the same folder share what is in it. It is made if it is missing. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#store = new JsonStore(join(folder, 'demotions.json'), FILE);
  }

  /**
   * Call before the plugin is loaded into this process.
   * @throws TenonError ERR_TENON_UNREADABLE
   */
  async arm(digest: string, plugin: string): Promise<Disarm> {
    const owner = ownProcess();
    const path = join(this.#folder, `armed-${owner.pid}-${owner.start}-${randomUUID()}.json`);
    const marker: Marker = {
      process: owner,
      boot: bootId(),
      digest,
      plugin,
      date: new Date().toISOString(),
    };
    watchForEnd();
    armed.add(path);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(`${path}.tmp`, JSON.stringify(marker), { mode: 0o600 });
      await rename(`${path}.tmp`, path);
    } catch (error) {
      armed.delete(path);
      throw asTenonError(
        error,
        'ERR_TENON_UNREADABLE',
        `Cannot keep a marker for ${plugin} in ${this.#folder}`,
      );
    }
    return () => disarm(path);
  }

  /** Why the plugin with this digest is to run in a process of its own; undefined if it need not. */
  async isDemoted(digest: string): Promise<Demotion | undefined> {
    await this.#sweep();
    return (await this.#store.read()).get(digest);
  }

  /** All demotions. @throws TenonError ERR_TENON_UNREADABLE */
  async list(): Promise<Demotion[]> {
    await this.#sweep();
    return [...(await this.#store.read()).values()];
  }

  /** Forgets one demotion or all. Returns how many there were. @throws TenonError ERR_TENON_UNREADABLE */
  async clear(digest?: string): Promise<number> {
    await this.#sweep();
    let count = 0;
    await this.#store.update((demotions) => {
      for (const key of digest === undefined ? [...demotions.keys()] : [digest]) {
        if (demotions.delete(key)) count += 1;
      }
    });
    return count;
  }

  /** Makes demotions of the markers whose processes are gone. */
  async #sweep(): Promise<void> {
    if ((await this.#left()).length === 0) return;
    // Under the lock of the file, and looked up again there: several processes may be at it.
    let done: string[] = [];
    await this.#store.update(async (demotions) => {
      done = await this.#left();
      const markers = await Promise.all(done.map((path) => readMarker(path)));
      demote(
        demotions,
        markers.filter((marker) => marker !== undefined),
      );
    });
    for (const path of done) await rm(path, { force: true });
  }

  async #left(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.filter(isLeft).map((name) => join(this.#folder, name));
  }
}

function isLeft(name: string): boolean {
  const found = MARKER.exec(name);
  return found !== null && isGone({ pid: Number(found[1]), start: found[2] ?? '0' });
}

/** Adds what the markers tell. All markers of one process are given together. */
function demote(demotions: Map<string, Demotion>, markers: readonly Marker[]): void {
  const here = bootId();
  const counted = markers.filter(({ boot }) => boot === here);
  for (const marker of counted) {
    const { digest, plugin } = marker;
    const others = counted.filter(
      (other) => other.process.pid === marker.process.pid && other.digest !== digest,
    );
    const names = [...new Set(others.map((other) => other.plugin))];
    demotions.set(digest, {
      digest,
      plugin,
      reason: reasonOf(marker, names),
      date: new Date().toISOString(),
      count: (demotions.get(digest)?.count ?? 0) + 1,
    });
  }
}

function reasonOf({ plugin, process, date }: Marker, others: readonly string[]): string {
  const found = `Process ${process.pid}, which had loaded ${plugin} at ${date}, ended without closing it`;
  const doubt =
    others.length === 0
      ? 'It crashed, or was killed from outside'
      : `It crashed, or was killed from outside; nobody can tell whether ${plugin} did it or ${others.join(', ')}, which it had loaded too`;
  return `${found}. ${doubt}.`;
}

async function readMarker(path: string): Promise<Marker | undefined> {
  try {
    const marker: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isMarker(marker) ? marker : undefined;
  } catch {
    return undefined; // another process was faster, or the disk was full when it was written
  }
}

function isMarker(value: unknown): value is Marker {
  const { process, boot, digest, plugin, date } = (value ?? {}) as Partial<Marker>;
  return (
    [process?.start, boot, digest, plugin, date].every((text) => typeof text === 'string') &&
    Number.isInteger(process?.pid)
  );
}

function isDemotion(value: unknown): value is Demotion {
  const { digest, plugin, reason, date, count } = (value ?? {}) as Partial<Demotion>;
  return [digest, plugin, reason, date].every((text) => typeof text === 'string') && Number.isInteger(count);
}

/** Tells one start of the system from the next; empty where the system does not. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}

function disarm(path: string): void {
  if (!armed.delete(path)) return;
  rmSync(path, { force: true });
  if (armed.size === 0) for (const signal of SIGNALS) process.off(signal, onSignal);
}

function disarmAll(): void {
  for (const path of armed) disarm(path);
}

function watchForEnd(): void {
  if (armed.size > 0) return;
  if (!process.listeners('exit').includes(disarmAll)) process.on('exit', disarmAll);
  // Workers get no signals.
  if (isMainThread) for (const signal of SIGNALS) process.on(signal, onSignal);
}

/** Lets a signal do what it would have done without tenon. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return; // the program has a mind of its own; `exit` will tell
  disarmAll();
  process.kill(process.pid, signal);
}
