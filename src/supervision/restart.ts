/** When a crashed plugin is started again: a budget of restarts within a window, and pauses that grow. No clock in here. */
import { invalidArgument } from '../base/errors.js';

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

const MAX_MS = 2 ** 31 - 1;
const OPTIONS: readonly string[] = ['max', 'within', 'backoff', 'healthyAfter'];
const BACKOFF_OPTIONS: readonly string[] = ['initial', 'factor', 'max', 'jitter'];

/** The policy that options ask for; null for no restarts. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
export function checkRestart(restart: RestartOptions | false = {}): RestartPolicy | null {
  if (restart === false) return null;
  requireMembers('restart', restart, OPTIONS, ' or false');
  const { max = 5, within = 60_000, backoff = {} } = restart;
  if (!Number.isSafeInteger(max) || max < 0)
    throw invalidArgument('restart.max', `must be an integer from 0 on, not ${shown(max)}`);
  requireNumber('restart.within', within, 1, MAX_MS, 'milliseconds');
  const { healthyAfter = within } = restart;
  requireNumber('restart.healthyAfter', healthyAfter, 0, MAX_MS, 'milliseconds');
  return { max, within, backoff: checkBackoff(backoff), healthyAfter };
}

function checkBackoff(backoff: BackoffOptions): Required<BackoffOptions> {
  requireMembers('restart.backoff', backoff, BACKOFF_OPTIONS, '');
  const { initial = 100, factor = 2, max = 5000, jitter = 0.2 } = backoff;
  requireNumber('restart.backoff.initial', initial, 0, MAX_MS, 'milliseconds');
  requireNumber('restart.backoff.factor', factor, 1, 1000, 'a number');
  requireNumber('restart.backoff.max', max, 0, MAX_MS, 'milliseconds');
  requireNumber('restart.backoff.jitter', jitter, 0, 1, 'a number');
  return { initial, factor, max, jitter };
}

function requireMembers(name: string, value: object, known: readonly string[], or: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidArgument(name, `must be an object${or}, not ${shown(value)}`);
  const unknown = Object.keys(value).find((member) => !known.includes(member));
  if (unknown !== undefined)
    throw invalidArgument(`${name}.${unknown}`, `is no option (${known.join(', ')})`);
}

function requireNumber(name: string, value: number, least: number, most: number, what: string): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  throw invalidArgument(name, `must be ${what} from ${least} to ${most}, not ${shown(value)}`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
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
