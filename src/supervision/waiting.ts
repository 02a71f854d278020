/** Promises that are waited for no longer than somebody is willing to. */
import { Timer } from '../base/timer.js';

/** How long to wait. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; undefined or Infinity for ever. */
  readonly ms?: number | undefined;
}

/** The outcome of `promise`, `late()` as an error when the time is over, or the reason of an aborted signal. */
export function bounded<T>(promise: Promise<T>, { signal, ms }: Patience, late: () => Error): Promise<T> {
  if (signal === undefined && ms === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const timer = ms === undefined ? undefined : new Timer(ms, () => end(() => reject(late())));
    const onAbort = () => end(() => reject(signal?.reason));
    const end = (settle: () => void) => {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);
    promise.then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error)),
    );
  });
}
