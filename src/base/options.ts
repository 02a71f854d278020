/**
 * Checks of options. Each check returns the value or throws ERR_TENON_INVALID_ARGUMENT. The message names the
 * option, says what was found and what was expected, and suggests the probable name for an unknown one.
 */
import leven from 'leven';
import { kindOf } from './bytes.js';
import { invalidArgument, readable, TenonError } from './errors.js';

/** Names and values that were renamed for 1.0: the former name and the present one. */
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

/** The maximum of a count: it must fit into a 32-bit integer. */
const MAX_COUNT = 2 ** 31 - 1;

/**
 * Returns the element of `known` that `name` probably means: its new name if it was renamed, or else the
 * nearest one. The nearest one must be close enough to be a typing error: at most one edit per three letters.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const renamed = RENAMED[name];
  if (renamed !== undefined && known.includes(renamed)) return renamed;
  const distances = known.map((one) => ({ one, distance: leven(name.toLowerCase(), one.toLowerCase()) }));
  distances.sort((a, b) => a.distance - b.distance);
  const [best] = distances;
  return best !== undefined && best.distance <= Math.ceil(name.length / 3) ? best.one : undefined;
}

/** Returns ` Did you mean 'timeout'?` for the end of a message, or an empty string if no name is close. */
export function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? '' : ` Did you mean '${meant}'?`;
}

/**
 * Checks that an object has only options that are `known`. `what` names the owner of the options, for example
 * `load`.
 */
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
 * Copies an object of options. Each option is read once, and what a getter or a proxy throws becomes a
 * TenonError. Inherited options count, as they do in Node.js itself.
 */
export function readOptions<T extends object>(name: string, options: T): T {
  checkObject(name, options);
  return readable(name, () => {
    const copy: Record<string, unknown> = Object.create(null);
    for (const key in options) copy[key] = options[key];
    return copy as T;
  });
}

/** Checks that the value is an object and not an array. */
export function checkObject<T extends object>(name: string, value: T): T {
  if (isObject(value)) return value;
  throw invalidArgument(name, `must be an object, not ${shown(value)}`);
}

/** Returns whether the value is an object and not an array. Is false for a revoked proxy. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isArray(value);
}

function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return true; // A revoked proxy throws, and cannot be read as an object either.
  }
}

/** Checks that the value is one of a few strings. */
export function checkOneOf<const T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const list = words.map((word) => `'${word}'`).join(', ');
  const meant = typeof value === 'string' ? didYouMean(value, words) : '';
  throw invalidArgument(name, `must be one of ${list}, not ${shown(value)}`, meant);
}

/**
 * Checks a duration in milliseconds: more than 0, or 0 and more if `zero` is true. Infinity means no limit.
 */
export function checkMilliseconds(name: string, value: unknown, { zero = false } = {}): number {
  if (typeof value === 'number' && (value > 0 || (zero && value === 0))) return value;
  throw invalidArgument(
    name,
    `must be a number of milliseconds, ${zero ? '0 or more' : 'more than 0'}, not ${shown(value)}`,
  );
}

/** Checks an integer from `least` to `most`, by default from 1. */
export function checkCount(name: string, value: unknown, { least = 1, most = MAX_COUNT } = {}): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value;
  throw invalidArgument(name, `must be an integer from ${least} to ${most}, not ${shown(value)}`);
}

/** Checks a number from `least` to `most`. */
export function checkNumber(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw invalidArgument(name, `must be a number from ${least} to ${most}, not ${shown(value)}`);
}

/** Checks that the value is true or false. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidArgument(name, `must be true or false, not ${shown(value)}`);
}

/** Checks a string that is not empty and that the system accepts: it must not contain NUL. */
export function checkString(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw invalidArgument(
    name,
    `must be a string that is not empty and has no NUL character, not ${shown(value)}`,
  );
}

/** Checks an array of strings, each as {@link checkString} does. */
export function checkStrings(name: string, value: unknown): readonly string[] {
  return arrayOf(name, value, 'strings').map((item, index) => checkString(`${name}[${index}]`, item));
}

/** Copies an array. `what` says what its elements should be, for the message. */
export function arrayOf(name: string, value: unknown, what: string): unknown[] {
  return readable(name, () => {
    if (Array.isArray(value)) return Array.from(value as unknown[]);
    throw invalidArgument(name, `must be an array of ${what}, not ${shown(value)}`);
  });
}

/** Checks an AbortSignal, which may be undefined. */
export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || isSignal(value)) return value;
  throw invalidArgument('signal', `must be an AbortSignal, not ${shown(value)}`);
}

/** Returns whether it is a signal and not only an object that inherits from one. */
function isSignal(value: unknown): value is AbortSignal {
  try {
    return value instanceof AbortSignal && typeof value.aborted === 'boolean';
  } catch {
    return false;
  }
}

/** Formats a value for a message. The result is short, and formatting is safe for any value. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 100 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'bigint')
    return value > -(2n ** 64n) && value < 2n ** 64n ? `${value}n` : 'a larger bigint';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return kindOf(value);
}

/**
 * Checks a part of a larger value. If it is refused, the error names the path of the argument in the whole value.
 * `pathOf` returns that path.
 */
export function checkPart<T>(check: () => T, pathOf: (argument: string) => string): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof TenonError) || error.argument === undefined) throw error;
    const { code, message, argument } = error;
    const path = pathOf(argument);
    throw new TenonError(
      code,
      message.replace(`'${argument}'`, () => `'${path}'`),
      { argument: path },
    );
  }
}
