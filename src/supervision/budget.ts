/** The crashes of a plugin, and the decision whether another restart is allowed. */

import type { TenonError } from '../base/errors.js';
import type { CrashedPlugin } from './crash-report.js';
import { failedError } from './errors.js';
import type { Generation } from './generations.js';
import { afterCrash, pauseBefore, type RestartPolicy } from './restart.js';

/** The maximum number of reasons that are kept. */
const MAX_REASONS = 32;

export class Budget {
  readonly #policy: RestartPolicy | null;
  readonly #subject: CrashedPlugin;
  /** The times of the restarts that count against the budget. */
  #restarts: readonly number[] = [];
  #reasons: readonly TenonError[] = [];
  #failure: TenonError | undefined;
  /** Starts in a row that failed for no fault of the plugin. */
  #excused = 0;

  constructor(policy: RestartPolicy | null, subject: CrashedPlugin) {
    this.#policy = policy;
    this.#subject = subject;
  }

  /** The errors of the last crashes, the latest last. */
  get reasons(): readonly TenonError[] {
    return this.#reasons;
  }

  /** The error of a plugin that is not restarted. */
  get failure(): TenonError | undefined {
    return this.#failure;
  }

  /**
   * Counts a crash. Returns the milliseconds until the restart, or null if there is no restart. A plugin
   * that never started successfully is not restarted: the caller that loads it gets the error.
   */
  charge({ number, since }: Generation, error: TenonError): number | null {
    const now = performance.now();
    const ranFor = since === undefined ? 0 : now - since;
    const never = number === 1 && since === undefined;
    const policy = never ? null : this.#policy;
    const { delay, restarts } = afterCrash(policy, this.#restarts, { now, ranFor }, Math.random());
    this.#restarts = restarts;
    this.#reasons = [...this.#reasons, error].slice(-MAX_REASONS);
    if (delay === null) this.#failure = failedError(this.#subject, never ? 'never' : policy, this.#reasons);
    return delay;
  }

  /**
   * Notes a start that failed for no fault of the plugin, which costs no restart. Returns the milliseconds until
   * the next attempt, or null if there is none.
   */
  excuse({ number, since }: Generation, error: TenonError): number | null {
    const never = number === 1 && since === undefined;
    this.#reasons = [...this.#reasons, error].slice(-MAX_REASONS);
    if (!never && this.#policy !== null)
      return pauseBefore(this.#policy.backoff, ++this.#excused, Math.random());
    this.#failure = failedError(this.#subject, never ? 'never' : null, this.#reasons);
    return null;
  }

  /** Notes that a process is ready. */
  started(): void {
    this.#excused = 0;
  }

  /** Returns the pause after that many starts for which the system lacked a resource. They cost no budget. */
  pauseAfter(lacks: number): number | null {
    return this.#policy === null ? null : pauseBefore(this.#policy.backoff, lacks, Math.random());
  }

  /** Ends the attempts for a reason that is not the plugin's fault. */
  fail(reason: TenonError): void {
    this.#failure = reason;
  }

  /** Forgets all crashes and restarts. */
  reset(): void {
    this.#restarts = [];
    this.#reasons = [];
    this.#failure = undefined;
    this.#excused = 0;
  }
}
