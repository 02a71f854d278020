/** Waiting for a promise with a time limit and an abort signal. */
import { ignoreAbort, listenForAbort } from '../base/abort.js';
import { Timer } from '../base/timer.js';

/** The limits of a wait. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. Undefined or Infinity means no limit. */
  readonly ms?: number | undefined;
}

/**
 * Settles like `promise`. Rejects with `late()` when the time is over, or with the reason of an aborted
 * signal.
 */
export function bounded<T>(promise: Promise<T>, { signal, ms }: Patience, late: () => Error): Promise<T> {
  if (signal === undefined && ms === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const timer = ms === undefined ? undefined : new Timer(ms, () => end(() => reject(late())));
    const abort = { aborted: () => end(() => reject(signal?.reason)) };
    const end = (settle: () => void) => {
      timer?.cancel();
      ignoreAbort(signal, abort);
      settle();
    };
    if (signal?.aborted) return abort.aborted();
    listenForAbort(signal, abort);
    promise.then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error)),
    );
  });
}
