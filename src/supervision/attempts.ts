/** The attempts to recreate one instance in a new process. They have a budget and pauses of their own. */
import { afterCrash, pauseBefore, type RestartPolicy } from './restart.js';

/** The last attempt, which failed. */
export interface FailedAttempt {
  readonly error: unknown;
  /** Whether `new` ended the process. */
  readonly crashed: boolean;
  /** The number of attempts that have failed since the last one that succeeded. */
  readonly failures: number;
  /** The time from which the next attempt is allowed, by performance.now(). Infinity for never. */
  readonly until: number;
}

/** The attempts to recreate one instance. */
export class Attempts {
  readonly #policy: RestartPolicy | null;
  /** The times of the attempts that ended the process and count against the budget. */
  #crashes: readonly number[] = [];
  #last: FailedAttempt | undefined;

  constructor(policy: RestartPolicy | null) {
    this.#policy = policy;
  }

  /** The last attempt, if it failed. */
  get last(): FailedAttempt | undefined {
    return this.#last;
  }

  /**
   * Records a failed attempt. Returns the milliseconds until the next one is allowed; null for never. An attempt
   * that ended the process harms other instances, so only a limited number of them is allowed.
   */
  failed(error: unknown, crashed: boolean): number | null {
    const policy = this.#policy;
    const now = performance.now();
    const failures = (this.#last?.failures ?? 0) + 1;
    let delay = policy === null ? null : pauseBefore(policy.backoff, failures, Math.random());
    if (crashed) {
      const decision = afterCrash(policy, this.#crashes, { now, ranFor: 0 }, 0);
      this.#crashes = decision.restarts;
      if (decision.delay === null) delay = null;
    }
    this.#last = { error, crashed, failures, until: delay === null ? Number.POSITIVE_INFINITY : now + delay };
    return delay;
  }

  /** Forgets failures, because an attempt has succeeded or the user asks for another one. */
  reset(): void {
    this.#last = undefined;
  }

  /** Forgets all attempts. */
  forgive(): void {
    this.#last = undefined;
    this.#crashes = [];
  }
}
