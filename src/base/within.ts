/** Waiting for at most some time. */
import { Timer } from './timer.js';

/**
 * Waits for a promise, for at most `ms` milliseconds.
 * @throws the result of `late` if the time has passed first. What the promise resolves to then goes to `unwanted`.
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  late: () => Error,
  unwanted: (value: T) => void = () => undefined,
): Promise<T> {
  let timer: Timer | undefined;
  let isLate = false;
  const limit = new Promise<never>((_, reject) => {
    timer = new Timer(ms, () => {
      isLate = true;
      reject(late());
    });
  });
  promise.then(
    (value) => isLate && unwanted(value),
    () => undefined,
  );
  try {
    return await Promise.race([promise, limit]);
  } finally {
    timer?.cancel();
  }
}
