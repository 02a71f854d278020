/** The calls that wait for a process of their plugin, until it is ready or will not start. */

import { deferred } from '../base/deferred.js';
import { callSettings } from '../tiers/call-options.js';
import type { CallOptions } from '../tiers/tier.js';
import { bounded } from './waiting.js';

/** The errors of calls that cannot wait. */
interface Refusals {
  full(limit: number): Error;
  /** `timeout` is in milliseconds. */
  late(timeout: number): Error;
}

export class WaitingRoom {
  readonly #limit: number;
  readonly #refusals: Refusals;
  /** Resolved and replaced at each decision. */
  #decided = deferred<void>();
  #waiting = 0;

  constructor(limit: number, refusals: Refusals) {
    this.#limit = limit;
    this.#refusals = refusals;
  }

  get empty(): boolean {
    return this.#waiting === 0;
  }

  /** Wakes all waiting calls, which then check the state again. */
  decide(): void {
    this.#decided.resolve();
    this.#decided = deferred();
  }

  /** Waits for the next decision. */
  awaitDecision(options: CallOptions | undefined, general: number | undefined, since: number): Promise<void> {
    return this.wait(this.#decided.promise, options, general, since);
  }

  /**
   * Waits for another promise that a call needs. The call has waited since `since`. `general` is the timeout
   * of calls without their own.
   */
  async wait<T>(
    promise: Promise<T>,
    options: CallOptions | undefined,
    general: number | undefined,
    since = performance.now(),
  ): Promise<T> {
    const { signal, timeout } = callSettings(options, general);
    if (this.#waiting >= this.#limit) throw this.#refusals.full(this.#limit);
    this.#waiting += 1;
    try {
      const ms = timeout - (performance.now() - since);
      return await bounded(promise, { signal, ms }, () => this.#refusals.late(timeout));
    } finally {
      this.#waiting -= 1;
    }
  }
}
