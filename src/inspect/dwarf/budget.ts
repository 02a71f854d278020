/** The budget of work for one lookup in debug information. */
import { TenonError } from '../../base/errors.js';

/**
 * The maximum number of steps. A step is a small unit of work, such as an operation of a line table. A crash
 * in a plugin of 20 MB takes a tenth of them. All of them take about as long as the start of a process.
 */
const MOST = 3_000_000;
/** The number of bytes that are read or decompressed in the time of one step. */
const READ_PER_STEP = 32;
const INFLATED_PER_STEP = 8;
/** The number of steps for an error, which captures a stack. */
const REFUSAL = 500;

export class LookupBudget {
  readonly #path: string;
  #left = MOST;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws TenonError ERR_TENON_UNREADABLE if the budget is used up */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw this.fail('it takes too much work');
  }

  read(bytes: number): void {
    this.spend(1 + bytes / READ_PER_STEP);
  }

  inflate(bytes: number): void {
    this.spend(bytes / INFLATED_PER_STEP);
  }

  /** Whether the budget is used up. Loops that ignore errors must check it. */
  get isDone(): boolean {
    return this.#left < 0;
  }

  /** Returns undefined if `attempt` throws a TenonError. @throws any other error, which is a bug */
  attempt<T>(attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof TenonError)) throw error;
      this.#left -= REFUSAL;
      return undefined;
    }
  }

  /** Returns the error for invalid debug information. */
  fail(problem: string): TenonError {
    const { length } = this.#path;
    const path = length > 500 ? `…${this.#path.slice(-500)}` : this.#path;
    return new TenonError(
      'ERR_TENON_UNREADABLE',
      `Cannot read the debug information of ${path}: ${problem}.`,
      {
        path: this.#path,
      },
    );
  }
}
