/** When a crashed plugin is started again: a budget of restarts within a window, and pauses that grow. No clock in here. */
import { checkCount, checkKnown, checkMilliseconds, checkNumber, readOptions } from '../base/options.js';

/** How long to wait before a restart. The first one after a healthy period is immediate. */
export interface BackoffOptions {
  /** Milliseconds before the second restart. Default 100. */
  readonly initial?: number;
  /** Each pause is so many times the one before. Default 2. */
  readonly factor?: number;
  /** The longest pause, in milliseconds. Default 5000. */
  readonly max?: number;
  /** The part of a pause that is left to chance, so that not all plugins start at once. Default 0.2: 20 % more or less. */
  readonly jitter?: number;
}

/** When and how often a plugin's process is started again. */
export interface RestartOptions {
  /** So many restarts … Default 5. */
  readonly max?: number;
  /** … within so many milliseconds; the next crash is final. Default 60 000. */
  readonly within?: number;
  readonly backoff?: BackoffOptions;
  /** Milliseconds after which a process counts as healthy, so that all restarts are allowed again. Default: `within`. */
  readonly healthyAfter?: number;
}

/** The options with their defaults. */
export interface RestartPolicy {
  readonly max: number;
  readonly within: number;
  readonly backoff: Required<BackoffOptions>;
  readonly healthyAfter: number;
}

/** The policy that options ask for; null for no restarts. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
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

/** A crash, by a clock that only goes forward. */
export interface CrashTime {
  readonly now: number;
  /** How long the process had run; 0 if it never came to work. */
  readonly ranFor: number;
}

/** What is done after a crash. */
export interface RestartDecision {
  /** Milliseconds until the restart; null if there is none. */
  readonly delay: number | null;
  /** When the restarts were that count against the budget, this one included. To be given the next time. */
  readonly restarts: readonly number[];
}

/** Decides after a crash. `chance` is from 0 to 1. */
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

/** The pause before a restart that so many others have preceded. */
export function pauseBefore(
  { initial, factor, max, jitter }: Required<BackoffOptions>,
  preceding: number,
  chance: number,
): number {
  if (preceding === 0) return 0;
  const pause = Math.min(max, initial * factor ** (preceding - 1));
  return Math.min(max, pause * (1 + jitter * (2 * chance - 1)));
}
