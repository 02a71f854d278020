/** The errors of the gates `open` to `vtable`. The host and the throwaway process use the same wording. */
import { TenonError, type TenonErrorCode } from '../base/errors.js';
import { adviceFor } from './loader-advice.js';

/** The advice to the author of the plugin, by error code. */
const ADVICE = {
  ERR_TENON_LOAD_FAILED: null, // adviceFor
  ERR_TENON_MISSING_SYMBOL: 'Export it, with default visibility, as TENON_PLUGIN does.',
  ERR_TENON_BAD_SYMBOL: 'Define and export it in the plugin itself.',
  ERR_TENON_BAD_POINTER: 'Return a NUL-terminated string in static storage.',
  ERR_TENON_BAD_VERSION: 'Return TENON_ABI_VERSION of tenon.h.',
  ERR_TENON_BAD_NAME: 'Rename the plugin.',
  ERR_TENON_BAD_VTABLE: 'Let TENON_PLUGIN or tenon::plugin! write the vtable.',
} as const satisfies Partial<Record<TenonErrorCode, string | null>>;

/** The error codes of these gates. */
export type RefusalCode = keyof typeof ADVICE;

/** Returns whether the code is one of these gates. */
export function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(ADVICE, code);
}

/** The gates at which code of the plugin runs. */
export const STAGES = ['open', 'version', 'name', 'vtable'] as const;
export type Stage = (typeof STAGES)[number];

/** The errors, with what was found in each. */
const problems = new WeakMap<TenonError, string>();

/**
 * Returns the error of a gate. `problem` says what was found and what was expected. `shown` is the path that
 * the user passed.
 */
export function refusal(
  code: RefusalCode,
  gate: Stage,
  shown: string,
  problem: string,
  cause?: unknown,
): TenonError {
  const message = `${prefix(shown)}${problem}${suffix(code, problem)}`;
  const error = new TenonError(code, message, { path: shown, gate, cause });
  problems.set(error, problem);
  return error;
}

/** Returns the `problem` of an error that {@link refusal} made. */
export function problemOf(error: TenonError): string {
  return problems.get(error) ?? error.message;
}

function prefix(shown: string): string {
  return `Cannot load ${shown}: `;
}

function suffix(code: RefusalCode, problem: string): string {
  return `. ${ADVICE[code] ?? adviceFor(problem)}`;
}
