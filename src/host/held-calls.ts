/** Calls that wait until their plugin is reloaded. */
import { TenonError } from '../base/errors.js';
import { milliseconds } from '../base/text.js';
import { remaining } from '../tiers/call-options.js';
import type { CallOptions } from '../tiers/tier.js';

/**
 * Waits until the plugin is reloaded. Returns the options with what is left of the timeout. The caller of a held call
 * may change its input meanwhile, so the input must have been copied.
 * @throws the reason of the signal, or TenonError ERR_TENON_TIMEOUT
 */
export async function heldBack(
  held: Promise<void>,
  options: CallOptions | undefined,
  method: string,
): Promise<CallOptions | undefined> {
  const since = performance.now();
  const { signal, timeout = Number.POSITIVE_INFINITY } = options ?? {};
  signal?.throwIfAborted();
  if (signal === undefined && timeout === Number.POSITIVE_INFINITY) await held;
  else await bounded(held, signal, timeout, method);
  return remaining(options, undefined, since);
}

function bounded(
  held: Promise<void>,
  signal: AbortSignal | undefined,
  timeout: number,
  method: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      settle();
    };
    const abort = () => end(() => reject(signal?.reason));
    const late = () => {
      const message = `${method} did not begin within ${milliseconds(timeout)}, because the plugin was being reloaded. Set a longer timeout.`;
      end(() => reject(new TenonError('ERR_TENON_TIMEOUT', message)));
    };
    const timer = timeout === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, timeout);
    signal?.addEventListener('abort', abort);
    void held.then(() => end(resolve));
  });
}
