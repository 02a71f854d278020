/** A message bus: one immutable message to many plugins. */
import { asTenonError, invalidArgument, type TenonError } from '../base/errors.js';
import { shown } from '../base/options.js';
import type { Instance } from '../host/instance.js';
import { MESSAGE } from './kinds.js';

/** The outcome of a message. */
export interface Broadcast {
  /** The number of members that took it. */
  readonly delivered: number;
  /** The members that failed, and why. A member that answered TENON_CLOSED has left and is not among them. */
  readonly failed: readonly { readonly instance: Instance; readonly error: TenonError }[];
}

interface Member {
  readonly instance: Instance;
  readonly handle: (message: Uint8Array) => Promise<Uint8Array>;
  /** Ends when the member has handled all messages so far. */
  last: Promise<unknown>;
}

/**
 * Sends messages to all members. Each member gets them one at a time and in order, and members work concurrently.
 *
 * ```js
 * const bus = new MessageBus();
 * bus.join(instance);
 * await bus.send(Buffer.from('reload'));
 * ```
 */
export class MessageBus {
  readonly #members = new Map<Instance, Member>();

  /** The number of members. */
  get size(): number {
    return this.#members.size;
  }

  /**
   * Adds an instance of the kind `message/1`. Does nothing if it is a member.
   * @throws TenonError ERR_TENON_MISSING_KIND
   */
  join(instance: Instance): this {
    if (this.#members.has(instance)) return this;
    const { handle } = instance.as(MESSAGE);
    this.#members.set(instance, { instance, handle, last: Promise.resolve() });
    instance.once('close', () => this.#members.delete(instance));
    return this;
  }

  /** Removes an instance. Messages that were sent before still reach it. */
  leave(instance: Instance): this {
    this.#members.delete(instance);
    return this;
  }

  /**
   * Sends a message to all members. The bytes are copied first. Is fulfilled when all have handled it.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if the message is not a Uint8Array
   */
  async send(message: Uint8Array): Promise<Broadcast> {
    if (!(message instanceof Uint8Array))
      throw invalidArgument('message', `must be a Uint8Array, not ${shown(message)}`);
    const copy = Uint8Array.from(message);
    const outcomes = await Promise.all(
      [...this.#members.values()].map((member) => this.#deliver(member, copy)),
    );
    return {
      delivered: outcomes.filter((outcome) => outcome === 'delivered').length,
      failed: outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome])),
    };
  }

  async #deliver(
    member: Member,
    message: Uint8Array,
  ): Promise<'delivered' | 'left' | Broadcast['failed'][number]> {
    const work = member.last.then(() => member.handle(message));
    member.last = work.catch(() => undefined);
    try {
      await work;
      return 'delivered';
    } catch (thrown) {
      const error = asTenonError(thrown, 'ERR_TENON_CALL_FAILED', 'handle failed');
      if (error.status !== 'TENON_CLOSED' && error.code !== 'ERR_TENON_CLOSED')
        return { instance: member.instance, error };
      this.leave(member.instance);
      return 'left';
    }
  }
}
