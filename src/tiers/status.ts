/** What the outcome of a call becomes: a TenonError that says which plugin, which method and what to do. */
import { Status, statusName } from '../base/abi.js';
import { requireBytes } from '../base/bytes.js';
import { callError } from '../base/call-error.js';
import { tellCallFailure } from '../base/diagnostics.js';
import { invalidArgument, TenonError } from '../base/errors.js';
import type { CallTally } from './call-tally.js';
import { Outcome } from './control.js';

/** Where a call went. */
export interface CallSite {
  readonly plugin: string;
  readonly path: string;
  /** `something`, `codec.encode`; `new`. */
  readonly method: string;
  readonly tally: CallTally;
}

/** How a call that did not succeed went. */
export interface Failure {
  readonly outcome: number;
  /** The status of a BAD_STATUS, the length of a BAD_RECORD, the limit of a FULL. */
  readonly detail: number;
  /** What the plugin said. */
  readonly text: string;
}

const CLOSE_IT = 'Close the instance and make a new one.';

/** The error for a failed call of a method: counted, and published to those who watch. */
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

/** The error for a record of another size than its method has. */
export function badRecord(length: number, site: CallSite): TenonError {
  return callFailure({ outcome: Outcome.BAD_RECORD, detail: length, text: '' }, site);
}

/** The error for a failed `new`. */
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

/** The error for a call that did not come back from its thread within `ms`: counted and published as those of {@link callFailure}. */
export function timeoutFailure(outcome: number, ms: number, site: CallSite): TenonError {
  const { plugin, path, method } = site;
  const late = `${method} of plugin ${plugin} did not come back within ${ms} ms`;
  const said =
    outcome === Outcome.NOT_BEGUN
      ? `${late}: it was still waiting for earlier calls of the instance, and nothing of it was done. Give it more time, or use more instances.`
      : `${late}, and a thread cannot be stopped. An instance whose call runs so long is wedged: close it and make a new one, or load the plugin with isolation 'process', where it can be ended.`;
  const error = new TenonError('ERR_TENON_TIMEOUT', said, { plugin, path });
  site.tally.failures += 1;
  tellCallFailure(plugin, method, error);
  return error;
}

/** The sentence for a breach of the contract. */
export function breachOf(outcome: number, detail: number): string {
  switch (outcome) {
    case Outcome.BAD_STATUS:
      return `returned status ${detail}, expected 0 to ${Status.TENON_CLOSED}`;
    case Outcome.OVERRUN:
      return 'wrote behind the capacity of its output';
    case Outcome.BAD_LENGTH:
      return 'claims more output than the capacity holds';
    case Outcome.TAMPERED:
      return "changed members of tenon_out that are the host's (data, capacity or reserve)";
    case Outcome.NOT_TEXT:
      return 'failed with a message that is not UTF-8';
    default:
      return `wrote a record of ${detail} bytes, which is not the size of the method's result`;
  }
}

/** The error for a call of a closed instance; `what` is `METHOD of plugin NAME`. */
export function closedError(what: string): TenonError {
  return new TenonError('ERR_TENON_CLOSED', `Cannot call ${what}: the instance is closed. Make a new one.`);
}

function specialError(outcome: number, detail: number, what: string): TenonError | undefined {
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
        `Cannot call ${what}: the instance is wedged, because an earlier call did not come back within its timeout. ${CLOSE_IT}`,
      );
    case Outcome.FULL:
      return new TenonError(
        'ERR_TENON_CALL_FAILED',
        `Cannot call ${what}: ${detail} calls wait for its thread already, which is the limit. Wait for some of them, or raise the limit.`,
        { status: 'TENON_BUSY' },
      );
    case Outcome.EXHAUSTED:
      return new TenonError('ERR_TENON_CALL_FAILED', `Cannot call ${what}: the host has no memory for it.`, {
        status: 'TENON_NO_MEMORY',
      });
    default:
      return undefined;
  }
}

/** Throws for an input that native code has refused. */
export function refuseInput(argument: string, input: unknown): never {
  requireBytes(argument, input);
  throw invalidArgument(argument, 'must be a Uint8Array over ordinary memory');
}
