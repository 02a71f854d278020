/** The options of a call. The checks are the same in every tier. */
import { checkKnown, checkMilliseconds, checkSignal, readOptions } from '../base/options.js';
import type { CallOptions } from './tier.js';

const KNOWN = ['signal', 'timeout'];

/** The options with their defaults. `timeout` is in milliseconds; Infinity means none. */
export interface CallSettings {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
}

/**
 * Checks the options of a call. `general` is the timeout of calls without a timeout of their own.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option
 */
export function callSettings(options: CallOptions | undefined, general: number | undefined): CallSettings {
  if (options === undefined) return { signal: undefined, timeout: general ?? Number.POSITIVE_INFINITY };
  const read = readOptions('options', options);
  checkKnown('call', read, KNOWN);
  return { signal: checkSignal(read.signal), timeout: timeoutOf(read, general) };
}

/**
 * Returns the timeout of a call in milliseconds: its own, or else the general one.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function timeoutOf(options: CallOptions | undefined, general: number | undefined): number {
  const own = options?.timeout;
  return own === undefined ? (general ?? Number.POSITIVE_INFINITY) : checkMilliseconds('timeout', own);
}

/**
 * Returns the options of a call that has been waiting since `since`, a time of performance.now(). The
 * remaining timeout is at least one millisecond.
 */
export function remaining(
  options: CallOptions | undefined,
  general: number | undefined,
  since: number,
): CallOptions | undefined {
  const timeout = timeoutOf(options, general);
  if (timeout === Number.POSITIVE_INFINITY) return options;
  return { ...options, timeout: Math.max(1, timeout - (performance.now() - since)) };
}

/** The maximum timeout in native code, in milliseconds. */
const MOST_MS = 2 ** 31 - 1;

/**
 * Converts a timeout to whole milliseconds for native code. Returns `none` for Infinity, and for more than
 * native code can represent.
 */
export function nativeTimeout(timeout: number, none: 0 | -1): number {
  return timeout > MOST_MS ? none : Math.ceil(timeout);
}
