/** The latest processes of a plugin, as many as calls can still refer to. */

import { type Deferred, deferred } from '../base/deferred.js';
import { TenonError } from '../base/errors.js';
import type { RunnerExit } from '../tiers/process/settings.js';
import { type CrashReport, crashError } from './crash-report.js';
import type { Runner } from './runner.js';
import { bounded } from './waiting.js';

/** One process from its start to its end. */
export interface Generation {
  readonly number: number;
  runner: Runner | undefined;
  /** The time at which it was ready, by performance.now(). */
  since: number | undefined;
  report: CrashReport | undefined;
  readonly reported: Deferred<CrashReport>;
}

/** The maximum wait for the report after a call failed with a crash, in milliseconds. */
const REPORT_PATIENCE = 1000;
/** The number of generations kept. A call of a generation fails before the end of the second one after it. */
const KEPT = 4;

export class Generations {
  #generations: readonly Generation[] = [];

  get latest(): Generation | undefined {
    return this.#generations.at(-1);
  }

  begin(number: number): Generation {
    const generation: Generation = {
      number,
      runner: undefined,
      since: undefined,
      report: undefined,
      reported: deferred(),
    };
    this.#generations = [...this.#generations, generation].slice(-KEPT);
    return generation;
  }

  find(number: number): Generation | undefined {
    return this.#generations.find((generation) => generation.number === number);
  }

  /** Returns the error of a call in a generation, with the crash report if a crash was the cause. */
  async explain(error: unknown, number: number): Promise<unknown> {
    const generation = this.find(number);
    if (!isCrash(error) || generation === undefined) return error;
    const report = bounded(generation.reported.promise, { ms: REPORT_PATIENCE }, () => error);
    return report.then(crashError, () => error);
  }

  /** Does the same without waiting for a report. */
  explainNow(error: unknown, number: number): unknown {
    const report = this.find(number)?.report;
    return isCrash(error) && report !== undefined ? crashError(report) : error;
  }
}

/** Returns the end of the process that failed a call. Undefined if its error does not have it. */
export function endIn(error: unknown): RunnerExit | undefined {
  if (!isCrash(error)) return undefined;
  const { generation, reason, uptimeMs } = (error.cause ?? {}) as Partial<RunnerExit>;
  const isExit = typeof generation === 'number' && typeof reason === 'string' && typeof uptimeMs === 'number';
  return isExit ? (error.cause as RunnerExit) : undefined;
}

function isCrash(error: unknown): error is TenonError {
  return error instanceof TenonError && error.code === 'ERR_TENON_CRASHED';
}
