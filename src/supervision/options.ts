/** What a supervisor is told, and what it tells. */
import type { TenonError } from '../base/errors.js';
import type { CallTally } from '../tiers/call-tally.js';
import type { CrashedPlugin, CrashReport } from './crash-report.js';
import type { RestartOptions } from './restart.js';
import type { StateChange } from './states.js';

/** What a supervisor is told. */
export interface SupervisorOptions extends CrashedPlugin {
  /** Default: 5 restarts within a minute. `false`: none. */
  readonly restart?: RestartOptions | false;
  /** What a call with a promise does while no process runs. Default `fail`. A call without one always fails. */
  readonly whenDown?: 'fail' | 'wait';
  /** How long a call waits for a process, in milliseconds. Default: for ever. */
  readonly timeout?: number | undefined;
  /** What a process does with calls beyond `maxInFlight`. With `wait`, those that it has not been sent at a crash go to the next one. */
  readonly whenFull?: 'fail' | 'wait';
  /** How many calls wait for a process at most. Default 1024. */
  readonly maxInFlight?: number;
  /** Where calls are counted that no process has seen. */
  readonly tally: CallTally;
  /** The process is not started again. Called before anybody else can notice. */
  readonly onFailed?: (reason: TenonError) => void;
}

/** The events of a supervisor. Listeners are called when it is done with what it does, so that they cannot disturb it. */
export interface SupervisorEventMap {
  state: [change: StateChange];
  /** A process ended, also one that was told to. */
  exit: [report: CrashReport];
  /** A process will be started after so many milliseconds. */
  restart: [restart: { generation: number; delay: number }];
  /** Lines that the plugin wrote to its standard streams. */
  stdout: [line: string];
  stderr: [line: string];
}
