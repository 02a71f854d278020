/** Calls that wait in a queue for their turn: one message, or a batch. */
import type { Batch, BatchResult } from '../../base/batch.js';
import { requireBytes } from '../../base/bytes.js';
import { invalidArgument } from '../../base/errors.js';
import { badBatch, requireBatch } from '../binding.js';
import { isBreach, Outcome } from '../control.js';
import { type CallSite, callFailure } from '../status.js';
import type { CallOptions } from '../tier.js';
import { ThreadControl } from './control.js';
import { handInput, inputRefusal, takeBatch } from './input.js';
import type { Answer, ThreadNative } from './native.js';
import { checkDeadline } from './options.js';
import { type Owner, Pending } from './pending.js';

const NOTHING = Buffer.alloc(0);

/** A call that is queued: one message, or a batch. */
export abstract class PendingCall extends Pending {
  readonly #signal: AbortSignal | undefined;
  readonly #method: number;

  constructor(
    owner: Owner,
    site: CallSite,
    method: number,
    options: CallOptions | undefined,
    byDefault: number | undefined,
    resolve: (value: never) => void,
    reject: (reason: unknown) => void,
  ) {
    super(owner, site, resolve, reject);
    this.#method = method;
    const deadline = checkDeadline(options?.deadline) ?? byDefault;
    if (deadline !== undefined) {
      this.deadline = deadline;
      this.expires = performance.now() + deadline;
    }
    this.#signal = checkSignal(options?.signal);
    this.#signal?.throwIfAborted();
  }

  /** From here on the signal can end the wait. */
  listen(): void {
    this.#signal?.addEventListener('abort', this, { once: true });
  }

  /** Hands the call to native code, which copies its input. The outcome: 0 if it is queued. */
  send(limit: number): number {
    const { native } = this.owner;
    const { control } = native;
    this.id = native.issue(this);
    control[ThreadControl.CALL] = this.id;
    control[ThreadControl.METHOD] = this.#method;
    control[ThreadControl.DEADLINE] = Math.ceil(this.deadline);
    control[ThreadControl.LIMIT] = limit;
    this.hand(native);
    const outcome = native.at(ThreadControl.OUTCOME);
    if (outcome === 0) {
      this.letGo();
    } else {
      native.withdraw(this.id);
      this.id = -1;
    }
    return outcome;
  }

  /** The event of the signal. */
  handleEvent(): void {
    if (this.over) return;
    this.owner.revoke(this);
    this.giveUp(this.#signal?.reason);
  }

  /** Why native code has refused it. */
  refusal(outcome: number, limit: number): Error {
    return callFailure({ outcome, detail: limit, text: '' }, this.site);
  }

  protected override end(): void {
    super.end();
    this.letGo();
    this.#signal?.removeEventListener('abort', this);
  }

  protected abstract hand(native: ThreadNative): void;
  /** Keeps a copy of the input until it can be handed over. */
  abstract keep(): void;
  protected abstract letGo(): void;
}

export class PendingMessage extends PendingCall {
  input: Uint8Array = NOTHING;

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

  protected value(answer: Answer): Buffer {
    return this.owner.native.output(answer);
  }
}

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

  protected value(answer: Answer): BatchResult {
    return takeBatch(this.owner.native, answer, this.#length);
  }
}

function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || typeof signal?.throwIfAborted === 'function') return signal;
  throw invalidArgument('signal', 'must be an AbortSignal');
}
