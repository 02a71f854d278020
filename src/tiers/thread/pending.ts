/** Operations of a thread that JavaScript waits for, among them `new` and `drop`. */
import type { SettingChanges } from '../../library/process-settings.js';
import { type CallSite, callFailure, newFailure, timeoutFailure } from '../status.js';
import type { ThreadAnswer, ThreadNative, Ticket } from './native.js';
import type { Watched } from './timeouts.js';

/** The owner of calls: an instance. */
export interface CallOwner {
  readonly native: ThreadNative;
  /** Takes a call out of the queue. Returns false if it has already begun. */
  revoke(pending: Pending): boolean;
  /** Called when the call no longer needs to be watched. */
  settled(pending: Pending): void;
}

/** A pending operation. It is settled once: by its answer, or by being abandoned. */
export abstract class Pending implements Ticket, Watched {
  /** The id by which native code knows the operation; -1 if it does not. */
  id = -1;
  expires = Number.POSITIVE_INFINITY;
  /** Milliseconds that it may run; 0 for no limit. */
  timeout = 0;
  /** Whether the promise is settled. */
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
    this.#resolve = resolve as (value: unknown) => void; // accepts the result of `value` of the same class
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
      this.#reject(error); // allocating the result failed
    }
  }

  protected failed(outcome: number): boolean {
    return outcome !== 0;
  }

  /** Rejects the promise because its timeout has passed. `outcome` says whether the operation had begun. */
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

  /** Called once, when the promise is settled. */
  protected end(): void {
    this.over = true;
  }
}

/** A pending `new`. Its promise is fulfilled with the settings of the process that it changed. */
export class PendingNew extends Pending {
  protected value({ processed, detail }: ThreadAnswer): SettingChanges {
    return { settings: processed, signals: detail >>> 0 };
  }

  protected override failure(answer: ThreadAnswer): Error {
    return newFailure(this.owner.native.failure(answer), this.site);
  }
}

/** A pending `drop`. */
export class PendingDrop extends Pending {
  protected value(): void {}

  /** Fulfils the promise, because it is unknown when `drop` will run. */
  doNotWait(): void {
    this.fulfil();
  }
}
