/** Decides what an error of a call says about the rows of the call. */
import type { TenonError } from '../base/errors.js';

/** Signals that something outside the plugin sends, too. */
const OUTSIDE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

/** Returns whether the process of the plugin ended, or has to. */
export function isCrash(error: TenonError): boolean {
  return (
    error.code === 'ERR_TENON_CRASHED' ||
    error.code === 'ERR_TENON_TIMEOUT' ||
    error.code === 'ERR_TENON_PANIC'
  );
}

/** Returns whether the plugin ended by a fault of its own, so that its input is to blame. */
export function blames(error: TenonError): boolean {
  if (error.code === 'ERR_TENON_PANIC') return true;
  if (error.code !== 'ERR_TENON_CRASHED') return false;
  const signal = error.signal ?? error.report?.signal;
  return signal === undefined || signal === null || !OUTSIDE.has(signal);
}
