/** A method of an instance in the process tier. */
import type { Batch, BatchResult } from '../../base/batch.js';
import { isPlainBytes, requireBytes } from '../../base/bytes.js';
import type { TenonError } from '../../base/errors.js';
import { textOf } from '../../base/text.js';
import { badBatch, requireBatch } from '../binding.js';
import { callSettings, nativeTimeout } from '../call-options.js';
import { countCall } from '../call-tally.js';
import { Outcome } from '../control.js';
import { frameOver } from '../frame.js';
import { badRecord, badResult, type CallSite, callFailure, type Failure } from '../status.js';
import {
  type CallOptions,
  type FrameBinding,
  type RecordBinding,
  type TierBinding,
  wholeWords,
} from '../tier.js';
import type { Answer, RequestHeader } from './channel.js';
import type { Engine } from './engine.js';
import { closed, crashed } from './errors.js';
import { Operation, Word } from './protocol.js';
import type { RunnerInstance } from './runner-instance.js';

/** The outcomes for an input that native code does not accept as it is. */
const REFUSED: readonly number[] = [Outcome.NOT_BYTES, Outcome.SHARED, Outcome.INSPECT];

/** Converts an answer to a failure. */
export function failureOf({ status, detail, bytes }: Answer): Failure {
  return { outcome: status, detail, text: status > 0 ? textOf(bytes) : '' };
}

/** A method of an instance in the process tier. */
export class ProcessBinding implements TierBinding {
  readonly blocking = false;
  hasUnreadInput = false;
  /** Keeps the instance from being collected while its method can be called. */
  readonly owner: object;
  readonly #held: RunnerInstance;
  readonly #engine: Engine;
  readonly #site: CallSite;
  readonly #call: RequestHeader;
  readonly #batch: RequestHeader;

  constructor(owner: object, held: RunnerInstance, method: number, site: CallSite) {
    this.owner = owner;
    this.#held = held;
    this.#engine = held.engine;
    this.#site = site;
    this.#call = { operation: Operation.CALL, instance: held.number, method, detail: 0 };
    this.#batch = { operation: Operation.BATCH, instance: held.number, method, detail: 0 };
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    const engine = this.#ready();
    const { channel } = engine;
    if (channel.checksBytes !== true) requireFitting(engine, input);
    const timeout = options === undefined ? engine.timeout : this.#timeoutOf(options);
    const outcome = channel.request(this.#call, nativeTimeout(timeout, -1), input, 0);
    return outcome === 0 ? this.#result(input) : this.#seldom(outcome, input, timeout);
  }

  #result(input: Uint8Array): Buffer {
    const result = this.#engine.channel.result();
    if (result === null) throw this.#noMemory();
    countCall(this.#site.tally, input.length, result.length);
    return result;
  }

  /** Handles a call that failed, or whose input must be checked. */
  #seldom(found: number, input: Uint8Array, timeout: number): Buffer {
    const { channel } = this.#engine;
    let outcome = found;
    if (REFUSED.includes(outcome)) {
      requireFitting(this.#engine, input);
      outcome = channel.request(this.#call, nativeTimeout(timeout, -1), input);
      if (outcome === 0) return this.#result(input);
    }
    this.#engine.check(outcome, this.#site, timeout);
    throw this.#failure(outcome);
  }

  // An async function would add a promise and three turns of the microtask queue to each call.
  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    try {
      return this.#submit(this.#call, input, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Makes a record call. The runner checks the size of the record. */
  async callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Buffer> {
    const result = await this.#submit({ ...this.#call, detail: 1 + outputSize }, input, options);
    if (result.length !== outputSize) throw badRecord(result.length, this.#site);
    return result;
  }

  frame(): FrameBinding {
    return frameOver(this);
  }

  badResult(problem: string): TenonError {
    return badResult(problem, this.#site);
  }

  #submit(header: RequestHeader, input: Uint8Array, options: CallOptions | undefined): Promise<Buffer> {
    this.hasUnreadInput = true;
    if (!isPlainBytes(input)) requireBytes('input', input);
    const engine = this.#ready();
    engine.requireFitting('input', input.length);
    let bytes = input;
    let read = false;
    const promise = engine.submit({
      site: this.#site,
      ...callSettings(options, engine.timeout),
      counts: true,
      batch: 0,
      size: input.length,
      keep: () => {
        bytes = Uint8Array.from(input);
      },
      send: (slot) => {
        const outcome = engine.channel.send(header, slot, -1, bytes);
        read ||= outcome === 0;
        return outcome;
      },
      take: (answer) => {
        if (answer.status !== 0) throw callFailure(failureOf(answer), this.#site);
        countCall(this.#site.tally, bytes.length, answer.bytes.length);
        return answer.bytes;
      },
    });
    this.hasUnreadInput = !read;
    return promise;
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    const { offsets, data } = requireBatch(batch);
    const engine = this.#ready();
    const { channel } = engine;
    engine.requireFitting('batch', sizeOfBatch(offsets));
    const timeout = options === undefined ? engine.timeout : this.#timeoutOf(options);
    const outcome = channel.requestBatch(this.#batch, nativeTimeout(timeout, -1), offsets, data);
    if (outcome === Outcome.BAD_BATCH) throw badBatch();
    engine.check(outcome, this.#site, timeout);
    if (channel.control[Word.LENGTH] === 0) throw this.#failure(outcome);
    const result = channel.batchResult(offsets.length - 1);
    if (result === 'no-memory') throw this.#noMemory();
    if (result === 'invalid') {
      engine.lifetime.breach();
      throw crashed(this.#site, engine.lifetime.endNow());
    }
    countCall(this.#site.tally, data.length, result.data.length);
    return result;
  }

  async callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    this.hasUnreadInput = true;
    const given = requireBatch(batch);
    const engine = this.#ready();
    if (!areOffsets(given.offsets, given.data.length)) throw badBatch();
    let { offsets, data } = given;
    engine.requireFitting('batch', sizeOfBatch(offsets));
    let read = false;
    const promise = engine.submit({
      site: this.#site,
      ...callSettings(options, engine.timeout),
      counts: true,
      batch: offsets.length - 1,
      size: data.length,
      keep: () => {
        offsets = Int32Array.from(offsets);
        data = Uint8Array.from(data);
      },
      send: (slot) => {
        const outcome = engine.channel.sendBatch(this.#batch, slot, -1, offsets, data);
        read ||= outcome === 0;
        return outcome;
      },
      take: (answer) => {
        if (answer.batch !== null) {
          countCall(this.#site.tally, data.length, answer.batch.data.length);
          return answer.batch;
        }
        throw callFailure(failureOf(answer), this.#site);
      },
    });
    this.hasUnreadInput = !read;
    return promise;
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    const engine = this.#ready();
    const { channel } = engine;
    const input = new ArrayBuffer(wholeWords(inputSize));
    const output = new ArrayBuffer(wholeWords(outputSize));
    const bytes = new Uint8Array(input, 0, inputSize);
    const result = new Uint8Array(output, 0, outputSize);
    const request: RequestHeader = { ...this.#call, detail: 1 + outputSize };
    const { timeout } = engine;
    const forNative = nativeTimeout(timeout, -1);
    const held = this.#held;
    const { control } = channel;
    const invoke = (): void => {
      if (held.closed) control[Word.OUTCOME] = Outcome.CLOSED;
      else channel.requestInto(request, forNative, bytes, result);
    };
    // Keeps this binding, and thus the instance, alive.
    const fail = (): never => {
      throw this.#failure(engine.check(control[Word.OUTCOME] as number, this.#site, timeout));
    };
    return { input, output, control, invoke, fail };
  }

  /** Returns the engine if it accepts calls. @throws TenonError ERR_TENON_CLOSED, ERR_TENON_CRASHED */
  #ready(): Engine {
    const engine = this.#engine;
    if (this.#held.closed) throw closed(this.#site);
    const { exit } = engine.lifetime;
    if (exit !== undefined) throw crashed(this.#site, exit);
    return engine;
  }

  /**
   * Returns the timeout of a blocking call.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT
   * @throws the reason of an aborted signal
   */
  #timeoutOf(options: CallOptions): number {
    const { signal, timeout } = callSettings(options, this.#engine.timeout);
    signal?.throwIfAborted();
    return timeout;
  }

  /** Returns the error for a result that this process has no memory for, and drops the result. */
  #noMemory(): TenonError {
    this.#engine.channel.skip();
    return callFailure({ outcome: Outcome.EXHAUSTED, detail: 0, text: '' }, this.#site);
  }

  /** Returns the error for the last blocking call, for which the plugin is responsible. */
  #failure(outcome: number): TenonError {
    const { channel } = this.#engine;
    const detail = channel.control[Word.DETAIL] as number;
    return callFailure({ outcome, detail, text: outcome > 0 ? channel.text() : '' }, this.#site);
  }
}

/** Refuses an input that is too long, or no bytes at all. */
function requireFitting(engine: Engine, input: Uint8Array): void {
  requireBytes('input', input);
  engine.requireFitting('input', input.length);
}

/** Returns the size of a batch as it is sent, without its padding. */
function sizeOfBatch(offsets: Int32Array): number {
  return 4 * offsets.length + (offsets.at(-1) ?? 0) - (offsets[0] ?? 0);
}

function areOffsets(offsets: Int32Array, end: number): boolean {
  let previous = offsets[0] ?? -1;
  if (previous < 0) return false;
  for (let i = 1; i < offsets.length; i++) {
    const offset = offsets[i] as number;
    if (offset < previous) return false;
    previous = offset;
  }
  return previous <= end;
}
