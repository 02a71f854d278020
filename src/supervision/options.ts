/** The options and events of a supervisor. */
import type { TenonError } from '../base/errors.js';
import type { CallTally } from '../tiers/call-tally.js';
import type { CrashedPlugin, CrashReport } from './crash-report.js';
import type { RestartOptions } from './restart.js';
import type { StateChange } from './states.js';

/** The options of a supervisor. */
export interface SupervisorOptions extends CrashedPlugin {
  /** The restart policy. Default: 5 restarts within a minute. `false`: no restarts. */
  readonly restart?: RestartOptions | false;
  /**
   * The behavior of an asynchronous call while no process runs. Default `fail`. A synchronous call always
   * fails.
   */
  readonly whenDown?: 'fail' | 'wait';
  /** The longest wait of a call for a process, in milliseconds. Default: no limit. */
  readonly timeout?: number | undefined;
  /** Milliseconds that `new` has at least when an instance is recreated, even if `timeout` is shorter. */
  readonly startTimeout?: number;
  /**
   * The behavior of a call beyond `maxInFlight`. With `wait`, a call that was not yet sent at a crash goes to
   * the next process.
   */
  readonly whenFull?: 'fail' | 'wait';
  /** The maximum number of calls that wait for a process. Default 1024. */
  readonly maxInFlight?: number;
  /** The counters for calls that were not sent to a process. */
  readonly tally: CallTally;
  /** Called when the process is not restarted, before any event and before any call fails. */
  readonly onFailed?: (reason: TenonError) => void;
}

/** The events of a supervisor. Listeners are called on the next tick, so that they cannot disturb it. */
export interface SupervisorEventMap {
  state: [change: StateChange];
  /** A process ended, on request or by a crash. */
  exit: [report: CrashReport];
  /** A process will be started after `delay` milliseconds. */
  restart: [restart: { generation: number; delay: number }];
  /**
   * An instance could not be recreated in the process of that generation. The first call after `delay` milliseconds
   * tries again; null means that there is no further attempt.
   */
  renewal: [renewal: { generation: number; error: TenonError; delay: number | null }];
  /** Lines that the plugin wrote to its standard streams. */
  stdout: [line: string];
  stderr: [line: string];
}
