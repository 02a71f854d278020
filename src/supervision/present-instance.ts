/** An instance in one generation. Its calls never reach another generation. */
import type { Batch, BatchResult } from '../base/batch.js';
import type { TenonError } from '../base/errors.js';
import { frameOver } from '../tiers/frame.js';
import type {
  CallOptions,
  FrameBinding,
  MethodRef,
  RecordBinding,
  TierBinding,
  TierInstance,
} from '../tiers/tier.js';
import type { BindingOwner, Incarnation } from './supervised-binding.js';

/** An instance as its present process has it. */
export class PresentInstance implements TierInstance {
  /** Keeps the instance, and thus the process, from being given up. */
  readonly #owner: BindingOwner & TierInstance;
  readonly #incarnation: Incarnation;

  constructor(owner: BindingOwner & TierInstance, incarnation: Incarnation) {
    this.#owner = owner;
    this.#incarnation = incarnation;
  }

  bind(method: MethodRef): TierBinding {
    try {
      const binding = this.#incarnation.instance.bind(method);
      return new PresentBinding(this.#owner, this.#incarnation, binding);
    } catch (error) {
      throw this.#owner.explainNow(error, this.#incarnation);
    }
  }

  methodCount(kind: string): number {
    return this.#owner.methodCount(kind);
  }

  async present(): Promise<TierInstance> {
    return this;
  }

  presentSync(): TierInstance {
    return this;
  }

  ref(): void {
    this.#owner.ref();
  }

  unref(): void {
    this.#owner.unref();
  }

  close(): void | Promise<void> {
    return this.#owner.close();
  }
}

class PresentBinding implements TierBinding {
  readonly blocking = false;
  readonly #owner: BindingOwner;
  readonly #incarnation: Incarnation;
  readonly #binding: TierBinding;

  constructor(owner: BindingOwner, incarnation: Incarnation, binding: TierBinding) {
    this.#owner = owner;
    this.#incarnation = incarnation;
    this.#binding = binding;
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    return this.#now((binding) => binding.callSync(input, options));
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    return this.#now((binding) => binding.callManySync(batch, options));
  }

  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return this.#later((binding) => binding.call(input, options));
  }

  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return this.#later((binding) => binding.callMany(batch, options));
  }

  callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Uint8Array> {
    return this.#later((binding) => binding.callRecord(input, outputSize, options));
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    return this.#now((binding) => binding.record(inputSize, outputSize));
  }

  frame(): FrameBinding {
    return frameOver(this);
  }

  badResult(problem: string): TenonError {
    return this.#binding.badResult(problem);
  }

  #now<T>(work: (binding: TierBinding) => T): T {
    try {
      return work(this.#binding);
    } catch (error) {
      throw this.#owner.explainNow(error, this.#incarnation);
    }
  }

  async #later<T>(work: (binding: TierBinding) => Promise<T>): Promise<T> {
    try {
      return await work(this.#binding);
    } catch (error) {
      throw await this.#owner.explain(error, this.#incarnation);
    }
  }
}
