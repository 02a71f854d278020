/** Queued calls: one message, or a batch. */

import { ignoreAbort, listenForAbort } from '../../base/abort.js';
import type { Batch, BatchResult } from '../../base/batch.js';
import { requireBytes } from '../../base/bytes.js';
import { isRecycling } from '../../base/recycled-memory.js';
import { badBatch, requireBatch } from '../binding.js';
import { callSettings, nativeTimeout } from '../call-options.js';
import { countCall } from '../call-tally.js';
import { isBreach, Outcome } from '../control.js';
import { type CallSite, callFailure } from '../status.js';
import type { CallOptions } from '../tier.js';
import { ThreadControl } from './control.js';
import { handInput, inputRefusal, takeBatch } from './input.js';
import type { ThreadAnswer, ThreadNative } from './native.js';
import { type CallOwner, Pending } from './pending.js';

const NOTHING = Buffer.alloc(0);

/** A queued call: one message, or a batch. */
export abstract class PendingCall extends Pending {
  readonly #signal: AbortSignal | undefined;
  readonly #method: number;
  #listening = false;
  #sentBytes = 0;

  constructor(
    owner: CallOwner,
    site: CallSite,
    method: number,
    options: CallOptions | undefined,
    byDefault: number | undefined,
    resolve: (value: never) => void,
    reject: (reason: unknown) => void,
  ) {
    super(owner, site, resolve, reject);
    this.#method = method;
    const { signal, timeout } = callSettings(options, byDefault);
    signal?.throwIfAborted();
    this.#signal = signal;
    if (timeout !== Number.POSITIVE_INFINITY) {
      this.timeout = timeout;
      this.expires = performance.now() + timeout;
    }
  }

  /** Registers the call as in flight. From here on the signal can abort it. */
  listen(): void {
    this.#listening = true;
    this.site.tally.inFlight += 1;
    listenForAbort(this.#signal, this);
  }

  /**
   * Passes the call to native code, which copies its input. Returns the outcome, which is 0 if the call is
   * queued.
   */
  send(limit: number): number {
    const { native } = this.owner;
    const { control } = native;
    this.id = native.issue(this);
    control[ThreadControl.CALL] = this.id;
    control[ThreadControl.METHOD] = this.#method;
    control[ThreadControl.TIMEOUT] = nativeTimeout(this.timeout, 0);
    control[ThreadControl.LIMIT] = limit;
    this.hand(native);
    const outcome = native.at(ThreadControl.OUTCOME);
    if (outcome === 0) {
      this.#sentBytes = this.inputSize;
      this.letGo();
    } else {
      native.withdraw(this.id);
      this.id = -1;
    }
    return outcome;
  }

  /** Handles the abort of the signal. */
  aborted(): void {
    if (this.over) return;
    this.owner.revoke(this);
    this.giveUp(this.#signal?.reason);
  }

  /** Returns the error for a call that native code refused. */
  refusal(outcome: number, limit: number): Error {
    return callFailure({ outcome, detail: limit, text: '' }, this.site);
  }

  protected succeeded(answer: ThreadAnswer): void {
    countCall(this.site.tally, this.#sentBytes, answer.length);
  }

  protected override end(): void {
    super.end();
    this.letGo();
    if (this.#listening) this.site.tally.inFlight -= 1;
    ignoreAbort(this.#signal, this);
  }

  /** The size of the input in bytes. */
  protected abstract get inputSize(): number;
  protected abstract hand(native: ThreadNative): void;
  /** Keeps a copy of the input until the call can be queued. */
  abstract keep(): void;
  protected abstract letGo(): void;
}

/** A queued call with one message. */
export class PendingMessage extends PendingCall {
  input: Uint8Array = NOTHING;
  readonly #recycled = isRecycling();

  protected get inputSize(): number {
    return this.input.length;
  }

  protected hand(native: ThreadNative): void {
    handInput(native, this.input, native.addon.call);
  }

  override refusal(outcome: number, limit: number): Error {
    return inputRefusal(outcome, 'input', this.input) ?? super.refusal(outcome, limit);
  }

  keep(): void {
    requireBytes('input', this.input);
    this.input = Buffer.from(this.input);
  }

  protected letGo(): void {
    this.input = NOTHING;
  }

  protected value(answer: ThreadAnswer): Buffer {
    this.succeeded(answer);
    return this.owner.native.output(answer, this.#recycled);
  }
}

/** A queued call with a batch. */
export class PendingBatch extends PendingCall {
  #offsets: Int32Array = new Int32Array(0);
  #data: Uint8Array = NOTHING;
  #length = 0;

  set batch(batch: Batch) {
    const { offsets, data } = requireBatch(batch);
    this.#offsets = offsets;
    this.#data = data;
    this.#length = Math.max(offsets.length - 1, 0);
  }

  protected get inputSize(): number {
    return this.#data.length;
  }

  protected hand(native: ThreadNative): void {
    native.addon.callMany(this.#offsets, this.#data);
  }

  override refusal(outcome: number, limit: number): Error {
    if (outcome === Outcome.BAD_BATCH) return badBatch();
    return inputRefusal(outcome, 'batch.data', this.#data) ?? super.refusal(outcome, limit);
  }

  keep(): void {
    this.#offsets = this.#offsets.slice();
    this.#data = Buffer.from(this.#data);
  }

  protected letGo(): void {
    this.#offsets = new Int32Array(0);
    this.#data = NOTHING;
  }

  protected override failed(outcome: number): boolean {
    return outcome < 0 && !isBreach(outcome);
  }

  protected value(answer: ThreadAnswer): BatchResult {
    this.succeeded(answer);
    return takeBatch(this.owner.native, answer, this.#length);
  }
}
