/** Constants of the checks of calls. */

/** Milliseconds for a few calls, even of a plugin that needs seconds for each. */
export const QUICK = 30_000;
/** Milliseconds for many calls, or for calls with large inputs. */
export const GENEROUS = 60_000;

/** The checks that every call with a watched output depends on. Otherwise each would report the same fault. */
export const NEEDS_CALLS: readonly string[] = ['calls/output-bounds', 'calls/reserve-moves'];
