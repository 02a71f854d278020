/**
 * Private copies of library files, named by their digest. The copy is the file that is inspected, probed and
 * loaded, so no other user can change it between these steps. A rebuilt file gets a new name; otherwise
 * `dlopen` would return the old library. Copies are in a folder that only this user can enter, with one
 * subfolder per process. It is removed when the process ends or, if that fails, by the next process that
 * makes copies.
 */
import { createHash } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { asTenonError, TenonError } from '../base/errors.js';
import { makePrivateFolder } from '../base/private-folder.js';
import { isGone, startTime } from '../base/process-id.js';

export { startTime };

const CHUNK = 1 << 20;
const uid = process.getuid?.() ?? 'user';
/** The process folders that this thread uses. They are removed when the process ends. */
const inUse = new Map<string, Promise<string>>();
let serial = 0;

/** A file whose bytes were copied to `temporary`. {@link publish} gives it its final name. */
export interface CopiedFile {
  readonly digest: string;
  readonly size: number;
  readonly temporary: string;
}

/**
 * Returns the folder of this process below `base`. The default of `base` is TENON_CACHE_DIR, or a folder in
 * the system's temporary folder.
 */
export function copyFolder(base?: string): Promise<string> {
  // An empty variable counts as one that is not set.
  const root = base ?? (process.env['TENON_CACHE_DIR'] || join(tmpdir(), `tenon-${uid}`));
  const known = inUse.get(root);
  if (known !== undefined) return known;
  const made = makeFolder(root);
  inUse.set(root, made);
  made.catch(() => inUse.delete(root));
  return made;
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

async function makeFolder(root: string): Promise<string> {
  const token = loaderTokenIn(resolve(root));
  if (token !== undefined)
    throw new TenonError(
      'ERR_TENON_UNREADABLE',
      `Cannot keep private copies of plugins in ${root}: the loader expands ${token} in its path. Set TENON_CACHE_DIR to a folder without it.`,
      { path: root },
    );
  try {
    await makePrivate(root);
    await sweep(root);
    const own = join(root, ownerName(process.pid));
    await makePrivate(own);
    // Worker threads share the folder of their process. Only the main thread outlives them all.
    if (isMainThread) process.once('exit', () => rmSync(own, { recursive: true, force: true }));
    return own;
  } catch (error) {
    throw asTenonError(
      error,
      'ERR_TENON_UNREADABLE',
      `Cannot use ${root} for private copies of plugins (set TENON_CACHE_DIR to a folder of your own)`,
    );
  }
}

const makePrivate = (folder: string): Promise<void> =>
  makePrivateFolder(
    folder,
    'private copies of plugins',
    'Remove it, or set TENON_CACHE_DIR to another folder.',
  );

/**
 * Returns `p<pid>-<start time>`. Where the system reports it, the start time distinguishes a process from a
 * later one with the same id.
 */
function ownerName(pid: number): string {
  return `p${pid}-${startTime(pid) ?? 0}`;
}

/** Removes the folders of processes that have ended. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = /^p(\d+)-(\d+)$/.exec(name);
    if (owner === null) continue;
    if (!isGone({ pid: Number(owner[1]), start: owner[2] ?? '0' })) continue;
    await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * Copies a file into `folder` under a temporary name, and computes the digest of exactly the bytes that were
 * written.
 */
export async function copyFile(path: string, folder: string): Promise<CopiedFile> {
  const temporary = join(folder, `.${process.pid}-${threadId}-${serial++}.tmp`);
  let source: FileHandle | undefined;
  let target: FileHandle | undefined;
  try {
    source = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    target = await open(temporary, 'wx', 0o600);
    const copied = await pump(source, target);
    await target.chmod(0o500);
    return { ...copied, temporary };
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot make a private copy of ${path} in ${folder}`);
  } finally {
    await source?.close();
    await target?.close();
  }
}

async function pump(source: FileHandle, target: FileHandle): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  const { size: expected } = await source.stat();
  const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, expected + 1)));
  let size = 0;
  for (;;) {
    const { bytesRead } = await source.read(chunk, 0, chunk.length, size);
    if (bytesRead === 0) return { digest: hash.digest('hex'), size };
    const bytes = chunk.subarray(0, bytesRead);
    hash.update(bytes);
    await target.write(bytes);
    size += bytesRead;
  }
}

/**
 * Renames a copy to its final path, atomically. If a copy with the same digest exists there already, that one
 * is kept.
 */
export async function publish(copied: CopiedFile, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const present = await stat(path).catch(() => undefined);
    if (present?.size === copied.size) await rm(copied.temporary, { force: true });
    else await rename(copied.temporary, path);
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot store a private copy as ${path}`);
  }
}

/** Removes a copy that is not needed. */
export async function discard(copied: CopiedFile): Promise<void> {
  await chmod(copied.temporary, 0o600).catch(() => undefined);
  await rm(copied.temporary, { force: true }).catch(() => undefined);
}
