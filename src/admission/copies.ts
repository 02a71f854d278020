/**
 * Private copies of library files, named by their digest. The copy is the file that is inspected, probed and
 * loaded, so no other user can change it between these steps. A rebuilt file gets a new name; otherwise
 * `dlopen` would return the old library. Faults of the disk are noticed here, so that they are not taken for
 * faults of the plugin.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { asTenonError, messageOf, TenonError } from '../base/errors.js';
import { makeFolder } from '../base/make-folder.js';

const CHUNK = 1 << 20;
/** The granularity of holes: a block of zeros is not written. */
const BLOCK = 1 << 16;
const ZEROS = Buffer.alloc(BLOCK);
/** The modes of a copy from its creation on: nothing may write to it any more. */
const MODE = 0o500;
/** The advice for errors that the disk causes, by their codes. */
const FULL = 'Free space there, or choose another folder with the option cacheDir or with TENON_CACHE_DIR';
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: 'Raise the limit on the size of files (ulimit -f)',
  EROFS: 'Choose another folder with the option cacheDir or with TENON_CACHE_DIR',
  EMFILE: 'Close some files, or raise the limit on open files (ulimit -n)',
};
let serial = 0;

/** A file whose bytes were copied to `temporary`. {@link publish} gives it its final name. */
export interface CopiedFile {
  readonly digest: string;
  readonly size: number;
  readonly temporary: string;
}

/** A range of bytes that was written, and its checksum. */
interface Written {
  readonly start: number;
  readonly end: number;
  readonly sum: number;
}

interface Pumped {
  readonly digest: string;
  readonly size: number;
  readonly written: readonly Written[];
}

/** The bytes that may still be copied. */
export interface CopyBudget {
  /** The bound on all files of a plugin together. */
  readonly limit: number;
  left: number;
}

/** Returns a budget of which nothing is used. */
export function copyBudget(limit: number = Number.POSITIVE_INFINITY): CopyBudget {
  return { limit, left: limit };
}

/**
 * Copies a file into `folder` under a temporary name. The digest is that of exactly the bytes that were
 * written. Holes of the file stay holes.
 * @throws TenonError ERR_TENON_UNREADABLE
 */
export async function copyFile(path: string, folder: string, budget = copyBudget()): Promise<CopiedFile> {
  const temporary = join(folder, `.${process.pid}-${threadId}-${serial++}.tmp`);
  try {
    const { digest, size, written } = await copyBytes(path, temporary, budget);
    await compare(temporary, size, written);
    return { digest, size, temporary };
  } catch (error) {
    await remove(temporary);
    if (error instanceof TenonError) throw error;
    throw notCopied(path, folder, error);
  }
}

function notCopied(path: string, folder: string, cause: unknown): TenonError {
  const advice = ADVICE[String((cause as NodeJS.ErrnoException | null)?.code)];
  const message = `Cannot make a private copy of ${path} in ${folder}: ${messageOf(cause)}`;
  return new TenonError(
    'ERR_TENON_UNREADABLE',
    advice === undefined ? message : `${message}. ${advice}; the plugin is not at fault.`,
    { path, cause },
  );
}

async function copyBytes(path: string, temporary: string, budget: CopyBudget): Promise<Pumped> {
  const source = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { size } = await source.stat();
    if (size > budget.left) throw tooLarge(path, size, budget);
    const target = await open(temporary, 'wx', MODE);
    try {
      const copied = await pump(source, target, size);
      if (copied.size > budget.left) throw tooLarge(path, copied.size, budget);
      budget.left -= copied.size;
      return copied;
    } finally {
      await target.close(); // some file systems report here that the disk is full
    }
  } finally {
    await source.close();
  }
}

async function pump(source: FileHandle, target: FileHandle, expected: number): Promise<Pumped> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, expected + 1)));
  const written: Written[] = [];
  let size = 0;
  for (;;) {
    const { bytesRead } = await source.read(chunk, 0, chunk.length, size);
    if (bytesRead === 0) break;
    const bytes = chunk.subarray(0, bytesRead);
    hash.update(bytes);
    for (const [start, end] of runs(bytes)) {
      const run = bytes.subarray(start, end);
      await writeAll(target, run, size + start);
      written.push({ start: size + start, end: size + end, sum: crc32(run) });
    }
    size += bytesRead;
  }
  // A file that ends with a hole gets its size from its last byte.
  if ((written.at(-1)?.end ?? 0) < size) await writeAll(target, ZEROS.subarray(0, 1), size - 1);
  return { digest: hash.digest('hex'), size, written };
}

/** Yields the ranges of `bytes` without blocks of zeros. */
function* runs(bytes: Buffer): Generator<[start: number, end: number]> {
  let start = 0;
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    if (block[0] !== 0 || !block.equals(ZEROS.subarray(0, block.length))) continue;
    if (start < at) yield [start, at];
    start = at + block.length;
  }
  if (start < bytes.length) yield [start, bytes.length];
}

async function writeAll(target: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the system wrote nothing');
    done += bytesWritten;
  }
}

/**
 * Reads a copy and compares its size and what was written with what the disk kept. The digest is that of the
 * bytes that were written.
 * @throws Error if the disk kept something else
 */
async function compare(path: string, size: number, written: readonly Written[]): Promise<void> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const { size: kept } = await file.stat();
    if (kept !== size) throw new Error(`the disk kept ${kept} of ${size} bytes. Check the disk`);
    const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, size)));
    for (const { start, end, sum } of written) {
      const length = end - start;
      for (let read = 0; read < length; ) {
        const { bytesRead } = await file.read(chunk, read, length - read, start + read);
        if (bytesRead === 0) throw new Error('the disk lost bytes. Check the disk');
        read += bytesRead;
      }
      if (crc32(chunk.subarray(0, length)) !== sum)
        throw new Error('the disk kept other bytes. Check the disk');
    }
  } finally {
    await file.close();
  }
}

/** Returns the digest and the size of a file. @throws Error of the file system */
export async function digestOf(path: string): Promise<{ digest: string; size: number }> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const hash = createHash('sha256');
    const { size: expected } = await file.stat();
    const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, expected + 1)));
    for (let size = 0; ; ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, size);
      if (bytesRead === 0) return { digest: hash.digest('hex'), size };
      hash.update(chunk.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function tooLarge(path: string, size: number, { limit, left }: CopyBudget): TenonError {
  const others = limit - left;
  const found = others === 0 ? `it has ${size} bytes` : `with its libraries it has ${size + others} bytes`;
  return new TenonError(
    'ERR_TENON_UNREADABLE',
    `Cannot make a private copy of ${path}: ${found}, expected at most ${limit}. Raise the option maxCopySize if the file is meant to be so large.`,
    { path },
  );
}

/**
 * Renames a copy to its final path, atomically. If a copy with the same digest exists there already, that one
 * is kept.
 * @throws TenonError ERR_TENON_UNREADABLE
 */
export async function publish(copied: CopiedFile, path: string): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
    const present = await digestOf(path).catch(() => undefined);
    if (present?.digest === copied.digest) await remove(copied.temporary);
    else await rename(copied.temporary, path);
  } catch (error) {
    throw asTenonError(error, 'ERR_TENON_UNREADABLE', `Cannot store a private copy as ${path}`);
  }
}

/** Removes a copy that is not needed. */
export async function discard(copied: CopiedFile): Promise<void> {
  await remove(copied.temporary);
}

async function remove(path: string): Promise<void> {
  if (process.platform === 'win32') await chmod(path, 0o600).catch(() => undefined);
  await rm(path, { force: true }).catch(() => undefined);
}
