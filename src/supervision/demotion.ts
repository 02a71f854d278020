/**
 * `onCrash: 'demote'`: a plugin that crashed its host's process is loaded into a separate process the next
 * time.
 *
 * A crash of a plugin in the host's process leaves no code that could report it. Therefore a marker is
 * written before the plugin is loaded. It is removed when the plugin is closed or the process ends in
 * order. A marker whose process is gone means that neither happened.
 *
 * The marker does not say why. A process that was killed from outside, by SIGKILL or because memory ran
 * out, leaves the same marker. If several plugins were loaded, each of them may be the cause. All of them
 * are demoted, which costs speed but does not change results. The stored reason says how certain it is.
 * Markers from before a restart of the machine are ignored.
 *
 * SIGINT, SIGTERM and SIGHUP remove the markers if the program has no listeners for them. A consequence is
 * that these signals do not end the process while a plugin hangs.
 */

import { randomUUID } from 'node:crypto';
import { constants, readFileSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { asTenonError } from '../base/errors.js';
import { JsonStore, type JsonStoreOptions } from '../base/json-store.js';
import { makeFolder } from '../base/make-folder.js';
import { checkString } from '../base/options.js';
import { problemOfOwner } from '../base/private-folder.js';
import { isGone, ownProcess, type ProcessId, pidNamespace } from '../base/process-id.js';

/** Removes the marker, because the plugin caused no crash. Idempotent. */
export type Disarm = () => void;

/** The decision that a plugin may no longer run in its host's process. */
export interface Demotion {
  readonly digest: string;
  readonly plugin: string;
  /** The reason as sentences. */
  readonly reason: string;
  /** The time of the demotion, ISO 8601. */
  readonly date: string;
  /** The number of processes that ended with the plugin loaded. */
  readonly count: number;
}

/** The content of a marker. */
interface Marker {
  readonly process: ProcessId;
  /** The PID namespace of the process, in which alone its id is valid. Default: that of this process. */
  readonly namespace?: string;
  /** The id of the system's boot. Markers of an earlier boot are ignored. */
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
const MARKER = /^armed-(\d+)-(\d+)-[\w-]+\.json(?:\.tmp)?$/;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The markers of this thread. They are removed when it ends in order. */
const armed = new Set<string>();

/** The demotions that are stored in a folder. */
export class Demotions {
  readonly #folder: string;
  readonly #store: JsonStore<Demotion>;

  /** All hosts with the same folder share its content. A missing folder is created. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#store = new JsonStore(join(folder, 'demotions.json'), FILE);
  }

  /**
   * Writes a marker. Call it before the plugin is loaded into this process.
   * @throws TenonError ERR_TENON_UNREADABLE
   */
  async arm(digest: string, plugin: string): Promise<Disarm> {
    checkString('digest', digest);
    checkString('plugin', plugin);
    const owner = ownProcess();
    const path = join(this.#folder, `armed-${owner.pid}-${owner.start}-${randomUUID()}.json`);
    const marker: Marker = {
      process: owner,
      namespace: pidNamespace(),
      boot: bootId(),
      digest,
      plugin,
      date: new Date().toISOString(),
    };
    watchForEnd();
    armed.add(path);
    try {
      await makeFolder(this.#folder, 0o700);
      await writeFile(`${path}.tmp`, JSON.stringify(marker), { mode: 0o600 });
      await rename(`${path}.tmp`, path);
    } catch (error) {
      armed.delete(path);
      throw asTenonError(
        error,
        'ERR_TENON_UNREADABLE',
        `Cannot write a marker for ${plugin} to ${this.#folder}`,
      );
    }
    return () => disarm(path);
  }

  /** Returns the demotion of a digest. Undefined if the plugin may run in the host's process. */
  async isDemoted(digest: string): Promise<Demotion | undefined> {
    checkString('digest', digest);
    await this.#sweep();
    return (await this.#store.read()).get(digest);
  }

  /** Returns all demotions. @throws TenonError ERR_TENON_UNREADABLE */
  async list(): Promise<Demotion[]> {
    await this.#sweep();
    return [...(await this.#store.read()).values()];
  }

  /** Removes one demotion or all. Returns the number removed. @throws TenonError ERR_TENON_UNREADABLE */
  async clear(digest?: string): Promise<number> {
    if (digest !== undefined) checkString('digest', digest);
    await this.#sweep();
    let count = 0;
    await this.#store.update((demotions) => {
      for (const key of digest === undefined ? [...demotions.keys()] : [digest]) {
        if (demotions.delete(key)) count += 1;
      }
    });
    return count;
  }

  /** Turns the markers whose processes are gone into demotions. */
  async #sweep(): Promise<void> {
    if ((await this.#left()).length === 0) return;
    // Listed again under the lock of the file, because several processes may sweep at the same time.
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
    const paths = names.filter(isLeft).map((name) => join(this.#folder, name));
    const own = await Promise.all(paths.map(isOfThisNamespace));
    return paths.filter((_, index) => own[index]);
  }
}

/** Returns whether the name is that of a marker, or of an unfinished one, whose process seems to be gone. */
function isLeft(name: string): boolean {
  const found = MARKER.exec(name);
  return found !== null && isGone({ pid: Number(found[1]), start: found[2] ?? '0' });
}

/** Returns false for a marker of a process that only seems to be gone, because its id is of another namespace. */
async function isOfThisNamespace(path: string): Promise<boolean> {
  const marker = await readMarker(path);
  return marker === undefined || (marker.namespace ?? pidNamespace()) === pidNamespace();
}

/** Compares the times of the starts too, because a PID is used again. */
function isSameProcess(one: Marker['process'], other: Marker['process']): boolean {
  return one.pid === other.pid && one.start === other.start;
}

/** Adds a demotion for each marker. All markers of one process must be passed together. */
function demote(demotions: Map<string, Demotion>, markers: readonly Marker[]): void {
  const here = bootId();
  const counted = markers.filter(({ boot }) => boot === here);
  for (const marker of counted) {
    const { digest, plugin } = marker;
    const others = counted.filter(
      (other) => isSameProcess(other.process, marker.process) && other.digest !== digest,
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
  const found = `Process ${process.pid} loaded ${plugin} at ${date} and ended without closing it`;
  const doubt =
    others.length === 0
      ? 'It crashed or was killed from outside'
      : `It crashed or was killed from outside; the cause may be ${plugin} or another plugin that it had loaded (${others.join(', ')})`;
  return `${found}. ${doubt}.`;
}

async function readMarker(path: string): Promise<Marker | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      // Another user's marker, or an unfinished one, demotes nothing.
      if (path.endsWith('.tmp') || problemOfOwner(path, await file.stat()) !== null) return undefined;
      const marker: unknown = JSON.parse(await file.readFile('utf8'));
      return isMarker(marker) ? marker : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // another process removed it first, or the disk was full when it was written
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

/** Returns an id that differs between boots of the system. Empty if the system provides none. */
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
  // Only the main thread gets signals.
  if (isMainThread) for (const signal of SIGNALS) process.on(signal, onSignal);
}

/** Removes the markers and sends the signal again, for its default effect. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return; // the program handles the signal; `exit` removes the markers
  disarmAll();
  process.kill(process.pid, signal);
}
