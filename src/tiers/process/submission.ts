/** An asynchronous request to a runner, from its submission to its result. */

import { Status } from '../../base/abi.js';
import { ignoreAbort, listenForAbort } from '../../base/abort.js';
import { attentiveNow } from '../../base/attention.js';
import { isRecycling } from '../../base/recycled-memory.js';
import { Outcome } from '../control.js';
import type { CallSite } from '../status.js';
import type { Answer } from './channel.js';
import { ProcessOutcome } from './protocol.js';
import type { PendingRequest, PendingRequests } from './requests.js';

/** An asynchronous request. */
export interface AsyncRequest<T> {
  readonly site: CallSite;
  /** The timeout in milliseconds; Infinity for none. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether it counts as a call. */
  readonly counts: boolean;
  /** Whether it must run even if it is late, as `drop` must. Default: it need not. */
  readonly firm?: boolean;
  /** The number of messages in a batch; 0 for other requests. */
  readonly batch: number;
  /** The bytes of its input. */
  readonly size: number;
  /** Sends the request. Returns its outcome, which is 0 if it was sent. */
  send(slot: number): number;
  /** Called if the request must wait. It must then copy its input, because the caller may change it. */
  keep(): void;
  /** Converts the answer to the result. May throw. */
  take(answer: Answer): T;
  /** Handles an answer that arrived after the request was abandoned. */
  discard?(answer: Answer): void;
}

/**
 * The valid outcomes of the plugin, and of the runner about the plugin. Any other value means that the runner
 * is corrupted.
 */
const VALID = new Set<number>([
  ...Object.values(Status),
  ...Object.values(Outcome),
  ProcessOutcome.BAD_TABLE,
  ProcessOutcome.MISSING_KIND,
]);
for (const ours of [Outcome.NOT_BYTES, Outcome.SHARED, Outcome.INSPECT, Outcome.NOT_BEGUN])
  VALID.delete(ours);

/** Returns whether an outcome comes from the plugin, or from the runner about the plugin. */
export function isValid(outcome: number): boolean {
  return VALID.has(outcome);
}

/** The interface of the engine for its requests. */
export interface Submitter {
  readonly requests: PendingRequests;
  readonly lifetime: { breach(): void };
  failLater(site: CallSite): Promise<never>;
}

/** A submitted request. */
export class Submission<T> implements PendingRequest {
  readonly site: CallSite;
  readonly timeout: number;
  readonly counts: boolean;
  readonly batch: number;
  readonly size: number;
  readonly firm: boolean;
  readonly recycled = isRecycling();
  due: number;
  slot = -1;
  order = -1;
  placed = false;
  over = false;
  readonly #submitter: Submitter;
  readonly #asked: AsyncRequest<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    submitter: Submitter,
    asked: AsyncRequest<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    const { site, timeout, signal, counts, batch, size, firm = false } = asked;
    this.firm = firm;
    this.site = site;
    this.timeout = timeout;
    this.counts = counts;
    this.batch = batch;
    this.size = size;
    this.due = timeout === Number.POSITIVE_INFINITY ? timeout : attentiveNow() + timeout;
    this.#submitter = submitter;
    this.#asked = asked;
    this.#resolve = resolve;
    this.#reject = reject;
    if (counts) site.tally.inFlight += 1;
    listenForAbort(signal, this);
  }

  send(slot: number): number {
    return this.#asked.send(slot);
  }

  settle(answer: Answer): void {
    const valid = isValid(answer.status);
    if (this.over) {
      if (valid || answer.status === Outcome.NOT_BEGUN) this.#asked.discard?.(answer);
      return;
    }
    this.#end();
    if (!valid) {
      this.#submitter.lifetime.breach();
      this.#submitter.failLater(this.site).catch(this.#reject);
      return;
    }
    try {
      this.#resolve(this.#asked.take(answer));
    } catch (error) {
      this.#reject(error);
    }
  }

  fail(error: unknown): void {
    if (this.over) return;
    this.#end();
    this.#reject(error);
  }

  /** Called when the signal is aborted. A call that has begun is not stopped; its answer is discarded. */
  aborted(): void {
    this.#submitter.requests.withdraw(this);
    this.fail(this.#asked.signal?.reason);
  }

  #end(): void {
    this.over = true;
    if (this.counts) this.site.tally.inFlight -= 1;
    ignoreAbort(this.#asked.signal, this);
  }
}

/** Returns a request whose caller no longer waits for the answer. */
export function abandoned(
  site: CallSite,
  timeout: number,
  discard: (answer: Answer) => void = () => undefined,
): PendingRequest {
  const position = { slot: -1, order: -1, placed: false, due: Number.POSITIVE_INFINITY };
  const input = { counts: false, firm: false, batch: 0, size: 0, send: () => 0 };
  return { ...position, ...input, site, timeout, over: true, settle: discard, fail: () => undefined };
}
