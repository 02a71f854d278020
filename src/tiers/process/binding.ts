/** A method of an instance in a process of its own. */
import type { Batch, BatchResult } from '../../base/batch.js';
import { isPlainBytes, requireBytes } from '../../base/bytes.js';
import { invalidArgument, type TenonError } from '../../base/errors.js';
import { badBatch, requireBatch } from '../binding.js';
import { Outcome } from '../control.js';
import { type CallSite, callFailure, type Failure } from '../status.js';
import type { Binding, CallOptions, RecordBinding } from '../tier.js';
import type { Answer, RequestHeader } from './channel.js';
import { type Engine, timeoutOf } from './engine.js';
import { closed, crashed } from './errors.js';
import { Operation, Word } from './protocol.js';
import type { RunnerInstance } from './runner-instance.js';

/** What native code says of an input that it does not take as it is. */
const REFUSED: readonly number[] = [Outcome.NOT_BYTES, Outcome.SHARED, Outcome.INSPECT];

/** The deadline of a call. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function deadlineOf(options: CallOptions | undefined, engine: Engine): number | undefined {
  const deadline = options?.deadline;
  if (deadline === undefined) return engine.settings.deadline;
  if (typeof deadline === 'number' && deadline > 0) return deadline;
  throw invalidArgument('deadline', `must be a number of milliseconds above 0, not ${String(deadline)}`);
}

export function failureOf({ status, detail, bytes }: Answer): Failure {
  return { outcome: status, detail, text: status > 0 ? bytes.toString() : '' };
}

export class ProcessBinding implements Binding {
  /** Held so that the instance is not collected while its method can be called. */
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
    const engine = this.#ready(options);
    const { channel } = engine;
    if (channel.checksBytes !== true) requireBytes('input', input);
    const deadline = deadlineOf(options, engine);
    const outcome = channel.request(this.#call, timeoutOf(deadline), input, 0);
    return outcome === 0 ? channel.result() : this.#seldom(outcome, input, deadline);
  }

  /** A call that failed, or whose input has to be looked at. */
  #seldom(found: number, input: Uint8Array, deadline: number | undefined): Buffer {
    const { channel } = this.#engine;
    let outcome = found;
    if (REFUSED.includes(outcome)) {
      requireBytes('input', input);
      outcome = channel.request(this.#call, timeoutOf(deadline), input);
      if (outcome === 0) return channel.result();
    }
    this.#engine.check(outcome, this.#site, deadline);
    throw this.#failure(outcome);
  }

  async call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    if (!isPlainBytes(input)) requireBytes('input', input);
    const engine = this.#ready(options);
    let bytes = input;
    return engine.submit({
      site: this.#site,
      deadline: deadlineOf(options, engine),
      signal: options?.signal,
      counts: true,
      batch: 0,
      keep: () => {
        bytes = Uint8Array.from(input);
      },
      send: (slot) => engine.channel.send(this.#call, slot, -1, bytes),
      take: (answer) => {
        if (answer.status === 0) return answer.bytes;
        throw callFailure(failureOf(answer), this.#site);
      },
    });
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    const { offsets, data } = requireBatch(batch);
    const engine = this.#ready(options);
    const { channel } = engine;
    const deadline = deadlineOf(options, engine);
    const outcome = channel.requestBatch(this.#batch, timeoutOf(deadline), offsets, data);
    if (outcome === Outcome.BAD_BATCH) throw badBatch();
    engine.check(outcome, this.#site, deadline);
    if (channel.control[Word.LENGTH] === 0) throw this.#failure(outcome);
    const result = channel.batchResult(offsets.length - 1);
    if (result !== null) return result;
    engine.lifetime.breach();
    throw crashed(this.#site, engine.lifetime.endNow());
  }

  async callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    const given = requireBatch(batch);
    const engine = this.#ready(options);
    if (!areOffsets(given.offsets, given.data.length)) throw badBatch();
    let { offsets, data } = given;
    return engine.submit({
      site: this.#site,
      deadline: deadlineOf(options, engine),
      signal: options?.signal,
      counts: true,
      batch: offsets.length - 1,
      keep: () => {
        offsets = Int32Array.from(offsets);
        data = Uint8Array.from(data);
      },
      send: (slot) => engine.channel.sendBatch(this.#batch, slot, -1, offsets, data),
      take: (answer) => {
        if (answer.batch !== null) return answer.batch;
        throw callFailure(failureOf(answer), this.#site);
      },
    });
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    const engine = this.#ready(undefined);
    const { channel } = engine;
    // Whole words, so that a view of any type can be laid over all of it.
    const input = new ArrayBuffer(words(inputSize));
    const output = new ArrayBuffer(words(outputSize));
    const bytes = new Uint8Array(input, 0, inputSize);
    const result = new Uint8Array(output, 0, outputSize);
    const request: RequestHeader = { ...this.#call, detail: 1 + outputSize };
    const { deadline } = engine.settings;
    const timeout = timeoutOf(deadline);
    const held = this.#held;
    const { control } = channel;
    const invoke = (): void => {
      if (held.closed) control[Word.OUTCOME] = Outcome.CLOSED;
      else channel.requestInto(request, timeout, bytes, result);
    };
    // Keeps this binding, and so the instance, alive.
    const fail = (): never => {
      throw this.#failure(engine.check(control[Word.OUTCOME] as number, this.#site, deadline));
    };
    return { input, output, control, invoke, fail };
  }

  /** @throws TenonError ERR_TENON_CLOSED, ERR_TENON_CRASHED, or what has aborted the signal */
  #ready(options: CallOptions | undefined): Engine {
    const engine = this.#engine;
    if (this.#held.closed) throw closed(this.#site);
    const { exit } = engine.lifetime;
    if (exit !== undefined) throw crashed(this.#site, exit);
    if (options?.signal !== undefined) options.signal.throwIfAborted();
    return engine;
  }

  /** How the last synchronous call went, of which the plugin is to blame. */
  #failure(outcome: number): TenonError {
    const { channel } = this.#engine;
    const detail = channel.control[Word.DETAIL] as number;
    return callFailure({ outcome, detail, text: outcome > 0 ? channel.text() : '' }, this.#site);
  }
}

function words(size: number): number {
  return Math.ceil(size / 8) * 8;
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
