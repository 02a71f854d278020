/** The work that one look into debug information may take, over all its parts. */
import { TenonError } from '../../base/errors.js';

/**
 * Steps, each of which is a small thing done: an operation of a line table, an attribute of an entry. What a crash needs of a file of
 * 20 MB takes a tenth of it, and all of it takes about as long as it takes to start a process.
 */
const MOST = 3_000_000;
/** Bytes that take as long as a step: those that are only read, and those that are decompressed. */
const READ_PER_STEP = 32;
const INFLATED_PER_STEP = 8;
/** What an error costs, with its stack. */
const REFUSAL = 500;

export class Budget {
  readonly #path: string;
  #left = MOST;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws TenonError ERR_TENON_UNREADABLE when there is no more */
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

  /** Whether there is no more: whoever goes on where others were refused has to stop. */
  get isDone(): boolean {
    return this.#left < 0;
  }

  /** What `attempt` gives; undefined if it is refused. @throws whatever else goes wrong, which is a fault of ours */
  attempt<T>(attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof TenonError)) throw error;
      this.#left -= REFUSAL;
      return undefined;
    }
  }

  /** Makes the error for debug information that is not what it should be. */
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
