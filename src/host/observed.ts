/**
 * A binding whose calls are counted, sometimes timed and, if there is a subscriber, traced. A reload holds its calls and
 * gives it another binding below.
 */
import { Batch, type BatchResult } from '../base/batch.js';
import { callChannels } from '../base/diagnostics.js';
import { invalidArgument, TenonError } from '../base/errors.js';
import { readOptions } from '../base/options.js';
import { notRecycling } from '../base/recycled-memory.js';
import { copyOfBatch, copyOfInput } from '../tiers/binding.js';
import type {
  Binding,
  CallOptions,
  FrameBinding,
  MethodRef,
  RecordBinding,
  TierBinding,
} from '../tiers/tier.js';
import type { CallCounter } from './call-stats.js';
import { whenReleased } from './held-calls.js';
import { MovableFrame, MovableRecord } from './movable-memory.js';

/** The data that the calls of one plugin share. */
export interface Observer {
  readonly plugin: string;
  readonly counter: CallCounter;
  /** The timeout of calls without a timeout of their own, in milliseconds; undefined for none. */
  readonly timeout: number | undefined;
  /** The treatment of a call's own timeout if the tier does not support one; null if it does. */
  readonly onTimeout: 'refuse' | 'warn' | null;
}

/** A call, as the channels of `tracingChannel('tenon.call')` publish it. */
export interface CallTrace {
  /** The name of the plugin. */
  readonly plugin: string;
  /** The instance, as {@link Instance.id}. */
  readonly instance: number;
  /** The name of the method, for example `something` or `codec.encode`. */
  readonly method: string;
  /** The size of the input in bytes. */
  readonly inputSize: number;
  /** The number of messages in a batch; null for other calls. */
  readonly messages: number | null;
  /** The error of the call. Set from the event `error` on. */
  error?: unknown;
  /** The result of the call. Set when the call has succeeded. */
  result?: unknown;
}

const now = performance.now.bind(performance);

const { start, end, asyncStart, asyncEnd, error } = callChannels;

/**
 * Returns whether the channels have subscribers. In this form the compiler reduces it to almost nothing, and
 * Node.js 20 has no shorter way to ask.
 */
function isTraced(): boolean {
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

/** A binding of a tier whose calls are counted, sometimes timed, and traced. */
export class ObservedBinding implements TierBinding {
  readonly blocking: boolean;
  readonly method: MethodRef;
  readonly owner: object;
  #inner: TierBinding;
  /** The records and frames that were pinned. They have the same memory in all versions of the plugin. */
  readonly #pinned: (MovableRecord | MovableFrame)[] = [];
  readonly #observer: Observer;
  readonly #counter: CallCounter;
  readonly #instance: number;

  /** `owner`: the instance of the binding, which a reload finds only as long as something refers to it. */
  constructor(inner: TierBinding, observer: Observer, instance: number, method: MethodRef, owner: object) {
    this.owner = owner;
    this.blocking = inner.blocking;
    this.#inner = inner;
    this.#observer = observer;
    this.#counter = observer.counter;
    this.#instance = instance;
    this.method = method;
  }

  /**
   * Prepares to use another binding of the same method. Returns a function that begins to use it and cannot fail.
   * @throws TenonError if the records of this binding cannot be pinned there
   */
  moveTo(inner: TierBinding): () => void {
    const moves = this.#pinned.map((memory) => memory.moveTo(inner));
    return () => {
      this.#inner = inner;
      for (const move of moves) move();
    };
  }

  // The common paths of these methods create no closure, which would cost as much as everything else they do.

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    if (options !== undefined || --this.#counter.untilTimed === 0 || isTraced())
      return this.#seldomSync('callSync', input, options) as Buffer;
    return this.#inner.callSync(input);
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    if (options !== undefined || --this.#counter.untilTimed === 0 || isTraced())
      return this.#seldomSync('callManySync', batch, options) as BatchResult;
    return this.#inner.callManySync(batch);
  }

  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    if (options !== undefined || --this.#counter.untilTimed === 0 || isTraced())
      return this.#seldom('call', input, options) as Promise<Buffer>;
    return this.#inner.call(input);
  }

  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    if (options !== undefined || --this.#counter.untilTimed === 0 || isTraced())
      return this.#seldom('callMany', batch, options) as Promise<BatchResult>;
    return this.#inner.callMany(batch);
  }

  callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Uint8Array> {
    if (options !== undefined || --this.#counter.untilTimed === 0 || isTraced())
      return this.#seldom('callRecord', input, options, outputSize) as Promise<Uint8Array>;
    return this.#inner.callRecord(input, outputSize);
  }

  frame(): FrameBinding {
    const frame = this.#inner.frame();
    let { invoke, invokeLarge } = frame;
    const counter = this.#counter;
    const movable = new MovableFrame(frame, (moved) => {
      invoke = moved.invoke;
      invokeLarge = moved.invokeLarge;
    });
    this.#pinned.push(movable);
    const fail = () => this.#fail(movable);
    const failing = { control: frame.control, fail };
    return {
      ...frame,
      invoke: (length) => {
        if (--counter.untilTimed === 0 || isTraced()) this.#watch(length, failing, () => invoke(length));
        else invoke(length);
      },
      invokeLarge: (bytes) => {
        if (--counter.untilTimed === 0 || isTraced())
          this.#watch(bytes.length, failing, () => invokeLarge(bytes));
        else invokeLarge(bytes);
      },
      take: () => movable.take(),
      fail,
    };
  }

  badResult(problem: string): TenonError {
    return this.#inner.badResult(problem);
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    const record = this.#inner.record(inputSize, outputSize);
    let { invoke } = record;
    const counter = this.#counter;
    const movable = new MovableRecord(record, inputSize, outputSize, (moved) => {
      invoke = moved;
    });
    this.#pinned.push(movable);
    const fail = () => this.#fail(movable);
    return {
      ...record,
      invoke: () => {
        if (--counter.untilTimed === 0 || isTraced())
          this.#watch(record.input.byteLength, { control: record.control, fail }, invoke);
        else invoke();
      },
      fail,
    };
  }

  /** Throws the error of the last call through pinned memory. */
  #fail(memory: MovableRecord | MovableFrame): never {
    this.#checkPresent();
    return memory.fail();
  }

  /** Times or traces a call through pinned memory. */
  #watch(
    inputSize: number,
    { control, fail }: Pick<RecordBinding, 'control' | 'fail'>,
    invoke: () => void,
  ): void {
    const begun = this.#begin();
    this.#noteUnheld();
    try {
      // The trace needs the error, which otherwise only the caller of this function makes.
      const work = () => {
        invoke();
        if (control[0] !== 0) fail();
      };
      if (isTraced()) callChannels.traceSync(work, this.#trace(inputSize, null));
      else invoke();
    } catch {
      // The caller finds the outcome in `control` and throws the error.
    } finally {
      this.#end(begun);
    }
  }

  /**
   * Makes a call with options, or one that is timed or traced. The options are checked first: a refused call
   * is not counted.
   */
  #seldomSync(name: 'callSync' | 'callManySync', input: Uint8Array | Batch, options?: CallOptions): unknown {
    const allowed = this.#counted(options);
    const begun = this.#begin();
    this.#noteUnheld();
    const work = () => {
      this.#checkPresent();
      return this.#inner[name](input as never, allowed);
    };
    try {
      // A subscriber of the trace may keep the result.
      return isTraced() ? notRecycling(() => callChannels.traceSync(work, this.#traceOf(input))) : work();
    } finally {
      this.#end(begun);
    }
  }

  async #seldom(
    name: 'call' | 'callMany' | 'callRecord',
    input: Uint8Array | Batch,
    options: CallOptions | undefined,
    outputSize = 0,
  ): Promise<unknown> {
    const allowed = this.#counted(options);
    const begun = this.#begin();
    const { held } = this.#counter;
    const bytes = held === undefined ? input : copyOf(name, input);
    const begin = (left: CallOptions | undefined): Promise<unknown> => {
      const work = (): Promise<unknown> =>
        name === 'callRecord'
          ? this.#inner.callRecord(bytes as Uint8Array, outputSize, left)
          : this.#inner[name](bytes as never, left);
      return isTraced() ? notRecycling(() => callChannels.tracePromise(work, this.#traceOf(input))) : work();
    };
    const { timeout: general } = this.#observer;
    const { name: method } = this.method;
    try {
      if (held === undefined) return await begin(allowed);
      return await whenReleased(held, { options: allowed, general, method }, begin);
    } finally {
      this.#end(begun);
    }
  }

  /** Notes a call that blocks, and so cannot be held. */
  #noteUnheld(): void {
    if (this.#counter.held !== undefined) this.#counter.unheld += 1;
  }

  /** @throws TenonError ERR_TENON_CLOSED while a singleton has no instance */
  #checkPresent(): void {
    if (this.#counter.vacant) throw vacant(this.#observer.plugin, this.method.name);
  }

  /** Checks the options of a call and counts the call. A call without options was already counted. */
  #counted(options: CallOptions | undefined): CallOptions | undefined {
    if (options === undefined) return undefined;
    const allowed = this.#allowed(options);
    this.#counter.untilTimed -= 1;
    return allowed;
  }

  /** Returns the time at which the call began if it is timed, otherwise -1. */
  #begin(): number {
    if (this.#counter.untilTimed !== 0) return -1;
    this.#counter.rearm();
    return now();
  }

  #end(begun: number): void {
    if (begun >= 0) this.#counter.took((now() - begun) * 1e6);
  }

  #traceOf(input: Uint8Array | Batch): CallTrace {
    if (input instanceof Batch) return this.#trace(input.data.length, input.length);
    return this.#trace(input instanceof Uint8Array ? input.length : 0, null);
  }

  #trace(inputSize: number, messages: number | null): CallTrace {
    const { plugin } = this.#observer;
    return { plugin, instance: this.#instance, method: this.method.name, inputSize, messages };
  }

  /** Returns the options that the tier supports. @throws TenonError ERR_TENON_INVALID_ARGUMENT for others */
  #allowed(given: CallOptions): CallOptions | undefined {
    const options = readOptions('options', given);
    const { onTimeout } = this.#observer;
    if (onTimeout === null || options.timeout === undefined) return options;
    if (onTimeout === 'warn' || options.timeout === Number.POSITIVE_INFINITY)
      return { ...options, timeout: undefined };
    throw invalidArgument(
      'timeout',
      'is not supported by the inline tier, where nothing can stop a call',
      " Leave it out, or load the plugin with isolation: 'thread' or isolation: 'process'.",
    );
  }
}

/** Returns the error of a call that blocks while a singleton has no instance. */
export function vacant(plugin: string, method: string): TenonError {
  const message = `Cannot call ${method} of plugin ${plugin} synchronously: it is being reloaded, and a singleton (TENON_SINGLETON) has no instance meanwhile. Asynchronous calls wait.`;
  return new TenonError('ERR_TENON_CLOSED', message, { plugin });
}

/** Copies the input of a call that must wait. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
function copyOf(name: string, input: Uint8Array | Batch): Uint8Array | Batch {
  return name === 'callMany' ? copyOfBatch(input as Batch) : copyOfInput(input as Uint8Array);
}

/** The public part of a binding, without its records. */
export class BoundMethod implements Binding {
  readonly #binding: Binding;

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    return this.#binding.callSync(input, options);
  }

  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return this.#binding.call(input, options);
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    return this.#binding.callManySync(batch, options);
  }

  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return this.#binding.callMany(batch, options);
  }
}
