/** An instance of a tier whose calls are counted, sometimes timed and, where somebody listens, traced. */
import { Batch, type BatchResult } from '../base/batch.js';
import { callTrace } from '../base/diagnostics.js';
import { invalidArgument } from '../base/errors.js';
import type {
  Binding,
  CallOptions,
  MethodRef,
  RecordBinding,
  TierBinding,
  TierInstance,
} from '../tiers/tier.js';
import type { CallCounter } from './call-stats.js';

/** What the calls of one plugin have in common. */
export interface Observer {
  readonly plugin: string;
  readonly counter: CallCounter;
  /** What becomes of a call with a timeout of its own where the tier cannot honour it; null where it can. */
  readonly onTimeout: 'refuse' | 'warn' | null;
}

/** What is published of a call on the channels of `tracingChannel('tenon.call')`. */
export interface CallTrace {
  readonly plugin: string;
  /** `instance.id`. */
  readonly instance: number;
  /** `something`, `codec.encode`. */
  readonly method: string;
  /** Bytes of input. */
  readonly inputSize: number;
  /** Messages of a batch; null for other calls. */
  readonly messages: number | null;
  /** Set on `error` and what follows it. */
  error?: unknown;
  /** Set when the call has succeeded. */
  result?: unknown;
}

const now = performance.now.bind(performance);

export class ObservedInstance implements TierInstance {
  readonly #inner: TierInstance;
  readonly #observer: Observer;
  readonly #id: number;

  constructor(inner: TierInstance, observer: Observer, id: number) {
    this.#inner = inner;
    this.#observer = observer;
    this.#id = id;
  }

  bind(method: MethodRef): ObservedBinding {
    return new ObservedBinding(this.#inner.bind(method), this.#observer, this.#id, method.name);
  }

  methodCount(kind: string): number {
    return this.#inner.methodCount(kind);
  }

  ref(): void {
    this.#inner.ref();
  }

  unref(): void {
    this.#inner.unref();
  }

  close(): void | Promise<void> {
    return this.#inner.close();
  }
}

export class ObservedBinding implements TierBinding {
  readonly blocking: boolean;
  readonly #inner: TierBinding;
  readonly #observer: Observer;
  readonly #counter: CallCounter;
  readonly #instance: number;
  readonly #method: string;

  constructor(inner: TierBinding, observer: Observer, instance: number, method: string) {
    this.blocking = inner.blocking;
    this.#inner = inner;
    this.#observer = observer;
    this.#counter = observer.counter;
    this.#instance = instance;
    this.#method = method;
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    const allowed = options === undefined ? undefined : this.#allowed(options);
    if (--this.#counter.untilTimed !== 0 && !callTrace.hasSubscribers)
      return this.#inner.callSync(input, allowed);
    return this.#watchSync(input, () => this.#inner.callSync(input, allowed));
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    const allowed = options === undefined ? undefined : this.#allowed(options);
    if (--this.#counter.untilTimed !== 0 && !callTrace.hasSubscribers)
      return this.#inner.callManySync(batch, allowed);
    return this.#watchSync(batch, () => this.#inner.callManySync(batch, allowed));
  }

  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    if (options !== undefined || --this.#counter.untilTimed === 0 || callTrace.hasSubscribers)
      return this.#seldom(input, options, (allowed) => this.#inner.call(input, allowed));
    return this.#inner.call(input);
  }

  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    if (options !== undefined || --this.#counter.untilTimed === 0 || callTrace.hasSubscribers)
      return this.#seldom(batch, options, (allowed) => this.#inner.callMany(batch, allowed));
    return this.#inner.callMany(batch);
  }

  callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Uint8Array> {
    if (options !== undefined || --this.#counter.untilTimed === 0 || callTrace.hasSubscribers)
      return this.#seldom(input, options, (allowed) => this.#inner.callRecord(input, outputSize, allowed));
    return this.#inner.callRecord(input, outputSize);
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    const record = this.#inner.record(inputSize, outputSize);
    const { invoke } = record;
    const counter = this.#counter;
    return {
      ...record,
      invoke: () => {
        if (--counter.untilTimed === 0 || callTrace.hasSubscribers) this.#watchRecord(record);
        else invoke();
      },
    };
  }

  #watchRecord({ input, control, invoke, fail }: RecordBinding): void {
    const start = this.#begin();
    try {
      // A trace has the error, which otherwise only the caller of this makes.
      const work = () => {
        invoke();
        if (control[0] !== 0) fail();
      };
      if (callTrace.hasSubscribers) callTrace.traceSync(work, this.#trace(input.byteLength, null));
      else invoke();
    } catch {
      // The caller finds it in `control`, and throws it.
    } finally {
      this.#end(start);
    }
  }

  #watchSync<R>(input: Uint8Array | Batch, work: () => R): R {
    const start = this.#begin();
    try {
      return callTrace.hasSubscribers ? callTrace.traceSync(work, this.#traceOf(input)) : work();
    } finally {
      this.#end(start);
    }
  }

  /** A call with options, or one that is watched. The options are checked first: what is refused is not counted. */
  async #seldom<R>(
    input: Uint8Array | Batch,
    options: CallOptions | undefined,
    work: (allowed: CallOptions | undefined) => Promise<R>,
  ): Promise<R> {
    const allowed = options === undefined ? undefined : this.#allowed(options);
    if (options !== undefined) this.#counter.untilTimed -= 1;
    const start = this.#begin();
    try {
      return await (callTrace.hasSubscribers
        ? callTrace.tracePromise(() => work(allowed), this.#traceOf(input))
        : work(allowed));
    } finally {
      this.#end(start);
    }
  }

  /** When the call began, if it is timed; -1 otherwise. */
  #begin(): number {
    if (this.#counter.untilTimed !== 0) return -1;
    this.#counter.rearm();
    return now();
  }

  #end(start: number): void {
    if (start >= 0) this.#counter.took((now() - start) * 1e6);
  }

  #traceOf(input: Uint8Array | Batch): CallTrace {
    if (input instanceof Batch) return this.#trace(input.data.length, input.length);
    return this.#trace(input instanceof Uint8Array ? input.length : 0, null);
  }

  #trace(inputSize: number, messages: number | null): CallTrace {
    const { plugin } = this.#observer;
    return { plugin, instance: this.#instance, method: this.#method, inputSize, messages };
  }

  /** The options that the tier can honour. @throws TenonError ERR_TENON_INVALID_ARGUMENT for others */
  #allowed(options: CallOptions): CallOptions | undefined {
    const { onTimeout } = this.#observer;
    if (onTimeout === null || options?.timeout === undefined) return options;
    if (onTimeout === 'warn' || options.timeout === Number.POSITIVE_INFINITY)
      return { ...options, timeout: undefined };
    throw invalidArgument(
      'timeout',
      'cannot be honoured by a call on its own thread, which nothing can stop',
      " Leave it out, or load the plugin with isolation: 'thread' or isolation: 'process'.",
    );
  }
}

/** What is public of a binding: its records are not. */
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
