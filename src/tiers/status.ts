/**
 * Converts the outcome of a call to a TenonError that names the plugin and the method, and says what to do.
 */
import { Status, statusName } from '../base/abi.js';
import { requireBytes } from '../base/bytes.js';
import { callError } from '../base/call-error.js';
import { tellCallFailure } from '../base/diagnostics.js';
import { invalidArgument, TenonError } from '../base/errors.js';
import { milliseconds } from '../base/text.js';
import type { CallTally } from './call-tally.js';
import { Outcome } from './control.js';

/** The plugin and the method of a call. */
export interface CallSite {
  readonly plugin: string;
  readonly path: string;
  /** The name of the method, for example `something`, `codec.encode` or `new`. */
  readonly method: string;
  readonly tally: CallTally;
}

/** The outcome of a call that did not succeed. */
export interface Failure {
  readonly outcome: number;
  /** The status of a BAD_STATUS, the length of a BAD_RECORD, or the limit of a FULL. */
  readonly detail: number;
  /** The plugin's own message. */
  readonly text: string;
}

/** The detail of an EXHAUSTED: the plugin's process has no memory. It is 0 if the host has none. */
const IN_RUNNER = 1;
const CLOSE_IT = 'Close the instance and make a new one.';

/** Returns the error for a failed call of a method. Counts the failure, and publishes it to subscribers. */
export function callFailure({ outcome, detail, text }: Failure, site: CallSite): TenonError {
  const { plugin, path, method } = site;
  const what = `${method} of plugin ${plugin}`;
  const error = (specialError(outcome, detail, what) ?? callError(outcome, what, text)).with({
    plugin,
    path,
  });
  site.tally.failures += 1;
  tellCallFailure(plugin, method, error);
  return error;
}

/** Returns the error for a record whose size is not that of its method. */
export function badRecord(length: number, site: CallSite): TenonError {
  return callFailure({ outcome: Outcome.BAD_RECORD, detail: length, text: '' }, site);
}

/**
 * Returns the error for a result that does not have the encoding of its kind. Either side may be wrong: without
 * facts in the plugin's file the host cannot know that both have the same definition.
 */
export function badResult(problem: string, site: CallSite): TenonError {
  const { plugin, path, method } = site;
  const error = new TenonError(
    'ERR_TENON_CONTRACT',
    `${method} of plugin ${plugin} answered with a result that does not fit the host's definition of the kind: ${problem}. Compare the definition with that of the plugin: correct the definition if they differ, or else the plugin.`,
    { plugin, path },
  );
  site.tally.failures += 1;
  tellCallFailure(plugin, method, error);
  return error;
}

/** Returns the error for a failed `new`. */
export function newFailure({ outcome, detail, text }: Failure, site: CallSite): TenonError {
  const { plugin, path } = site;
  const what = `new of plugin ${plugin}`;
  const special = specialError(outcome, detail, what);
  if (special !== undefined) return special.with({ plugin, path });
  if (outcome === Status.TENON_PANIC) return callError(outcome, what, text).with({ plugin, path });
  const status = statusName(outcome);
  const said = text === '' ? ' without a message.' : `: ${text}`;
  return new TenonError('ERR_TENON_NEW_FAILED', `${what} failed with ${status}${said}`, {
    status,
    plugin,
    path,
  });
}

/**
 * Returns the error for a call that did not return from its thread within `ms`. Counts and publishes it as
 * {@link callFailure} does.
 */
export function timeoutFailure(outcome: number, ms: number, site: CallSite): TenonError {
  const { plugin, path, method } = site;
  const late = `${method} of plugin ${plugin} did not return within ${milliseconds(ms)}`;
  const said =
    outcome === Outcome.NOT_BEGUN
      ? `${late}: it was still waiting for earlier calls of the instance and did not begin. Set a longer timeout, or use more instances.`
      : `${late}, and a thread cannot be stopped. The instance is now wedged: close it and make a new one, or load the plugin with isolation 'process', where the call can be stopped.`;
  const error = new TenonError('ERR_TENON_TIMEOUT', said, { plugin, path });
  site.tally.failures += 1;
  tellCallFailure(plugin, method, error);
  return error;
}

/** Returns the description of a breach of the contract. */
export function breachOf(outcome: number, detail: number): string {
  switch (outcome) {
    case Outcome.BAD_STATUS:
      return `returned status ${detail}, expected 0 to ${Status.TENON_CLOSED}`;
    case Outcome.OVERRUN:
      return 'wrote past the capacity of its output';
    case Outcome.BAD_LENGTH:
      return 'claims more output than its capacity holds';
    case Outcome.TAMPERED:
      return "changed members of tenon_out that are the host's (data, capacity or reserve)";
    case Outcome.NOT_TEXT:
      return 'failed with a message that is not UTF-8';
    default:
      return `wrote a record of ${detail} bytes, which is not the size of the method's result`;
  }
}

/** Returns the error for a call of a closed instance. `what` is `METHOD of plugin NAME`. */
export function closedError(what: string): TenonError {
  return new TenonError('ERR_TENON_CLOSED', `Cannot call ${what}: the instance is closed. Make a new one.`);
}

function specialError(outcome: number, detail: number, what: string): TenonError | undefined {
  if (outcome === Outcome.BAD_RECORD)
    return new TenonError(
      'ERR_TENON_CONTRACT',
      `${what} answered with a record of ${detail} bytes, which is not the size of the result in the host's definition of the kind. The instance is disabled. Compare the definition with the header of the kind: correct the definition if they differ, or else the plugin.`,
    );
  if (outcome <= Outcome.BAD_STATUS) {
    const breach = `${what} broke the contract: it ${breachOf(outcome, detail)}`;
    return new TenonError('ERR_TENON_CONTRACT', `${breach}. The instance is disabled. Fix the plugin.`);
  }
  switch (outcome) {
    case Outcome.CLOSED:
      return closedError(what);
    case Outcome.POISONED: {
      const status = 'TENON_POISONED';
      const reason = `Cannot call ${what}: an earlier call panicked. ${CLOSE_IT}`;
      return new TenonError('ERR_TENON_POISONED', reason, { status });
    }
    case Outcome.DISABLED: {
      const reason = `Cannot call ${what}: the instance is disabled, because an earlier call broke the contract.`;
      return new TenonError('ERR_TENON_CONTRACT', `${reason} ${CLOSE_IT}`);
    }
    case Outcome.WEDGED:
      return new TenonError(
        'ERR_TENON_TIMEOUT',
        `Cannot call ${what}: the instance is wedged, because an earlier call did not return within its timeout. ${CLOSE_IT}`,
      );
    case Outcome.FULL:
      return new TenonError(
        'ERR_TENON_CALL_FAILED',
        `Cannot call ${what}: ${detail} calls already wait for its thread, which is the limit. Wait for some of them, or raise the limit.`,
        { status: 'TENON_BUSY' },
      );
    case Outcome.EXHAUSTED:
      return noMemory(
        detail === IN_RUNNER
          ? `Cannot call ${what}: its process has not enough memory for it. Free memory, or set a higher 'limits.memory' if the plugin has that limit.`
          : `Cannot call ${what}: the host has no memory for it.`,
      );
    case Outcome.TOO_LONG:
      return noMemory(
        `${what} failed: its result is longer than limits.result, which is ${detail} bytes. Have it return less, or raise the limit.`,
      );
    default:
      return undefined;
  }
}

function noMemory(message: string): TenonError {
  return new TenonError('ERR_TENON_CALL_FAILED', message, { status: 'TENON_NO_MEMORY' });
}

/** Throws the error for an input that native code refused. */
export function refuseInput(argument: string, input: unknown): never {
  requireBytes(argument, input);
  throw invalidArgument(argument, 'must be a Uint8Array over ordinary memory');
}
