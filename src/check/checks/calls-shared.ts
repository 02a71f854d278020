/** What the checks of calls have in common. */

/** Milliseconds: a few calls, also of a plugin that needs seconds for each. */
export const QUICK = 30_000;
/** Milliseconds: many calls, or large ones. */
export const GENEROUS = 60_000;

/** Without these every call with a watched output says the same once more. */
export const NEEDS_CALLS: readonly string[] = ['calls/output-bounds', 'calls/reserve-moves'];
