/** Growing pauses between attempts, which can be cut short. */
import { ExponentialBackoff, type IBackoff, noJitterGenerator } from 'cockatiel';
import { Timer } from '../base/timer.js';
import { nextTurn } from './turns.js';

/** The pauses before a connector is connected again, or a frame is written again. */
export interface ReconnectOptions {
  /** Milliseconds before the second attempt. Default 100. */
  readonly first?: number;
  /** The ratio of each pause to the previous one. Default 1.5. */
  readonly growth?: number;
  /** The longest pause, in milliseconds. Default 30 000. */
  readonly most?: number;
}

/** The pauses of one connector. After `hurry`, there are none any more. */
export class Pauses {
  readonly #first: IBackoff<unknown>;
  #present: IBackoff<unknown> | undefined;
  #hurried = false;
  readonly #sleepers = new Set<() => void>();

  constructor({ first = 100, growth = 1.5, most = 30_000 }: ReconnectOptions = {}) {
    const settings = { initialDelay: first, exponent: growth, maxDelay: most, generator: noJitterGenerator };
    this.#first = new ExponentialBackoff(settings).next();
  }

  /** Whether the time of patience is over: only one last attempt is made. */
  get hurried(): boolean {
    return this.#hurried;
  }

  /** Waits for the next pause, which is longer than the last. After `hurry`, there is hardly one. */
  async next(): Promise<void> {
    this.#present = this.#present === undefined ? this.#first : this.#present.next(undefined);
    await this.sleep(this.#present.duration);
  }

  /** Waits for so many milliseconds. After `hurry`, it only lets the event loop turn. */
  async sleep(ms: number): Promise<void> {
    if (this.#hurried) return await nextTurn();
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#sleepers.delete(end);
        resolve();
      };
      const timer = new Timer(ms, end);
      this.#sleepers.add(end);
    });
  }

  /** Begins again with the shortest pause. */
  reset(): void {
    this.#present = undefined;
  }

  /** Cuts the present pause short, and all later ones. */
  hurry(): void {
    this.#hurried = true;
    for (const wake of [...this.#sleepers]) wake();
  }
}
