/** Opens files for inspection. Accepts only regular files and never blocks. */
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { TenonError, type TenonErrorCode } from '../base/errors.js';
import { FileSource } from './source.js';

/**
 * O_NONBLOCK, because a pipe without a writer would block `open`. O_NOCTTY, because a terminal would become
 * the controlling terminal of this process. Windows has neither flag.
 */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** System errors that mean that the path does not exist. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** The reasons of system errors, with advice. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES:
    'permission denied. Give this user read permission on the file and search permission on its folders',
  EPERM: 'the operation is not permitted. Check the permissions of the file',
  ELOOP: 'its symbolic links form a loop. Repair the link',
  EISDIR: 'it is a folder, expected a file. Pass the path of the library itself',
  ENXIO: 'it is a socket or a device, expected a regular file',
  EMFILE: 'this process has too many files open. Close some or raise the limit (ulimit -n)',
};

/**
 * Opens `path`, passes its bytes to `use`, and closes it.
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
