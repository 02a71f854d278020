/**
 * Every failure of tenon is a {@link TenonError} with a code from {@link errorMeanings}. A message says what failed,
 * what was found against what was expected, and what to do about it.
 */

import type { StatusName } from './abi.js';
import type { Gate } from './gates.js';
import { printable } from './text.js';

/** All codes, each with its meaning, as the documentation shows it. A test holds docs/errors.md against this table. */
export const errorMeanings = {
  // Arguments and use of the API
  ERR_TENON_INVALID_ARGUMENT: 'An argument of a call to tenon has the wrong type, range or state.',
  ERR_TENON_CLOSED: 'The host, plugin or instance was used after it was closed.',
  ERR_TENON_UNSUPPORTED: 'This build or platform cannot do what was asked (see `host.capabilities`).',
  ERR_TENON_MISSING_KIND:
    'The plugin does not offer the kind, the version of the kind, or the method that was asked for.',
  // The file, before any instruction of it runs
  ERR_TENON_NOT_FOUND: 'No such file, or no plugin of that name in the search paths.',
  ERR_TENON_UNREADABLE: 'The file or folder exists, but cannot be read as a file or folder.',
  ERR_TENON_NOT_A_LIBRARY: 'The bytes are not a well-formed ELF, PE or Mach-O shared library.',
  ERR_TENON_WRONG_PLATFORM: 'A shared library for another operating system or processor.',
  ERR_TENON_MISSING_SYMBOL: 'The library does not export every entry point of the ABI.',
  ERR_TENON_BAD_SYMBOL: 'An entry point is exported as data, or belongs to another library.',
  ERR_TENON_BAD_DESCRIPTOR:
    'The descriptor is malformed, absent where it is required, or disagrees with the plugin.',
  ERR_TENON_UNTRUSTED: 'Owner, mode or digest of the file is not what the trust policy demands.',
  ERR_TENON_QUARANTINED:
    'The digest of the file is in quarantine, because a plugin with it crashed too often.',
  ERR_TENON_SHADOWED:
    'An earlier folder of the search path, or an earlier file, has a plugin of the same name.',
  // The way in
  ERR_TENON_PROBE_CRASHED: 'The plugin crashed the throwaway process that tried it.',
  ERR_TENON_PROBE_EXITED: 'The plugin ended the throwaway process that tried it.',
  ERR_TENON_PROBE_TIMEOUT: 'The plugin did not come back within the timeout of the probe.',
  ERR_TENON_LOAD_FAILED: "The system's loader refused the library.",
  ERR_TENON_BAD_POINTER: 'The plugin returned a pointer that cannot be read.',
  ERR_TENON_BAD_VERSION: 'The ABI version that the plugin states is not a semantic version.',
  ERR_TENON_VERSION_MISMATCH: 'The plugin was built for an ABI version that this host does not accept.',
  ERR_TENON_BAD_NAME: 'The name that the plugin states is not a plugin name.',
  ERR_TENON_BAD_VTABLE: 'The vtable, or a slot of it, is not what the ABI demands.',
  // Calls
  ERR_TENON_NEW_FAILED: '`new` of the plugin reported a failure; no instance was made.',
  ERR_TENON_CALL_FAILED: 'The plugin reported a failure of the call; `status` tells which.',
  ERR_TENON_PANIC: 'A panic or exception was stopped at the boundary; the instance is poisoned.',
  ERR_TENON_POISONED: 'The instance had a panic before and refuses to work.',
  ERR_TENON_CONTRACT: 'The plugin broke the contract of the ABI; the instance is disabled.',
  ERR_TENON_CRASHED: 'The process that holds the plugin ended.',
  ERR_TENON_TIMEOUT: 'The call did not come back within its timeout.',
} as const;

/** A code of the table {@link errorMeanings}. */
export type TenonErrorCode = keyof typeof errorMeanings;

/** The report of a crash as an error carries it; `CrashReport` has all of it. */
export interface AttachedReport {
  readonly plugin: string;
  /** Which start of the plugin's process it was, from 1 on. */
  readonly generation: number;
  readonly signal: NodeJS.Signals | null;
  /** All that is known, for people, in several lines. */
  toString(): string;
  /** The same for machines. */
  toJSON(): object;
}

/** What an error tells beside its code and message. Members are present where they apply. */
export interface TenonErrorDetails {
  /** The file that the error is about. */
  readonly path?: string | undefined;
  /** The name of the plugin, as it states it itself. */
  readonly plugin?: string | undefined;
  /** The gate of the admission that refused. */
  readonly gate?: Gate | undefined;
  /** The signal that ended the process, `SIGSEGV` for example. */
  readonly signal?: NodeJS.Signals | undefined;
  /** The name of the status that the plugin returned, `TENON_INVALID` for example. */
  readonly status?: StatusName | undefined;
  /** The name of the argument that was refused. */
  readonly argument?: string | undefined;
  /** What the probed plugin wrote to its standard output. */
  readonly stdout?: string | undefined;
  /** What the probed plugin wrote to its standard error. */
  readonly stderr?: string | undefined;
  /** How the plugin's process ended. */
  readonly report?: AttachedReport | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * The one error class of tenon. Its message is one line that can be printed: names and texts of plugins in it are shown with escapes
 * for all that could move a cursor, end a line or pass for a command.
 */
export class TenonError extends Error {
  override readonly name = 'TenonError';
  readonly code: TenonErrorCode;
  declare readonly path?: string;
  declare readonly plugin?: string;
  declare readonly gate?: Gate;
  declare readonly signal?: NodeJS.Signals;
  declare readonly status?: StatusName;
  declare readonly argument?: string;
  declare readonly stdout?: string;
  declare readonly stderr?: string;
  declare readonly report?: AttachedReport;

  constructor(code: TenonErrorCode, message: string, details: TenonErrorDetails = {}) {
    const { cause, ...rest } = details;
    super(printable(message), cause === undefined ? undefined : { cause });
    this.code = code;
    for (const [key, value] of Object.entries(rest)) {
      if (value !== undefined)
        Object.defineProperty(this, key, { value, enumerable: true, configurable: true });
    }
  }

  /** The same error with more details; details that it has already are kept. */
  with(details: TenonErrorDetails): TenonError {
    for (const [key, value] of Object.entries(details)) {
      if (value === undefined || Object.hasOwn(this, key)) continue;
      Object.defineProperty(this, key, { value, enumerable: key !== 'cause', configurable: true });
    }
    return this;
  }

  /** The form for machines: code, message and the details, without the stack. */
  toJSON(): Record<string, unknown> {
    const { code, message } = this;
    const details = Object.fromEntries(
      Object.entries(this).filter(([key]) => key !== 'name' && key !== 'code'),
    );
    return { code, message, ...details };
  }
}

/** Makes the error for an argument that was refused. `problem` continues the sentence after its name, `hint` follows the full stop. */
export function invalidArgument(argument: string, problem: string, hint = ''): TenonError {
  const message = `The argument '${argument}' ${problem}.${hint}`;
  return new TenonError('ERR_TENON_INVALID_ARGUMENT', message, { argument });
}

/** Any thrown value as a TenonError: itself if it is one, otherwise wrapped as its cause. */
export function asTenonError(error: unknown, code: TenonErrorCode, what: string): TenonError {
  if (error instanceof TenonError) return error;
  return new TenonError(code, `${what}: ${messageOf(error)}`, { cause: error });
}

/** The message of any thrown value. Never throws, whatever was thrown. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'an error that cannot be shown';
  }
}
