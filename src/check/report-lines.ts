/**
 * Parses the reports that a checker process writes: lines of `NONCE JSON` on a separate descriptor, not on the
 * standard streams, which belong to the plugin (native/check/report.h).
 */

/** One report. */
export type CheckerRecord =
  /** The next step of the scenario. If no other report follows, this step caused the end of the process. */
  | { readonly type: 'stage'; readonly stage: string }
  | {
      readonly type: 'finding';
      readonly message: string;
      readonly input?: string;
      readonly role?: string;
      /** The address of the library, to which the other addresses are relative. */
      readonly base?: string;
      /** The stack of a thread, the innermost address first. */
      readonly stack?: readonly string[];
      /** Addresses of variables, each with that of an instruction that used it. */
      readonly uses?: readonly (readonly [data: string, code: string])[];
      /** Written by the signal handler: the meaning of the address whose access ends the process. */
      readonly fault?: boolean;
    }
  | { readonly type: 'skip' | 'incomplete'; readonly reason: string }
  /** Raw numbers, from which measures.ts computes a measure. */
  | {
      readonly type: 'values';
      readonly name: string;
      readonly unit: string;
      readonly over?: string;
      readonly values: readonly number[];
      readonly xs?: readonly number[];
    }
  /** The call that allocates the memory that is left, as an offset in the plugin's library. */
  | { readonly type: 'site'; readonly offset: string }
  /** The number of slots in the method table of a kind. */
  | { readonly type: 'table'; readonly kind: string; readonly slots: number }
  /** The bytes that a method returned, in base64. `method` is the id of its kind and its slot, `text/1#0`. */
  | { readonly type: 'result'; readonly method: string; readonly bytes: string }
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
  /** The completion report, which is the last one. A process that ends without it has crashed, with any exit code. */
  | { readonly type: 'done' };

const TYPES = [
  'stage',
  'finding',
  'skip',
  'incomplete',
  'values',
  'site',
  'table',
  'result',
  'crash',
  'done',
];

/** Returns the report in a line, or null for any other line. Only the plugin can have written such a line. */
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
