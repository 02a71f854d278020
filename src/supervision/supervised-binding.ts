/** A method of a supervised instance. It is the same object in all generations of the plugin's process. */
import type { Batch, BatchResult } from '../base/batch.js';
import type { TenonError } from '../base/errors.js';
import { copyOfBatch, copyOfInput } from '../tiers/binding.js';
import type { CallTally } from '../tiers/call-tally.js';
import { frameOver } from '../tiers/frame.js';
import { wasNeverSent } from '../tiers/process/errors.js';
import {
  type CallOptions,
  type FrameBinding,
  type MethodRef,
  type RecordBinding,
  type TierBinding,
  type TierInstance,
  wholeWords,
} from '../tiers/tier.js';

/** An instance in one generation. Compared by identity: each generation has a different object. */
export interface Incarnation {
  readonly generation: number;
  readonly instance: TierInstance;
  /** Returns false once the end of its process is known. */
  isAlive(): boolean;
}

/** The interface of the instance for its bindings. */
export interface BindingOwner {
  /** The present incarnation. Undefined while there is none. */
  readonly incarnation: Incarnation | undefined;
  /** The counters for calls that were not sent to a process. */
  readonly tally: CallTally;
  /** Returns the present incarnation. @throws TenonError with the reason if there is none */
  require(method: string): Incarnation;
  /** Returns the present incarnation, or the next one if calls wait for it. */
  awaitOne(method: string, options?: CallOptions): Promise<Incarnation>;
  /** Returns the error of a call, with the crash report if a crash was the cause. */
  explain(error: unknown, incarnation: Incarnation): Promise<unknown>;
  explainNow(error: unknown, incarnation: Incarnation): unknown;
  /** Returns the options with the remaining timeout of a call that has waited since `since`. */
  remaining(options: CallOptions | undefined, since: number): CallOptions | undefined;
}

/** A binding that is recreated at its first use in each generation. */
export class SupervisedBinding implements TierBinding {
  readonly blocking = false;
  readonly #owner: BindingOwner;
  readonly #method: MethodRef;
  #incarnation: Incarnation | undefined;
  #binding: TierBinding | undefined;

  /** Binds at once if a generation runs. @throws TenonError ERR_TENON_MISSING_KIND */
  constructor(owner: BindingOwner, method: MethodRef) {
    this.#owner = owner;
    this.#method = method;
    const { incarnation } = owner;
    if (incarnation === undefined) return;
    try {
      this.in(incarnation);
    } catch (error) {
      throw owner.explainNow(error, incarnation);
    }
  }

  /** The method's name. */
  get name(): string {
    return this.#method.name;
  }

  /** Returns the binding in a generation. */
  in(incarnation: Incarnation): TierBinding {
    if (this.#binding !== undefined && this.#incarnation === incarnation) return this.#binding;
    this.#binding = incarnation.instance.bind(this.#method);
    this.#incarnation = incarnation;
    return this.#binding;
  }

  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    const incarnation = this.#require();
    try {
      return this.in(incarnation).callSync(input, options);
    } catch (error) {
      throw this.#owner.explainNow(error, incarnation);
    }
  }

  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    const incarnation = this.#require();
    try {
      return this.in(incarnation).callManySync(batch, options);
    } catch (error) {
      throw this.#owner.explainNow(error, incarnation);
    }
  }

  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return this.#run(options, input, copyOfInput, (binding, kept, left) => binding.call(kept, left));
  }

  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return this.#run(options, batch, copyOfBatch, (binding, kept, left) => binding.callMany(kept, left));
  }

  callRecord(input: Uint8Array, outputSize: number, options?: CallOptions): Promise<Uint8Array> {
    return this.#run(options, input, copyOfInput, (binding, kept, left) =>
      binding.callRecord(kept, outputSize, left),
    );
  }

  frame(): FrameBinding {
    return frameOver(this);
  }

  badResult(problem: string): TenonError {
    // The result came from the binding that was used last.
    if (this.#binding === undefined) throw new Error('There is no result.');
    return this.#binding.badResult(problem);
  }

  record(inputSize: number, outputSize: number): RecordBinding {
    return superviseRecord(this.#owner, this, inputSize, outputSize);
  }

  /** Returns the present incarnation. Counts a failed call if there is none. */
  #require(): Incarnation {
    try {
      return this.#owner.require(this.#method.name);
    } catch (error) {
      this.#owner.tally.failures += 1;
      throw error;
    }
  }

  async #awaitOne(options: CallOptions | undefined): Promise<Incarnation> {
    this.#owner.tally.inFlight += 1;
    try {
      return await this.#owner.awaitOne(this.#method.name, options);
    } catch (error) {
      this.#owner.tally.failures += 1;
      throw error;
    } finally {
      this.#owner.tally.inFlight -= 1;
    }
  }

  /**
   * Makes a call in this generation, or in the next one if it waits. A call that was never sent waits too. The caller may
   * change the input as soon as this returns, so an input that was not read by then is copied.
   */
  async #run<I, T>(
    options: CallOptions | undefined,
    input: I,
    keep: (input: I) => I,
    work: (binding: TierBinding, input: I, left: CallOptions | undefined) => Promise<T>,
  ): Promise<T> {
    const since = performance.now();
    let incarnation = this.#owner.incarnation;
    const ready = incarnation?.isAlive() === true;
    let kept = ready ? input : keep(input);
    for (let left = options; ; left = this.#owner.remaining(options, since)) {
      if (!incarnation?.isAlive()) {
        incarnation = await this.#awaitOne(left);
        left = this.#owner.remaining(options, since);
      }
      try {
        const binding = this.in(incarnation);
        const call = work(binding, kept, left);
        if (binding.hasUnreadInput === true && kept === input) {
          call.catch(() => undefined); // it is awaited below, unless the copy fails
          kept = keep(input);
        }
        return await call;
      } catch (error) {
        if (!wasNeverSent(error) || incarnation.isAlive())
          throw await this.#owner.explain(error, incarnation);
      }
    }
  }
}

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT */

/** `control[0]` of a record call that found no generation. No tier uses this value. */
const NOT_CALLED = -(2 ** 31);

/**
 * Returns a record binding that works in each generation. Compiled record calls keep the memory that they
 * were given. Therefore the memory of the first generation is kept. Later generations have separate memory,
 * so their calls copy the records.
 */
function superviseRecord(
  owner: BindingOwner,
  binding: SupervisedBinding,
  inputSize: number,
  outputSize: number,
): RecordBinding {
  let incarnation = owner.incarnation;
  let record = incarnation && binding.in(incarnation).record(inputSize, outputSize);
  let problem: unknown;
  const input = record?.input ?? new ArrayBuffer(wholeWords(inputSize));
  const output = record?.output ?? new ArrayBuffer(wholeWords(outputSize));
  const control = record?.control ?? new Int32Array(1);
  const renew = (): RecordBinding => {
    incarnation = owner.require(binding.name);
    record = binding.in(incarnation).record(inputSize, outputSize);
    return record;
  };
  const invoke = (): void => {
    let present = record;
    if (present === undefined || incarnation === undefined || incarnation !== owner.incarnation) {
      try {
        present = renew();
      } catch (error) {
        problem = error;
        control[0] = NOT_CALLED;
        return;
      }
    }
    if (present.input !== input) copy(input, present.input);
    present.invoke();
    if (present.output !== output) copy(present.output, output);
    if (present.control !== control) control[0] = present.control[0] ?? NOT_CALLED;
  };
  const fail = (): never => {
    if (record === undefined || incarnation === undefined || control[0] === NOT_CALLED) throw problem;
    try {
      return record.fail();
    } catch (error) {
      throw owner.explainNow(error, incarnation);
    }
  };
  return { input, output, control, invoke, fail };
}

function copy(from: ArrayBuffer, to: ArrayBuffer): void {
  new Uint8Array(to).set(new Uint8Array(from));
}
