/**
 * Instances that are being made. The runner numbers instances consecutively. This side counts too, because
 * events may precede the answer.
 */
import type { InstanceEvents } from '../tier.js';
import type { RunnerChannel } from './channel.js';

/** Predicts the numbers of new instances and routes their events. */
export class NewInstances {
  readonly #channel: RunnerChannel;
  readonly #route: (instance: number, events: InstanceEvents) => void;
  #last = 0;
  #underway = 0;

  constructor(channel: RunnerChannel, route: (instance: number, events: InstanceEvents) => void) {
    this.#channel = channel;
    this.#route = route;
  }

  /** Whether an instance is being made, so that events wait. */
  get underway(): boolean {
    return this.#underway > 0;
  }

  /** Returns the number of the next instance, and routes its events. */
  next(events: InstanceEvents): number {
    this.#route(++this.#last, events);
    return this.#last;
  }

  /**
   * Returns the number of an instance that is made asynchronously. Until it exists, it has no listeners, so
   * events stay undelivered.
   */
  begin(events: InstanceEvents): number {
    if (++this.#underway === 1) this.#channel.pause(true);
    return this.next(events);
  }

  end(): void {
    if (--this.#underway === 0) this.#channel.pause(false);
  }

  /** Corrects the count: the runner did not count an instance for which it had no memory. */
  adopt(number: number, events: InstanceEvents): void {
    this.#route(number, events);
    this.#last = Math.max(number + this.#underway, 0);
  }
}
