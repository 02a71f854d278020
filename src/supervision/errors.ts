/** The errors of a plugin whose process is not running. */
import { asTenonError, TenonError } from '../base/errors.js';
import { milliseconds } from '../base/text.js';
import type { FailedAttempt } from './attempts.js';
import type { RestartPolicy } from './restart.js';

/** The plugin of the process. */
interface Subject {
  readonly plugin: string;
  readonly path: string;
}

/** Returns the error of a call between a crash and the next start. */
export function downError(subject: Subject, state: string, last: TenonError | undefined): TenonError {
  const why = last === undefined ? '' : ` The last crash: ${last.message}`;
  return crashed(
    subject,
    `Cannot call ${subject.plugin}: its process is not running (state: ${state}). It restarts automatically; with whenDown: 'wait', calls wait for the restart.${why}`,
    last,
  );
}

/** Returns the error of a call while the system lacks a resource for the next start. */
export function lackingError({ plugin, path }: Subject, state: string, lack: TenonError): TenonError {
  const message = `Cannot call ${plugin}: its process is not running (state: ${state}), because the system lacks a resource. The start is tried again automatically; with whenDown: 'wait', calls wait for it. The last attempt: ${lack.message}`;
  return new TenonError(lack.code, message, { plugin, path, cause: lack });
}

/** Returns the error of a call to an instance that could not be recreated after a restart. */
export function notRenewedError(
  { plugin, path }: Subject,
  method: string,
  failed: FailedAttempt,
): TenonError {
  const { error, failures, until } = failed;
  const reason = asTenonError(error, 'ERR_TENON_NEW_FAILED', `new of plugin ${plugin} failed`);
  const next =
    until === Number.POSITIVE_INFINITY
      ? 'It is not tried again, because it ended the process too often. Repair the plugin, make a new instance, or call restart().'
      : `A call after ${Math.max(1, Math.ceil(until - performance.now()))} ms tries again.`;
  const times = failures === 1 ? 'once' : `${failures} times`;
  return new TenonError(
    reason.code,
    `Cannot call ${method} of plugin ${plugin}: after a restart of its process, this instance could not be made again (tried ${times}). ${next} The last attempt: ${reason.message}`,
    { plugin, path, status: reason.status, report: reason.report, signal: reason.signal, cause: reason },
  );
}

/** Returns the error of a plugin that `policy` does not restart. `reasons` are the errors of its crashes. */
export function failedError(
  subject: Subject,
  policy: RestartPolicy | 'never' | null,
  reasons: readonly TenonError[],
): TenonError {
  const list = reasons.map(({ message }, index) => `(${index + 1}) ${message}`).join(' ');
  return crashed(
    subject,
    `Plugin ${subject.plugin} is not restarted: ${ruleOf(policy)}. Repair it, or call restart() to try again. Crashes: ${list}`,
    reasons.at(-1),
  );
}

function ruleOf(policy: RestartPolicy | 'never' | null): string {
  if (policy === 'never') return 'it never started successfully';
  if (policy === null) return 'it crashed, and its restart option is false';
  return `it crashed too often (restart.max ${policy.max} within ${milliseconds(policy.within)})`;
}

/** Returns the error of a call after the supervisor was stopped. */
export function stoppedError({ plugin, path }: Subject): TenonError {
  const message = `Cannot call ${plugin}: its process was stopped. Load the plugin again.`;
  return new TenonError('ERR_TENON_CLOSED', message, { plugin, path });
}

/** Returns the error of a call that waited for a start until its timeout. */
export function lateError({ plugin, path }: Subject, timeout: number): TenonError {
  const message = `A call to ${plugin} could not start within its timeout of ${milliseconds(timeout)}: the plugin's process was not running.`;
  return new TenonError('ERR_TENON_TIMEOUT', message, { plugin, path });
}

/** Returns the error of a call that may not wait, because too many calls wait for a start. */
export function crowdedError({ plugin, path }: Subject, limit: number): TenonError {
  return new TenonError(
    'ERR_TENON_CALL_FAILED',
    `Cannot call ${plugin}: its process is not running, and ${limit} calls already wait for it (option maxInFlight).`,
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
