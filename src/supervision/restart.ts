/**
 * The restart policy of a crashed plugin: a budget of restarts within a window, with growing pauses. The
 * caller provides the time.
 */
import { checkCount, checkKnown, checkMilliseconds, checkNumber, readOptions } from '../base/options.js';

/** The pauses before restarts. The first restart after a healthy period is immediate. */
export interface BackoffOptions {
  /** Milliseconds before the second restart. Default 100. */
  readonly initial?: number;
  /** The ratio of each pause to the previous one. Default 2. */
  readonly factor?: number;
  /** The longest pause, in milliseconds. Default 5000. */
  readonly max?: number;
  /** The random part of a pause, so that plugins do not all start at once. Default 0.2: 20 % more or less. */
  readonly jitter?: number;
}

/** The restart options of a plugin's process. */
export interface RestartOptions {
  /** The maximum number of restarts within the window. The next crash is final. Default 5. */
  readonly max?: number;
  /** The length of the window in milliseconds. Default 60 000. */
  readonly within?: number;
  readonly backoff?: BackoffOptions;
  /**
   * Milliseconds after which a process is healthy and the full budget is available again. Default: `within`.
   */
  readonly healthyAfter?: number;
}

/** The options with their defaults. */
export interface RestartPolicy {
  readonly max: number;
  readonly within: number;
  readonly backoff: Required<BackoffOptions>;
  readonly healthyAfter: number;
}

/**
 * Checks the options and returns the policy. Null means no restarts.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option
 */
export function checkRestart(given: RestartOptions | false = {}): RestartPolicy | null {
  if (given === false) return null;
  const options = readOptions('restart', given);
  checkKnown('restart', options, ['max', 'within', 'backoff', 'healthyAfter'], 'restart.');
  const { max = 5, within = 60_000, backoff = {}, healthyAfter = within } = options;
  return {
    max: checkCount('restart.max', max, { least: 0 }),
    within: checkMilliseconds('restart.within', within),
    backoff: checkBackoff(backoff),
    healthyAfter: checkMilliseconds('restart.healthyAfter', healthyAfter, { zero: true }),
  };
}

function checkBackoff(given: BackoffOptions): Required<BackoffOptions> {
  const options = readOptions('restart.backoff', given);
  checkKnown('restart.backoff', options, ['initial', 'factor', 'max', 'jitter'], 'restart.backoff.');
  const { initial = 100, factor = 2, max = 5000, jitter = 0.2 } = options;
  return {
    initial: checkMilliseconds('restart.backoff.initial', initial, { zero: true }),
    factor: checkNumber('restart.backoff.factor', factor, 1, 1000),
    max: checkMilliseconds('restart.backoff.max', max, { zero: true }),
    jitter: checkNumber('restart.backoff.jitter', jitter, 0, 1),
  };
}

/** The time of a crash, by a monotonic clock in milliseconds. */
export interface CrashTime {
  readonly now: number;
  /** The time that the process ran. 0 if it never started successfully. */
  readonly ranFor: number;
}

/** The decision after a crash. */
export interface RestartDecision {
  /** Milliseconds until the restart. Null if there is no restart. */
  readonly delay: number | null;
  /**
   * The times of the restarts that count against the budget, including this one. Pass them to the next
   * decision.
   */
  readonly restarts: readonly number[];
}

/** Decides about a restart after a crash. `chance` is a random number from 0 to 1. */
export function afterCrash(
  policy: RestartPolicy | null,
  restarts: readonly number[],
  { now, ranFor }: CrashTime,
  chance: number,
): RestartDecision {
  if (policy === null) return { delay: null, restarts };
  const healthy = ranFor > 0 && ranFor >= policy.healthyAfter;
  const counted = healthy ? [] : restarts.filter((time) => now - time < policy.within);
  if (counted.length >= policy.max) return { delay: null, restarts: counted };
  return { delay: pauseBefore(policy.backoff, counted.length, chance), restarts: [...counted, now] };
}

/** Returns the pause before a restart. `preceding` is the number of restarts before it. */
export function pauseBefore(
  { initial, factor, max, jitter }: Required<BackoffOptions>,
  preceding: number,
  chance: number,
): number {
  if (preceding === 0) return 0;
  const pause = Math.min(max, initial * factor ** (preceding - 1));
  return Math.min(max, pause * (1 + jitter * (2 * chance - 1)));
}
