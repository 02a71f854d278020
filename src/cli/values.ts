/** Values of options. */
import { UsageError } from '../command.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds. @throws UsageError */
export function durationOf(name: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (UNITS[unit] ?? 0));
  if (number !== '' && ms >= 1 && ms < 2 ** 31) return ms;
  throw new UsageError(`${name} must be a time such as 500ms, 10s or 2m, not '${text}'`);
}

/** The suite itself says which numbers it takes. @throws UsageError */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${name} must be a whole number, not '${text}'`);
}
