/** Calls that wait until their plugin is reloaded. */
import { TenonError } from '../base/errors.js';
import { milliseconds } from '../base/text.js';
import { Timer } from '../base/timer.js';
import { remaining, timeoutOf } from '../tiers/call-options.js';
import type { CallOptions } from '../tiers/tier.js';

/** Operations that wait until they are released, and then begin in the order in which they came. */
export class Hold {
  readonly #waiting = new Set<() => void>();

  /** Adds an operation, whose beginning must not throw. Returns a function that withdraws it. */
  add(begin: () => void): () => void {
    this.#waiting.add(begin);
    return () => void this.#waiting.delete(begin);
  }

  /** Begins everything, including what is added meanwhile. */
  release(): void {
    for (const begin of this.#waiting) {
      this.#waiting.delete(begin);
      begin();
    }
  }
}

/** An operation that is held. */
interface Held {
  readonly options: CallOptions | undefined;
  /** The timeout of operations without a timeout of their own. */
  readonly general: number | undefined;
  /** The name for messages. */
  readonly method: string;
}

/**
 * Begins an operation when it is released. `begin` receives the options with what is left of the timeout. The caller
 * of a held call may change its input meanwhile, so the input must have been copied.
 * @throws the reason of the signal, or TenonError ERR_TENON_TIMEOUT
 */
export function whenReleased<T>(
  hold: Hold,
  { options, general, method }: Held,
  begin: (left: CallOptions | undefined) => T | Promise<T>,
): Promise<T> {
  const since = performance.now();
  const signal = options?.signal;
  const timeout = timeoutOf(options, general);
  return new Promise<T>((resolve, reject) => {
    const end = (settle: () => void) => {
      withdraw();
      timer?.cancel();
      signal?.removeEventListener('abort', abort);
      try {
        settle();
      } catch (error) {
        reject(error);
      }
    };
    const withdraw = hold.add(() => end(() => resolve(begin(remaining(options, general, since)))));
    const abort = () => end(() => reject(signal?.reason));
    const late = () => {
      const message = `${method} did not begin within ${milliseconds(timeout)}, because the plugin was being reloaded. Set a longer timeout.`;
      end(() => reject(new TenonError('ERR_TENON_TIMEOUT', message)));
    };
    const timer = timeout === Number.POSITIVE_INFINITY ? undefined : new Timer(timeout, late);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
  });
}
