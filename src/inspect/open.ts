/** Opens a file for inspection: only a regular one, and without ever waiting for it. */
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { TenonError, type TenonErrorCode } from '../base/errors.js';
import { FileSource } from './source.js';

/** A pipe without a writer would block the opening; a terminal would become ours. Windows has neither flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** System errors that say that there is nothing at the path. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** What to do about a system error. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES:
    'permission denied. Give this user read permission on the file and search permission on its folders',
  EPERM: 'the system does not permit it. Check the permissions of the file',
  ELOOP: 'its links lead in a circle. Repair the link',
  EISDIR: 'it is a folder, expected a file. Give the path of the library itself',
  ENXIO: 'it is a socket or a device, expected a regular file',
  EMFILE: 'this process has too many files open. Close some or raise the limit (ulimit -n)',
};

/**
 * Opens `path`, hands its bytes to `use`, and closes it again.
 * @throws TenonError ERR_TENON_NOT_FOUND, ERR_TENON_UNREADABLE, or what `use` throws
 */
export function withFile<T>(path: string, use: (source: FileSource) => T): T {
  const fd = open(path);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) {
      throw openError('ERR_TENON_UNREADABLE', path, `it is ${kindOf(stats)}, expected a regular file`);
    }
    return use(new FileSource(path, fd, stats.size));
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, FLAGS);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (ABSENT.has(code)) throw openError('ERR_TENON_NOT_FOUND', path, absence(path), cause);
    const reason = ADVICE[code] ?? (cause instanceof Error ? cause.message : String(cause));
    throw openError('ERR_TENON_UNREADABLE', path, reason, cause);
  }
}

function absence(path: string): string {
  return isLink(path)
    ? 'it is a link to a file that does not exist. Repair the link'
    : 'no such file. Check the path';
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function openError(code: TenonErrorCode, path: string, reason: string, cause?: unknown): TenonError {
  return new TenonError(code, `Cannot read ${path}: ${reason}.`, { path, cause });
}
