/** Gate `find`: resolves a path to a real file. */
import type { BigIntStats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { TenonError } from '../base/errors.js';

/**
 * Returns the real path of `path` and the file's status.
 * @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE
 */
export async function locate(path: string): Promise<{ path: string; stats: BigIntStats }> {
  try {
    const real = await realpath(path);
    const stats = await stat(real, { bigint: true });
    if (stats.isFile()) return { path: real, stats };
    const found = stats.isDirectory() ? 'a directory' : 'a special file';
    throw new TenonError(
      'ERR_TENON_UNREADABLE',
      `Cannot load ${path}: found ${found}, expected a shared library.`,
      { path },
    );
  } catch (error) {
    if (error instanceof TenonError) throw error;
    throw await explain(path, error as NodeJS.ErrnoException);
  }
}

async function explain(path: string, cause: NodeJS.ErrnoException): Promise<TenonError> {
  const details = { path, cause };
  if (cause.code === 'ELOOP') {
    return new TenonError(
      'ERR_TENON_NOT_FOUND',
      `Cannot load ${path}: its symbolic links form a loop. Point the link to a file.`,
      details,
    );
  }
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') {
    const link = await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    );
    const found = link ? 'a dangling symbolic link' : 'no such file';
    return new TenonError('ERR_TENON_NOT_FOUND', `Cannot load ${path}: ${found}. Check the path.`, details);
  }
  return new TenonError(
    'ERR_TENON_UNREADABLE',
    `Cannot load ${path}: ${cause.message}. Check the permissions of the file and of its folders.`,
    details,
  );
}
