/** What a thread was asked for and somebody waits for; `new` and `drop`. */
import { type CallSite, callFailure, newFailure, timeoutFailure } from '../status.js';
import type { ThreadAnswer, ThreadNative, Ticket } from './native.js';
import type { Watched } from './timeouts.js';

/** Whose calls these are: an instance. */
export interface CallOwner {
  readonly native: ThreadNative;
  /** Takes the call back, if it has not begun. True if it had not. */
  revoke(pending: Pending): boolean;
  /** The call does not need to be watched any more. */
  settled(pending: Pending): void;
}

/** Something under way. Settled once, by its answer or by being given up. */
export abstract class Pending implements Ticket, Watched {
  /** By which native code knows it; -1 if it does not. */
  id = -1;
  expires = Number.POSITIVE_INFINITY;
  /** Milliseconds that it may run; 0 for as long as it likes. */
  timeout = 0;
  /** Nobody waits any more. */
  over = false;
  readonly site: CallSite;
  protected readonly owner: CallOwner;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    owner: CallOwner,
    site: CallSite,
    resolve: (value: never) => void,
    reject: (reason: unknown) => void,
  ) {
    this.owner = owner;
    this.site = site;
    this.#resolve = resolve as (value: unknown) => void; // what `value` of the same class makes
    this.#reject = reject;
  }

  protected abstract value(answer: ThreadAnswer): unknown;

  protected failure(answer: ThreadAnswer): Error {
    return callFailure(this.owner.native.failure(answer), this.site);
  }

  settle(answer: ThreadAnswer): void {
    this.id = -1;
    if (this.over) {
      this.owner.native.skip(answer);
    } else {
      this.#finish(answer);
    }
    this.owner.settled(this);
  }

  #finish(answer: ThreadAnswer): void {
    this.end();
    try {
      if (this.failed(answer.outcome)) this.#reject(this.failure(answer));
      else this.#resolve(this.value(answer));
    } catch (error) {
      this.#reject(error); // no memory for the result
    }
  }

  protected failed(outcome: number): boolean {
    return outcome !== 0;
  }

  /** Its time is over, as `outcome` says. */
  late(outcome: number): void {
    this.giveUp(timeoutFailure(outcome, this.timeout, this.site));
  }

  giveUp(reason: unknown): void {
    if (this.over) return;
    this.end();
    this.#reject(reason);
  }

  protected fulfil(value?: unknown): void {
    if (this.over) return;
    this.end();
    this.#resolve(value);
  }

  /** Called once, when nobody waits any more. */
  protected end(): void {
    this.over = true;
  }
}

/** `new`, whose promise is that of the instance. */
export class PendingNew extends Pending {
  protected value(): void {}

  protected override failure(answer: ThreadAnswer): Error {
    return newFailure(this.owner.native.failure(answer), this.site);
  }
}

/** `drop`. */
export class PendingDrop extends Pending {
  protected value(): void {}

  /** Nobody knows when it will run. */
  doNotWait(): void {
    this.fulfil();
  }
}
