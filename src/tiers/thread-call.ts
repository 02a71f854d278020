/** What a thread was asked for and somebody waits for: a call, a batch, `new`, `drop`. */
import type { Batch, BatchResult } from '../batch.js';
import { requireBytes } from '../bytes.js';
import { invalidArgument } from '../errors.js';
import { badBatch, batchResult, requireBatch } from './binding.js';
import { isBreach, Outcome } from './control.js';
import { type CallSite, callFailure, newFailure, refuseInput, timeoutFailure } from './status.js';
import { ThreadControl } from './thread-control.js';
import type { Answer, ThreadNative, Ticket } from './thread-native.js';
import type { Watched } from './thread-watch.js';
import type { CallOptions } from './tier.js';

/** The most that a timer of Node.js waits. */
const MAX_MS = 2 ** 31 - 1;
const NOTHING = Buffer.alloc(0);

/** Who has a call forgotten that is given up. */
export interface Owner {
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
  deadline = 0;
  /** Nobody waits any more. */
  over = false;
  readonly site: CallSite;
  protected readonly owner: Owner;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    owner: Owner,
    site: CallSite,
    resolve: (value: never) => void,
    reject: (reason: unknown) => void,
  ) {
    this.owner = owner;
    this.site = site;
    this.#resolve = resolve as (value: unknown) => void; // what `value` of the same class makes
    this.#reject = reject;
  }

  protected abstract value(answer: Answer): unknown;

  protected failure(answer: Answer): Error {
    return callFailure(this.owner.native.failure(answer), this.site);
  }

  settle(answer: Answer): void {
    this.id = -1;
    if (this.over) {
      this.owner.native.skip(answer);
    } else {
      this.#finish(answer);
    }
    this.owner.settled(this);
  }

  #finish(answer: Answer): void {
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
    this.giveUp(timeoutFailure(outcome, this.deadline, this.site));
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

/** `new`, whose promise is that of the instance. */
export class PendingNew extends Pending {
  protected value(): void {}

  protected override failure(answer: Answer): Error {
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

/** Hands an input over, again after a look at its memory if native code wants that. */
export function handInput(native: ThreadNative, input: Uint8Array, hand: (input: Uint8Array) => void): void {
  hand(input);
  if (native.at(ThreadControl.OUTCOME) !== Outcome.INSPECT) return;
  requireBytes('input', input);
  native.control[ThreadControl.CHECKED] = 1;
  hand(input);
  native.control[ThreadControl.CHECKED] = 0;
}

/** The error for an input that native code has refused; undefined if that was not the reason. */
function inputRefusal(outcome: number, argument: string, input: Uint8Array): Error | undefined {
  if (outcome !== Outcome.NOT_BYTES && outcome !== Outcome.SHARED) return undefined;
  try {
    return refuseInput(argument, input);
  } catch (error) {
    return error as Error;
  }
}

/** The result of a batch that is to be taken. */
export function takeBatch(native: ThreadNative, answer: Answer, length: number): BatchResult {
  const end = {
    outcome: answer.outcome,
    detail: answer.detail,
    processed: answer.processed,
    total: answer.length,
  };
  const offsets = new Int32Array(length + 1);
  const statuses = new Int32Array(length);
  native.addon.takeBatch(offsets, statuses);
  let taken = false;
  try {
    return batchResult(end, offsets, statuses, (target) => {
      taken = true;
      native.addon.take(target);
    });
  } finally {
    if (!taken) native.addon.skip(); // there was no memory for it
  }
}

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function checkDeadline(deadline: unknown): number | undefined {
  if (deadline === undefined) return undefined;
  if (typeof deadline === 'number' && deadline > 0 && deadline <= MAX_MS) return deadline;
  throw invalidArgument(
    'deadline',
    `must be milliseconds, more than 0 and at most ${MAX_MS}, not ${String(deadline)}`,
  );
}

function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || typeof signal?.throwIfAborted === 'function') return signal;
  throw invalidArgument('signal', 'must be an AbortSignal');
}
