/** The errors of a plugin whose process does not run. */
import { TenonError } from '../base/errors.js';
import type { RestartPolicy } from './restart.js';

/** Whose process it is. */
interface Subject {
  readonly plugin: string;
  readonly path: string;
}

/** Between a crash and the next start. */
export function downError(subject: Subject, state: string, last: TenonError | undefined): TenonError {
  const why = last === undefined ? '' : ` The last crash: ${last.message}`;
  return crashed(
    subject,
    `Cannot call ${subject.plugin}: its process does not run (it is ${state}). It is started again by itself; with whenDown: 'wait' calls wait for that.${why}`,
    last,
  );
}

/** There will be no next start. `policy` is what forbids it. `reasons` are the errors of all crashes that are known. */
export function failedError(
  subject: Subject,
  policy: RestartPolicy | 'never' | null,
  reasons: readonly TenonError[],
): TenonError {
  const list = reasons.map(({ message }, index) => `(${index + 1}) ${message}`).join(' ');
  return crashed(
    subject,
    `Plugin ${subject.plugin} is not started again: ${ruleOf(policy)}. Repair it, or call restart() to try once more. What happened: ${list}`,
    reasons.at(-1),
  );
}

function ruleOf(policy: RestartPolicy | 'never' | null): string {
  if (policy === 'never') return 'it has not come to work even once';
  if (policy === null) return 'it crashed, and its restart option is false';
  return `it crashed too often (restart.max ${policy.max} within ${policy.within} ms)`;
}

/** The supervisor was stopped. */
export function stoppedError({ plugin, path }: Subject): TenonError {
  const message = `Cannot call ${plugin}: its process was stopped. Load the plugin again.`;
  return new TenonError('ERR_TENON_CLOSED', message, { plugin, path });
}

/** A call has waited for a start as long as it may. */
export function lateError({ plugin, path }: Subject, timeout: number): TenonError {
  const message = `A call of ${plugin} was not made within its timeout of ${timeout} ms: the plugin's process did not run for so long.`;
  return new TenonError('ERR_TENON_TIMEOUT', message, { plugin, path });
}

/** Too many calls wait for a start. */
export function crowdedError({ plugin, path }: Subject, limit: number): TenonError {
  return new TenonError(
    'ERR_TENON_CALL_FAILED',
    `Cannot call ${plugin}: its process does not run, and ${limit} calls wait for it already (option maxInFlight).`,
    { plugin, path, status: 'TENON_BUSY' },
  );
}

function crashed({ plugin, path }: Subject, message: string, last: TenonError | undefined): TenonError {
  return new TenonError('ERR_TENON_CRASHED', message, {
    plugin,
    path,
    signal: last?.signal,
    report: last?.report,
    cause: last,
  });
}
