/** The options of the thread tier, checked. */
import { invalidArgument } from '../../base/errors.js';

/** How an instance is to run on its thread. */
export interface ThreadOptions {
  /** Milliseconds for `new`, `drop` and every call that says nothing itself. Default: no deadline. */
  readonly deadline?: number | undefined;
  /** Calls that may wait for the thread. Default 1024. */
  readonly queue?: number;
  /** What a call does that finds the queue full: fail with TENON_BUSY (the default), or wait, with a copy of its input. */
  readonly whenFull?: 'error' | 'wait';
}

/** More than can ever wait. */
export const NO_LIMIT = 2 ** 31 - 1;

/** The options with their defaults. */
export interface ThreadSettings {
  readonly deadline: number | undefined;
  readonly queue: number;
  readonly whenFull: 'error' | 'wait';
}

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
export function checkOptions({ deadline, queue = 1024, whenFull = 'error' }: ThreadOptions): ThreadSettings {
  if (!Number.isInteger(queue) || queue < 1 || queue > NO_LIMIT)
    throw invalidArgument('queue', `must be an integer from 1 to ${NO_LIMIT}, not ${String(queue)}`);
  if (whenFull !== 'error' && whenFull !== 'wait')
    throw invalidArgument('whenFull', `must be 'error' or 'wait', not ${JSON.stringify(whenFull)}`);
  return { deadline: checkDeadline(deadline), queue, whenFull };
}

/** The most that a timer of Node.js waits. */
const MAX_MS = 2 ** 31 - 1;

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function checkDeadline(deadline: unknown): number | undefined {
  if (deadline === undefined) return undefined;
  if (typeof deadline === 'number' && deadline > 0 && deadline <= MAX_MS) return deadline;
  throw invalidArgument(
    'deadline',
    `must be milliseconds, more than 0 and at most ${MAX_MS}, not ${String(deadline)}`,
  );
}
