/** The counters of a plugin's calls. Its tier updates them, which is cheap enough for every call. */
export interface CallTally {
  /** The number of calls that ended in an error. */
  failures: number;
  /** The total input of the calls that succeeded, in bytes. */
  bytesIn: number;
  /** The total output of the calls that succeeded, in bytes. */
  bytesOut: number;
  /** The number of calls whose promises are pending. */
  inFlight: number;
}

/** Returns counters that are all 0. */
export function newTally(): CallTally {
  return { failures: 0, bytesIn: 0, bytesOut: 0, inFlight: 0 };
}

/** Counts a call that succeeded. */
export function countCall(tally: CallTally, bytesIn: number, bytesOut: number): void {
  tally.bytesIn += bytesIn;
  tally.bytesOut += bytesOut;
}
