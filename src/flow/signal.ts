/** A condition variable: any number of waiters continue when it is raised, and check again what they wait for. */
import { fineTimer } from '../addon/fine-timer.js';

export class Signal {
  readonly #waiting = new Set<() => void>();

  /** The number of waiters. */
  get waiters(): number {
    return this.#waiting.size;
  }

  /** Lets all waiters continue. */
  raise(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Waits for the next time that it is raised, but at most `ms` milliseconds. */
  next(ms = Number.POSITIVE_INFINITY): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = fineTimer(ms, wake);
      this.#waiting.add(wake);
    });
  }
}
