/**
 * How options are checked, everywhere in the same way: each check returns the value or throws ERR_TENON_INVALID_ARGUMENT, which names the
 * option, says what was found against what was expected and, for a name that nothing has, which one was probably meant.
 */
import leven from 'leven';
import { kindOf } from './bytes.js';
import { invalidArgument, messageOf, TenonError } from './errors.js';

/** Names and values that had another name before 1.0. */
const RENAMED: Readonly<Record<string, string>> = {
  deadline: 'timeout',
  startDeadline: 'startTimeout',
  inFlight: 'maxInFlight',
  require: 'requireCheck',
  records: 'certificates',
  error: 'fail',
  idle: 'efficient',
  event: 'message',
  rejected: 'refused',
};

/** The most that a count may be: what fits into a 32-bit integer. */
const MAX_COUNT = 2 ** 31 - 1;

/**
 * The one of `known` that was meant by `name`: its new name if it was renamed, otherwise the nearest one, if it is near enough to be a
 * typing error: one edit for each three letters.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const renamed = RENAMED[name];
  if (renamed !== undefined && known.includes(renamed)) return renamed;
  const distances = known.map((one) => ({ one, distance: leven(name.toLowerCase(), one.toLowerCase()) }));
  distances.sort((a, b) => a.distance - b.distance);
  const [best] = distances;
  return best !== undefined && best.distance <= Math.ceil(name.length / 3) ? best.one : undefined;
}

/** ` Did you mean 'timeout'?`, or nothing: for the end of a message. */
export function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? '' : ` Did you mean '${meant}'?`;
}

/** An object of options without any option that is not `known`. `what` names whose options they are: `load`. */
export function checkKnown(what: string, value: object, known: readonly string[], prefix = ''): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw invalidArgument(
    `${prefix}${unknown}`,
    `is not an option of ${what} (${known.join(', ')})`,
    didYouMean(unknown, known),
  );
}

/**
 * A copy of an object of options: each of them is read once, and what a getter or a proxy throws becomes a TenonError. Inherited options
 * count, as they do for Node.js itself.
 */
export function readOptions<T extends object>(name: string, options: T): T {
  checkObject(name, options);
  try {
    const copy: Record<string, unknown> = {};
    for (const key in options) copy[key] = options[key];
    return copy as T;
  } catch (cause) {
    throw new TenonError(
      'ERR_TENON_INVALID_ARGUMENT',
      `The argument '${name}' cannot be read: ${messageOf(cause)}.`,
      {
        argument: name,
        cause,
      },
    );
  }
}

/** An object that is not an array. */
export function checkObject<T extends object>(name: string, value: T): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalidArgument(name, `must be an object, not ${shown(value)}`);
}

/** One of a few words. */
export function checkOneOf<const T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const list = words.map((word) => `'${word}'`).join(', ');
  const meant = typeof value === 'string' ? didYouMean(value, words) : '';
  throw invalidArgument(name, `must be one of ${list}, not ${shown(value)}`, meant);
}

/** A duration in milliseconds, above 0 or, if `zero` is allowed, from 0 on. Infinity means no limit. */
export function checkMilliseconds(name: string, value: unknown, { zero = false } = {}): number {
  if (typeof value === 'number' && (value > 0 || (zero && value === 0))) return value;
  throw invalidArgument(
    name,
    `must be a number of milliseconds, ${zero ? '0 or more' : 'more than 0'}, not ${shown(value)}`,
  );
}

/** An integer from 1 on. */
export function checkCount(name: string, value: unknown, { least = 1, most = MAX_COUNT } = {}): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value;
  throw invalidArgument(name, `must be an integer from ${least} to ${most}, not ${shown(value)}`);
}

/** A number of a range. */
export function checkNumber(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw invalidArgument(name, `must be a number from ${least} to ${most}, not ${shown(value)}`);
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidArgument(name, `must be true or false, not ${shown(value)}`);
}

/** A string that is not empty and that the system can take: without NUL. */
export function checkString(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw invalidArgument(
    name,
    `must be a string that is neither empty nor has a NUL character, not ${shown(value)}`,
  );
}

/** An array of such strings. */
export function checkStrings(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw invalidArgument(name, `must be an array of strings, not ${shown(value)}`);
  return value.map((item: unknown, index) => checkString(`${name}[${index}]`, item));
}

/** An AbortSignal, or nothing. */
export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw invalidArgument('signal', `must be an AbortSignal, not ${shown(value)}`);
}

/** A value as a message shows it: short, and safe to build for values of any kind. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 100 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`.slice(0, 100);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return kindOf(value);
}
