/** Parses values of options. */
import { didYouMean } from '../base/options.js';
import { UsageError } from './usage.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Parses a time. Returns milliseconds. @throws UsageError */
export function durationOf(name: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (UNITS[unit] ?? 0));
  if (number !== '' && ms >= 1 && ms < 2 ** 31) return ms;
  throw new UsageError(`${name} must be a time such as 500ms, 10s or 2m, not '${text}'.`);
}

/** Parses a time. Returns milliseconds, or undefined if the option was not given. @throws UsageError */
export function optionalDuration(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationOf(name, text);
}

/** Parses a size. Returns bytes. @throws UsageError */
export function sizeOf(name: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = Object.hasOwn(SIZES, unit) ? (SIZES[unit] ?? 0) : 0;
  const bytes = Math.round(Number(number) * factor);
  if (number !== '' && bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(`${name} must be a size such as 64MiB or 100000, not '${text}'.`);
}

/** Parses a whole number. The part of tenon that uses the number checks its range. @throws UsageError */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${name} must be a whole number, not '${text}'.`);
}

/** Parses the number of levels below a folder to search. @throws UsageError */
export function depthOf(text = '0'): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 16) return Number(text);
  throw new UsageError(`--depth must be an integer from 0 to 16, not '${text}'.`);
}

/** Parses `NAME=VALUE,NAME=VALUE`. Each name may occur once. @throws UsageError */
export function pairsOf<Name extends string>(
  option: string,
  text: string,
  known: readonly Name[],
): ReadonlyMap<Name, string> {
  const pairs = new Map<Name, string>();
  for (const part of text.split(',')) {
    const [, given = '', value = ''] = /^\s*(\w+)=(.+?)\s*$/.exec(part) ?? [];
    const example = `${option} ${known.map((one) => `${one}=…`).join(',')}`;
    if (given === '') throw new UsageError(`${option} must be like '${example}', not '${text}'.`);
    const name = known.find((one) => one === given);
    if (name === undefined)
      throw new UsageError(
        `${option} knows no '${given}', only ${known.join(', ')}.${didYouMean(given, known)}`,
      );
    if (pairs.has(name)) throw new UsageError(`${option} has ${name} twice: '${text}'.`);
    pairs.set(name, value);
  }
  return pairs;
}
