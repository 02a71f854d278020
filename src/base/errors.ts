/**
 * Errors. Every failure of tenon is a {@link TenonError} with a code from {@link errorMeanings}. A message
 * has three parts: what failed, what was found and what was expected, and what to do about it.
 */

import type { StatusName } from './abi.js';
import type { Gate } from './gates.js';
import { printable } from './text.js';

/**
 * The meaning of every error code. The page "Error codes" of the documentation lists the same table; a test
 * compares the two.
 */
export const errorMeanings = {
  // Arguments and use of the API
  ERR_TENON_INVALID_ARGUMENT: 'An argument of a call to tenon has the wrong type, range or state.',
  ERR_TENON_CLOSED: 'The host, plugin or instance was used after it was closed.',
  ERR_TENON_UNSUPPORTED: 'This build or platform does not support the operation (see `host.capabilities`).',
  ERR_TENON_NO_RESOURCES:
    'The system currently lacks a resource: processes, memory, open files or disk space. No plugin is at fault.',
  ERR_TENON_MISSING_KIND:
    'The plugin does not offer the kind, its version or the method, or it and the host define the kind differently.',
  // The file, before any of its code runs
  ERR_TENON_NOT_FOUND: 'The file does not exist, or no plugin in the search paths has that name.',
  ERR_TENON_UNREADABLE: 'The file or folder exists, but cannot be read as one.',
  ERR_TENON_NOT_A_LIBRARY: 'The bytes are not a well-formed ELF, PE or Mach-O shared library.',
  ERR_TENON_WRONG_PLATFORM: 'The library was built for another operating system or processor.',
  ERR_TENON_MISSING_SYMBOL: 'The library does not export every entry point of the ABI.',
  ERR_TENON_BAD_SYMBOL: 'An entry point is exported as data, or belongs to another library.',
  ERR_TENON_BAD_DESCRIPTOR:
    'The descriptor or the facts about a kind are malformed, absent where required, or disagree with the plugin.',
  ERR_TENON_UNTRUSTED: "The file's owner, mode or digest violates the trust policy.",
  ERR_TENON_QUARANTINED: "The file's digest is quarantined because its plugin crashed too often.",
  ERR_TENON_SHADOWED:
    'An earlier folder of the search path, or an earlier file, contains a plugin of the same name.',
  // Admission: code of the plugin runs
  ERR_TENON_PROBE_CRASHED: 'The plugin crashed the throwaway process that probed it.',
  ERR_TENON_PROBE_EXITED: 'The plugin ended the throwaway process that probed it.',
  ERR_TENON_PROBE_TIMEOUT: "The plugin did not return within the probe's timeout.",
  ERR_TENON_LOAD_FAILED: "The system's loader refused the library.",
  ERR_TENON_BAD_POINTER: 'The plugin returned a pointer that cannot be read.',
  ERR_TENON_BAD_VERSION: 'The ABI version that the plugin states is not a semantic version.',
  ERR_TENON_VERSION_MISMATCH: 'The plugin was built for an ABI version that this host does not accept.',
  ERR_TENON_BAD_NAME: 'The name that the plugin states is not a plugin name.',
  ERR_TENON_BAD_VTABLE: 'The vtable, or one of its slots, violates the ABI.',
  // Calls
  ERR_TENON_NEW_FAILED: "The plugin's `new` reported a failure; no instance was made.",
  ERR_TENON_CALL_FAILED: 'The call returned a failure; `status` is the name of its status code.',
  ERR_TENON_PANIC: 'A panic or exception was caught at the ABI boundary; the instance is poisoned.',
  ERR_TENON_POISONED: 'An earlier call panicked, so the instance refuses further calls.',
  ERR_TENON_CONTRACT:
    'The plugin violated the ABI contract; the instance is disabled. Or it changed settings of the host, which the host refuses.',
  ERR_TENON_CRASHED: "The plugin's process ended.",
  ERR_TENON_TIMEOUT: 'The call did not return within its timeout.',
} as const;

/** The code of a {@link TenonError}: one of the keys of {@link errorMeanings}. */
export type TenonErrorCode = keyof typeof errorMeanings;

/** The crash report as an error carries it. {@link CrashReport} has all members. */
export interface AttachedReport {
  /** The name of the plugin. */
  readonly plugin: string;
  /** The number of the start of the plugin's process, from 1. */
  readonly generation: number;
  /** The signal that ended the process; null if it exited by itself. */
  readonly signal: NodeJS.Signals | null;
  /** Returns the whole report for people, in several lines. */
  toString(): string;
  /** Returns the whole report for machines, as a JSON value. */
  toJSON(): object;
}

/**
 * The details of a {@link TenonError} besides its code and message. A member is present only where it
 * applies.
 */
export interface TenonErrorDetails {
  /** The file that the error is about. */
  readonly path?: string | undefined;
  /** The name of the plugin, as the plugin states it. */
  readonly plugin?: string | undefined;
  /** The gate of the admission that refused the plugin. */
  readonly gate?: Gate | undefined;
  /** The signal that ended the process, for example `SIGSEGV`. */
  readonly signal?: NodeJS.Signals | undefined;
  /** The name of the status that the plugin returned, for example `TENON_INVALID`. */
  readonly status?: StatusName | undefined;
  /** The name of the refused argument or option. */
  readonly argument?: string | undefined;
  /** The standard output of the probed plugin. */
  readonly stdout?: string | undefined;
  /** The standard error output of the probed plugin, or the output of the tools that could not build a file. */
  readonly stderr?: string | undefined;
  /** The report on the end of the plugin's process. */
  readonly report?: AttachedReport | undefined;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * The error class of tenon. `code` identifies the kind of failure; see {@link errorMeanings}. The message
 * says what failed, what was found and what was expected, and what to do about it. Only a call that is
 * aborted by its signal is rejected with something else: the signal's reason. The message is one printable
 * line: control characters and line ends from a plugin are escaped.
 *
 * The other members are present only where they apply. {@link TenonErrorDetails} describes them.
 */
export class TenonError extends Error {
  /** The name of the class. */
  override readonly name = 'TenonError';
  /** The kind of failure. */
  readonly code: TenonErrorCode;
  /** The file that the error is about. */
  declare readonly path?: string;
  /** The name of the plugin, as the plugin states it. */
  declare readonly plugin?: string;
  /** The gate of the admission that refused the plugin. */
  declare readonly gate?: Gate;
  /** The signal that ended the process, for example `SIGSEGV`. */
  declare readonly signal?: NodeJS.Signals;
  /** The name of the status that the plugin returned, for example `TENON_INVALID`. */
  declare readonly status?: StatusName;
  /** The name of the refused argument or option. */
  declare readonly argument?: string;
  /** The standard output of the probed plugin. */
  declare readonly stdout?: string;
  /** The standard error output of the probed plugin, or the output of the tools that could not build a file. */
  declare readonly stderr?: string;
  /** The report on the end of the plugin's process. */
  declare readonly report?: AttachedReport;

  /** Makes an error. Details that are undefined are left out. */
  constructor(code: TenonErrorCode, message: string, details: TenonErrorDetails = {}) {
    const { cause, ...rest } = membersOf(details);
    super(
      printable(typeof message === 'string' ? message : messageOf(message)),
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    for (const [key, value] of Object.entries(rest)) {
      if (value !== undefined)
        Object.defineProperty(this, key, { value, enumerable: true, configurable: true });
    }
  }

  /** Adds details to this error and returns it. Existing details are kept. */
  with(details: TenonErrorDetails): TenonError {
    for (const [key, value] of Object.entries(membersOf(details))) {
      if (value === undefined || Object.hasOwn(this, key)) continue;
      Object.defineProperty(this, key, { value, enumerable: key !== 'cause', configurable: true });
    }
    return this;
  }

  /** Returns a JSON value: the code, the message and the details, without the stack. */
  toJSON(): Record<string, unknown> {
    const { code, message } = this;
    const details = Object.fromEntries(
      Object.entries(this).filter(([key]) => key !== 'name' && key !== 'code'),
    );
    return { code, message, ...details };
  }
}

/**
 * Returns the error for a refused argument. `problem` continues the sentence that begins with its name.
 * `hint` follows the full stop.
 */
export function invalidArgument(argument: string, problem: string, hint = ''): TenonError {
  const message = `The argument '${argument}' ${problem}.${hint}`;
  return new TenonError('ERR_TENON_INVALID_ARGUMENT', message, { argument });
}

/**
 * Reads an argument that runs code of the user: a getter, a proxy or an iterator. What that code throws becomes
 * the cause of a TenonError.
 */
export function readable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

/** Returns the error for an argument that cannot be read. TenonErrors are returned unchanged. */
export function unreadable(name: string, cause: unknown): TenonError {
  if (isTenonError(cause)) return cause;
  const message = `The argument '${name}' cannot be read: ${messageOf(cause)}.`;
  return new TenonError('ERR_TENON_INVALID_ARGUMENT', message, { argument: name, cause });
}

/** Returns whether a thrown value, which may be anything, is a TenonError. Never throws. */
export function isTenonError(error: unknown): error is TenonError {
  try {
    return error instanceof TenonError;
  } catch {
    return false; // A revoked proxy.
  }
}

/**
 * Converts any thrown value to a TenonError: returns it if it is one, or else wraps it as the cause of a new
 * one.
 */
export function asTenonError(error: unknown, code: TenonErrorCode, what: string): TenonError {
  if (isTenonError(error)) return error;
  return new TenonError(code, `${what}: ${messageOf(error)}`, { cause: error });
}

/** Copies the details of an error. An error is never replaced by one about its details: unreadable ones are dropped. */
function membersOf(details: TenonErrorDetails): TenonErrorDetails {
  try {
    return { ...details };
  } catch {
    return {};
  }
}

/** Returns the message of any thrown value. Never throws. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'an error that cannot be shown';
  }
}
