/** A method of an instance in the thread tier. */
import type { Batch, BatchResult } from '../../base/batch.js';
import { invalidArgument, type TenonError } from '../../base/errors.js';
import { badBatch, requireBatch } from '../binding.js';
import { callSettings } from '../call-options.js';
import { countCall } from '../call-tally.js';
import { isBreach, Outcome } from '../control.js';
import { frameOver } from '../frame.js';
import { badRecord, badResult, type CallSite, callFailure, refuseInput, timeoutFailure } from '../status.js';
import {
  type CallOptions,
  type FrameBinding,
  type RecordBinding,
  type TierBinding,
  wholeWords,
} from '../tier.js';
import { PendingBatch, type PendingCall, PendingMessage } from './call.js';
import { ThreadControl } from './control.js';
import { handInput, takeBatch } from './input.js';
import type { ThreadAnswer, ThreadNative } from './native.js';
import type { CallOwner } from './pending.js';

/** The interface of an instance to its methods. */
export interface BoundInstance extends CallOwner {
  readonly site: (method: string) => CallSite;
  /** Milliseconds for calls without a timeout of their own. */
  readonly timeout: number | undefined;
  /** Queues the call, or lets it wait. @throws TenonError if neither is possible */
  start(call: PendingCall): void;
  /** Selects the instance for a blocking call, which runs after all earlier calls. */
  aimToWait(method: number, timeout: number): void;
  /** Checks for timeouts, because a call was abandoned. */
  look(): void;
}

/** A method of an instance in the thread tier. */
export class ThreadBinding implements TierBinding {
  readonly blocking = false;
  readonly #instance: BoundInstance;
  readonly #native: ThreadNative;
  readonly #method: number;
  readonly #site: CallSite;

  constructor(instance: BoundInstance, method: number, name: string) {
    this.#instance = instance;
    this.#native = instance.native;
    this.#method = method;
    this.#site = instance.site(name);
  }

  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const { timeout } = this.#instance;
      const call = new PendingMessage(
        this.#instance,
        this.#site,
        this.#method,
        options,
        timeout,
        resolve,
        reject,
      );
      call.input = input;
      this.#instance.start(call);
    });
  }

  async callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Buffer> {
    const result = await this.call(input, options);
    if (result.length !== outputSize) throw badRecord(result.length, this.#site);
    return result;
  }

  frame(): FrameBinding {
    return frameOver(this);
  }

  badResult(problem: string): TenonError {
    return badResult(problem, this.#site);
  }

  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      const { timeout } = this.#instance;
      const call = new PendingBatch(
        this.#instance,
        this.#site,
        this.#method,
        options,
        timeout,
        resolve,
        reject,
      );
      call.batch = batch;
      this.#instance.start(call);
    });
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    const native = this.#native;
    const timeout = this.#timeoutOf(options);
    this.#instance.aimToWait(this.#method, timeout);
    handInput(native, input, native.addon.callSync);
    const answer = native.waited();
    const { outcome } = answer;
    if (outcome === 0) {
      countCall(this.#site.tally, input.length, answer.length);
      return native.output(answer);
    }
    if (outcome === Outcome.NOT_BYTES || outcome === Outcome.SHARED) refuseInput('input', input);
    throw this.#failure(answer, timeout);
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    const { offsets, data } = requireBatch(batch);
    const native = this.#native;
    const timeout = this.#timeoutOf(options);
    this.#instance.aimToWait(this.#method, timeout);
    native.addon.callManySync(offsets, data);
    const answer = native.waited();
    const { outcome } = answer;
    if (outcome >= 0 || isBreach(outcome)) {
      countCall(this.#site.tally, data.length, answer.length);
      return takeBatch(native, answer, Math.max(offsets.length - 1, 0));
    }
    if (outcome === Outcome.BAD_BATCH) throw badBatch();
    if (outcome === Outcome.NOT_BYTES || outcome === Outcome.SHARED) refuseInput('batch.data', data);
    throw this.#failure(answer, timeout);
  }

  /**
   * Pins memory for records. The thread works on copies, so it never accesses this memory while JavaScript
   * runs.
   */
  record(inputSize: number, outputSize: number): RecordBinding {
    const native = this.#native;
    const { addon, control } = native;
    const input = new ArrayBuffer(wholeWords(inputSize));
    const output = new ArrayBuffer(wholeWords(outputSize));
    const from = new Uint8Array(input, 0, inputSize);
    const to = new Uint8Array(output, 0, outputSize);
    const { timeout = Number.POSITIVE_INFINITY } = this.#instance;
    const invoke = (): void => {
      this.#instance.aimToWait(this.#method, timeout);
      // Memory that was transferred has length 0.
      if (from.length === inputSize && to.length === outputSize) addon.record(from, to);
      else control[ThreadControl.OUTCOME] = Outcome.NOT_BYTES;
    };
    const fail = (): never => {
      const answer = native.waited();
      if (answer.outcome === Outcome.NOT_BYTES)
        throw invalidArgument('record', 'must keep its memory, which was transferred elsewhere');
      throw this.#failure(answer, timeout);
    };
    return { input, output, control, invoke, fail };
  }

  /**
   * Returns the timeout of a blocking call.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT
   * @throws the reason of an aborted signal
   */
  #timeoutOf(options: CallOptions | undefined): number {
    const { timeout = Number.POSITIVE_INFINITY } = this.#instance;
    if (options === undefined) return timeout;
    const settings = callSettings(options, timeout);
    settings.signal?.throwIfAborted();
    return settings.timeout;
  }

  /** Returns the error for a blocking call. */
  #failure(answer: ThreadAnswer, timeout: number): Error {
    const { outcome } = answer;
    if (outcome === Outcome.TIMED_OUT || outcome === Outcome.NOT_BEGUN) {
      this.#instance.look();
      return timeoutFailure(outcome, timeout, this.#site);
    }
    const failure = this.#native.failure(answer);
    if (outcome === Outcome.WEDGED) this.#instance.look();
    if (outcome !== Outcome.FULL) return callFailure(failure, this.#site);
    return callFailure({ ...failure, detail: this.#native.at(ThreadControl.LIMIT) }, this.#site);
  }
}
