/** The processes that a plugin has had, as far back as anybody may still ask. */

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
  /** When it came to work, by performance.now(). */
  since: number | undefined;
  report: CrashReport | undefined;
  readonly reported: Deferred<CrashReport>;
}

/** After a call has failed with a crash, how long its report may take. */
const REPORT_PATIENCE = 1000;
/** Calls of a generation that fail do so before the next but one has ended. */
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

  /** The error of a call in a generation, with the report of its end if that is what the call has met. */
  async explain(error: unknown, number: number): Promise<unknown> {
    const generation = this.find(number);
    if (!isCrash(error) || generation === undefined) return error;
    const report = bounded(generation.reported.promise, { ms: REPORT_PATIENCE }, () => error);
    return report.then(crashError, () => error);
  }

  /** The same with what is known now. */
  explainNow(error: unknown, number: number): unknown {
    const report = this.find(number)?.report;
    return isCrash(error) && report !== undefined ? crashError(report) : error;
  }
}

/** The end that a call has met, if its error tells. */
export function endIn(error: unknown): RunnerExit | undefined {
  if (!isCrash(error)) return undefined;
  const { generation, reason, uptimeMs } = (error.cause ?? {}) as Partial<RunnerExit>;
  const tells = typeof generation === 'number' && typeof reason === 'string' && typeof uptimeMs === 'number';
  return tells ? (error.cause as RunnerExit) : undefined;
}

function isCrash(error: unknown): error is TenonError {
  return error instanceof TenonError && error.code === 'ERR_TENON_CRASHED';
}
