/** The records that a checker process writes: lines of `NONCE JSON`, apart from the plugin's standard streams (native/check/report.h). */

/** One record. */
export type CheckerRecord =
  /** What is tried next: if nothing follows, this is the culprit. */
  | { readonly type: 'stage'; readonly stage: string }
  | { readonly type: 'finding'; readonly message: string; readonly input?: string; readonly role?: string }
  | { readonly type: 'skip' | 'incomplete'; readonly reason: string }
  /** Raw numbers; how to make a measure of them is for the check (measures.ts). */
  | {
      readonly type: 'values';
      readonly name: string;
      readonly unit: string;
      readonly over?: string;
      readonly values: readonly number[];
      readonly xs?: readonly number[];
    }
  /** Written by the signal handler. */
  | {
      readonly type: 'crash';
      readonly signal: number;
      readonly address: string;
      readonly pc: string;
      readonly base: string;
      readonly main: boolean;
      readonly frames: readonly string[];
    }
  /** The completion record: nothing follows, and without it the process has crashed, whatever its exit code says. */
  | { readonly type: 'done' };

const TYPES = ['stage', 'finding', 'skip', 'incomplete', 'values', 'crash', 'done'];

/** The record in a line; null if it is none, which only the plugin can have written. */
export function parseRecord(line: string, nonce: string): CheckerRecord | null {
  if (!line.startsWith(`${nonce} `)) return null;
  try {
    const value: unknown = JSON.parse(line.slice(nonce.length + 1));
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    return TYPES.includes(String(value.type)) ? (value as CheckerRecord) : null;
  } catch {
    return null;
  }
}
