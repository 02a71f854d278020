/**
 * Private copies of library files, named by their digest. What is inspected, probed and loaded is the copy, so that nobody
 * can change the file between these steps; and a rebuilt file gets a new name, without which `dlopen` would return the old
 * library. Copies lie in a folder that only this user can enter, one folder per process, removed when the process ends or,
 * if it could not, by the next process that makes copies.
 */
import { createHash } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import { asTenonError } from '../base/errors.js';
import { makePrivateFolder } from '../base/private-folder.js';
import { isGone, startTime } from '../base/process-id.js';

export { startTime };

const CHUNK = 1 << 20;
const uid = process.getuid?.() ?? 'user';
/** Process folders that this thread uses, to be removed when the process ends. */
const inUse = new Map<string, Promise<string>>();
let serial = 0;

/** A file, copied or about to be: its bytes lie in `temporary` until `publish` gives them their name. */
export interface CopiedFile {
  readonly digest: string;
  readonly size: number;
  readonly temporary: string;
}

/** The folder of this process below `base` (default: the option, TENON_CACHE_DIR, or the system's temporary folder). */
export function copyFolder(base?: string): Promise<string> {
  const root = base ?? process.env['TENON_CACHE_DIR'] ?? join(tmpdir(), `tenon-${uid}`);
  const known = inUse.get(root);
  if (known !== undefined) return known;
  const made = makeFolder(root);
  inUse.set(root, made);
  made.catch(() => inUse.delete(root));
  return made;
}

async function makeFolder(root: string): Promise<string> {
  try {
    await makePrivate(root);
    await sweep(root);
    const own = join(root, ownerName(process.pid));
    await makePrivate(own);
    // Workers share the folder of their process; only the main thread outlives them all.
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
  makePrivateFolder(folder, 'private copies of plugins', 'Remove it, or set TENON_CACHE_DIR to another one.');

/** `p<pid>-<start time>`: the start time tells a process from a later one with the same id, where the system gives it. */
function ownerName(pid: number): string {
  return `p${pid}-${startTime(pid) ?? 0}`;
}

/** Removes the folders of processes that are gone. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = /^p(\d+)-(\d+)$/.exec(name);
    if (owner === null) continue;
    if (!isGone({ pid: Number(owner[1]), start: owner[2] ?? '0' })) continue;
    await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Copies a file's bytes into `folder` under a temporary name, and digests exactly the bytes that were written. */
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

/** Gives a copy its final path, atomically; a copy with the same digest may be there already and is as good. */
export async function publish(copied: CopiedFile, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const present = await stat(path).catch(() => undefined);
    if (present?.size === copied.size) await rm(copied.temporary, { force: true });
    else await rename(copied.temporary, path);
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot keep a private copy as ${path}`);
  }
}

/** Throws a copy away that is not wanted. */
export async function discard(copied: CopiedFile): Promise<void> {
  await chmod(copied.temporary, 0o600).catch(() => undefined);
  await rm(copied.temporary, { force: true }).catch(() => undefined);
}
