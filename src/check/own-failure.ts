/** Failures of the suite itself. They are not faults of the file that is checked, and make a check incomplete. */
import { messageOf, TenonError } from '../base/errors.js';
import { lackIn } from '../base/resources.js';

/**
 * Returns the reason for an incomplete check if the error is a failure of the suite or of the system: a folder that
 * cannot be created, a file that cannot be written, no memory. Null for any other error.
 */
export function ownFailure(error: unknown): string | null {
  const own = error instanceof TenonError ? OWN.has(error.code) || isExhaustion(error) : isSystemError(error);
  return own ? `the suite could not run it: ${messageOf(error)}` : null;
}

/** Codes of errors that no fault of a library file causes once the file was opened. */
const OWN: ReadonlySet<string> = new Set([
  'ERR_TENON_NO_RESOURCES',
  'ERR_TENON_NOT_FOUND',
  'ERR_TENON_UNREADABLE',
]);

/** Returns whether the system lacked memory, descriptors or processes. */
export function isExhaustion(error: unknown): boolean {
  if (error instanceof TenonError) return isExhaustion(error.cause);
  return lackIn(error) !== undefined;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
