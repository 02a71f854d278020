/** Where calls wait for a process of their plugin: until it is there, or it is plain that it will not come. */

import { deferred } from '../base/deferred.js';
import { callSettings } from '../tiers/call-options.js';
import type { CallOptions } from '../tiers/tier.js';
import { bounded } from './waiting.js';

/** The errors for those who cannot wait. */
interface Refusals {
  full(limit: number): Error;
  /** After so many milliseconds. */
  late(timeout: number): Error;
}

export class WaitingRoom {
  readonly #limit: number;
  readonly #refusals: Refusals;
  /** Settled, and made anew, with each decision. */
  #decided = deferred<void>();
  #waiting = 0;

  constructor(limit: number, refusals: Refusals) {
    this.#limit = limit;
    this.#refusals = refusals;
  }

  get empty(): boolean {
    return this.#waiting === 0;
  }

  /** Lets all look how things are now. */
  decide(): void {
    this.#decided.resolve();
    this.#decided = deferred();
  }

  /** Waits for the next decision. */
  awaitDecision(options: CallOptions | undefined, general: number | undefined, since: number): Promise<void> {
    return this.wait(this.#decided.promise, options, general, since);
  }

  /** Waits for something else that a call needs, which is waiting since then. `general` is the timeout of calls that have none. */
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
