/**
 * Locks of files and folders (flock). They end with their descriptor, so also with a process that is killed,
 * and they hold across PID namespaces. Programs that clean up temporary files skip folders that are locked.
 */
import { loadAddon } from '../addon/addon.js';
import { standardLibrary } from '../library/ffi.js';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Locks an open file. Returns 1 if it is locked, 0 if it is held by another, -1 if it cannot be locked. */
type Lock = (descriptor: number, exclusive: boolean) => number;

let chosen: Lock | undefined;

/**
 * Locks an open file or folder without waiting. A shared lock excludes only exclusive ones. Returns whether it
 * is locked now, or null where files cannot be locked.
 */
export function lockFile(descriptor: number, how: 'shared' | 'exclusive'): boolean | null {
  chosen ??= chooseLock();
  const result = chosen(descriptor, how === 'exclusive');
  return result < 0 ? null : result === 1;
}

function chooseLock(): Lock {
  const addon = loadAddon();
  if (addon !== null) return (descriptor, exclusive) => addon.lock(descriptor, exclusive);
  try {
    return process.platform === 'win32' ? () => -1 : foreignLock();
  } catch {
    return () => -1; // neither the addon nor koffi is installed
  }
}

/** The lock without the addon. A refusal does not tell its reason there; another owner is assumed. */
function foreignLock(): Lock {
  const flock = standardLibrary().func('flock', 'int', ['int', 'int']) as unknown as (
    descriptor: number,
    operation: number,
  ) => number;
  return (descriptor, exclusive) =>
    flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) === 0 ? 1 : 0;
}
