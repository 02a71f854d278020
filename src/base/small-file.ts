/** Reading a file of settings or records, which anything may have replaced. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** The largest file that is read, in bytes. Real ones have a few kilobytes. */
const MOST = 64 * 1024 * 1024;
/** A pipe without a writer must not be waited for. Windows does not have the flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a regular file as UTF-8 text.
 * @throws Error of the system, or for something that is not a file or is too large
 */
export async function readSmallFile(path: string): Promise<string> {
  const file = await openSmallFile(path);
  try {
    return await readText(file);
  } finally {
    await file.close();
  }
}

/** Opens a file without waiting for the writer of a pipe. */
export function openSmallFile(path: string): Promise<FileHandle> {
  return open(path, FLAGS);
}

/** Reads an open file from {@link openSmallFile}, as {@link readSmallFile} does. */
export async function readText(file: FileHandle): Promise<string> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error('it is not a regular file');
  if (stats.size > MOST) throw new Error(`it has ${stats.size} bytes, expected at most ${MOST}`);
  return await file.readFile('utf8');
}
