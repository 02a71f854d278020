/**
 * The folders of private copies: below a common folder that only this user can enter, one for each process.
 * Its process holds a lock on it, so that neither another process, perhaps of another PID namespace, nor a
 * cleaner of temporary files removes it. It is removed when the process ends or, if that fails, by the next
 * process that makes copies. A folder that disappeared nevertheless is made again.
 */
import { closeSync, constants, lstatSync, openSync, rmSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { asTenonError, TenonError } from '../base/errors.js';
import { makeFolder as makeParents } from '../base/make-folder.js';
import { makePrivateFolder } from '../base/private-folder.js';
import { isGone, pidNamespace, startTime } from '../base/process-id.js';
import { lockFile } from './file-lock.js';

/** A folder of this process, and the descriptor that holds its lock. */
interface HeldFolder {
  readonly path: string;
  readonly descriptor: number | null;
  readonly inode: string;
}

const uid = process.getuid?.() ?? 'user';
/** Attempts to hold a folder that others remove at the same time. */
const ATTEMPTS = 20;
/** Milliseconds between two attempts. */
const RETRY_MS = 5;
/** Matches `p<pid>-<start time>-<namespace>`, with an `n` behind it if its process cannot lock it. */
const OWNER = /^p(\d+)-(\d+)(?:-(\d+)(n?))?$/;
/** The folders that this thread uses, by the folder above them. */
const inUse = new Map<string, Promise<HeldFolder>>();
/** The folders that are removed when the process ends. */
const removedAtExit = new Set<string>();

/**
 * Returns the folder of this process below `base`. The default of `base` is TENON_CACHE_DIR, or a folder in
 * the system's temporary folder.
 * @throws TenonError ERR_TENON_UNREADABLE, ERR_TENON_UNTRUSTED
 */
export async function copyFolder(base?: string): Promise<string> {
  // An empty variable counts as one that is not set.
  const root = base ?? (process.env['TENON_CACHE_DIR'] || null);
  const name = root ?? defaultRoot();
  const known = inUse.get(name);
  const held = await known;
  if (held !== undefined && isThere(held)) return held.path;
  // Another call may have made it again in the meantime.
  if (inUse.get(name) !== known) return copyFolder(base);
  if (held !== undefined && held.descriptor !== null) closeSync(held.descriptor);
  const made = makeFolder(root);
  inUse.set(name, made);
  made.catch(() => inUse.delete(name));
  return (await made).path;
}

/**
 * Matches the tokens that the loader expands in paths; it opens copies by their paths. These are only the names
 * that glibc knows, in the forms that it accepts: `$ORIGINAL` is an ordinary name.
 */
const LOADER_TOKEN = /\$(?:ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\$\{(?:ORIGIN|LIB|PLATFORM)\}/;

/** Returns the first token in a path that the loader would expand; undefined if there is none. */
export function loaderTokenIn(path: string): string | undefined {
  return process.platform === 'linux' ? LOADER_TOKEN.exec(path)?.[0] : undefined;
}

async function makeFolder(given: string | null): Promise<HeldFolder> {
  const wanted = given ?? defaultRoot();
  const token = loaderTokenIn(resolve(wanted));
  if (token !== undefined)
    throw new TenonError(
      'ERR_TENON_UNREADABLE',
      `Cannot keep private copies of plugins in ${wanted}: the loader expands ${token} in its path. Set TENON_CACHE_DIR to a folder without it.`,
      { path: wanted },
    );
  try {
    const root = given ?? (await usableDefault(wanted));
    await makePrivate(root);
    await sweep(root);
    return await hold(root);
  } catch (error) {
    throw asTenonError(
      error,
      'ERR_TENON_UNREADABLE',
      `Cannot use ${wanted} for private copies of plugins (set TENON_CACHE_DIR to a folder of your own)`,
    );
  }
}

function defaultRoot(): string {
  return join(tmpdir(), `tenon-${uid}`);
}

/**
 * Returns the default folder or, if another user was faster to create it, another one that no other user can
 * have created: an earlier one of this user, or a new one.
 */
async function usableDefault(wanted: string): Promise<string> {
  if (await isPrivateOrAbsent(wanted)) return wanted;
  const folder = dirname(wanted);
  const names = await readdir(folder);
  for (const name of names.filter((one) => one.startsWith(`${basename(wanted)}-`)).sort())
    if (await isPrivateOrAbsent(join(folder, name))) return join(folder, name);
  return mkdtemp(`${wanted}-`);
}

async function isPrivateOrAbsent(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  return found === undefined || (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0);
}

const makePrivate = (folder: string): Promise<void> =>
  makePrivateFolder(
    folder,
    'private copies of plugins',
    'Remove it, or set TENON_CACHE_DIR to another folder.',
  );

/** Makes the folder of this process and locks it. Others may remove it until it is locked. */
async function hold(root: string): Promise<HeldFolder> {
  const name = `p${process.pid}-${startTime(process.pid) ?? 0}-${pidNamespace()}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await delay(RETRY_MS);
    const path = join(root, name);
    await makeParents(root, 0o700);
    await makePrivate(path);
    const held = lockFolder(path, 'shared');
    if (held === null) return removeAtExit(await unlocked(`${path}n`));
    if (held === false) continue;
    const folder = { path, ...held };
    if (isThere(folder)) return removeAtExit(folder);
    closeSync(held.descriptor);
  }
  throw new Error(`another process removes folders in ${root} again and again`);
}

async function unlocked(path: string): Promise<HeldFolder> {
  await makePrivate(path);
  return { path, descriptor: null, inode: inodeOf(lstatSync(path, { bigint: true })) };
}

/**
 * Locks a folder. Returns false if another process holds a lock that excludes this one, or if the folder
 * disappeared. Returns null where folders cannot be locked.
 */
function lockFolder(
  path: string,
  how: 'shared' | 'exclusive',
): { descriptor: number; inode: string } | false | null {
  if (process.platform === 'win32') return null;
  let descriptor: number;
  let inode: string;
  try {
    inode = inodeOf(lstatSync(path, { bigint: true }));
    descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  const locked = lockFile(descriptor, how);
  if (locked === true) return { descriptor, inode };
  closeSync(descriptor);
  return locked;
}

function isThere({ path, inode }: { path: string; inode: string }): boolean {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && inodeOf(found) === inode;
}

function inodeOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}

/** Worker threads share the folder of their process. Only the main thread outlives them all. */
function removeAtExit(folder: HeldFolder): HeldFolder {
  if (isMainThread && removedAtExit.size === 0) process.once('exit', removeAll);
  removedAtExit.add(folder.path);
  return folder;
}

function removeAll(): void {
  for (const path of removedAtExit) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next process that makes copies removes it.
    }
  }
}

/** Removes the folders of processes that have ended. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = OWNER.exec(name);
    if (owner !== null) await removeIfLeft(join(root, name), owner).catch(() => undefined);
  }
}

/**
 * Removes the folder of a process that has ended. The process is known by its id in the own namespace. In
 * another one, it has ended if the folder is not locked, unless it cannot lock folders.
 */
async function removeIfLeft(path: string, owner: RegExpExecArray): Promise<void> {
  const [, pid = '', start = '0', space = pidNamespace(), unlockable = ''] = owner;
  const ours = space === pidNamespace();
  if (ours && !isGone({ pid: Number(pid), start })) return;
  const lock = lockFolder(path, 'exclusive');
  if (lock === false) return;
  const known = ours || (lock !== null && unlockable === '');
  try {
    if (known) await rm(path, { recursive: true, force: true });
  } finally {
    if (lock !== null) closeSync(lock.descriptor);
  }
}
