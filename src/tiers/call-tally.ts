/** What the calls of a plugin come to, counted by its tier: cheap enough for every call. */
export interface CallTally {
  /** Calls that ended in an error. */
  failures: number;
  /** Bytes of input and of output of calls that succeeded. */
  bytesIn: number;
  bytesOut: number;
  /** Calls whose promises are pending. */
  inFlight: number;
}

export function newTally(): CallTally {
  return { failures: 0, bytesIn: 0, bytesOut: 0, inFlight: 0 };
}

/** A call has succeeded. */
export function countCall(tally: CallTally, bytesIn: number, bytesOut: number): void {
  tally.bytesIn += bytesIn;
  tally.bytesOut += bytesOut;
}
