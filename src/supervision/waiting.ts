/** Promises that are waited for no longer than somebody is willing to. */
import { invalidArgument } from '../base/errors.js';
import type { CallOptions } from '../tiers/tier.js';

/** How long to wait. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; undefined for ever. */
  readonly ms?: number | undefined;
}

/** The outcome of `promise`, `late()` as an error when the time is over, or the reason of an aborted signal. */
export function bounded<T>(promise: Promise<T>, { signal, ms }: Patience, late: () => Error): Promise<T> {
  if (signal === undefined && ms === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const timer = ms === undefined ? undefined : setTimeout(() => end(() => reject(late())), Math.max(0, ms));
    const onAbort = () => end(() => reject(signal?.reason));
    const end = (settle: () => void) => {
      clearTimeout(timer);
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

/**
 * The deadline of a call: its own, or the one for all.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
export function deadlineOf(
  options: CallOptions | undefined,
  general: number | undefined,
): number | undefined {
  const deadline = options?.deadline;
  if (deadline === undefined) return general;
  if (typeof deadline === 'number' && deadline > 0) return deadline;
  throw invalidArgument('deadline', `must be a number of milliseconds above 0, not ${String(deadline)}`);
}

/** The options for what is left of a call that has waited since then, by performance.now(). At least a millisecond is. */
export function remaining(
  options: CallOptions | undefined,
  general: number | undefined,
  since: number,
): CallOptions | undefined {
  const deadline = deadlineOf(options, general);
  if (deadline === undefined) return options;
  return { ...options, deadline: Math.max(1, deadline - (performance.now() - since)) };
}
