/** Instances that are being made. The runner counts them, and so does this side, to know whose events come before the answer. */
import type { InstanceEvents } from '../tier.js';
import type { RunnerChannel } from './channel.js';

export class NewInstances {
  readonly #channel: RunnerChannel;
  readonly #route: (instance: number, events: InstanceEvents) => void;
  #last = 0;
  #underway = 0;

  constructor(channel: RunnerChannel, route: (instance: number, events: InstanceEvents) => void) {
    this.#channel = channel;
    this.#route = route;
  }

  /** Whether events wait, because an instance is being made. */
  get underway(): boolean {
    return this.#underway > 0;
  }

  /** The number that the next one will have. */
  next(events: InstanceEvents): number {
    this.#route(++this.#last, events);
    return this.#last;
  }

  /** The same for one that is made while the event loop runs: until it is there nobody can listen, so events wait where they are. */
  begin(events: InstanceEvents): number {
    if (++this.#underway === 1) this.#channel.pause(true);
    return this.next(events);
  }

  end(): void {
    if (--this.#underway === 0) this.#channel.pause(false);
  }

  /** The runner counts differently: it did not count one that it had no memory for. */
  adopt(number: number, events: InstanceEvents): void {
    this.#route(number, events);
    this.#last = Math.max(number + this.#underway, 0);
  }
}
