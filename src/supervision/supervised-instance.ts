/** An instance that outlives the generations of its plugin's process: it is recreated after a crash. */
import { TenonError } from '../base/errors.js';
import type { CallTally } from '../tiers/call-tally.js';
import { closedError } from '../tiers/status.js';
import type { CallOptions, InstanceEvents, MethodRef, TierBinding, TierInstance } from '../tiers/tier.js';
import type { Runner } from './runner.js';
import { type BindingOwner, type Incarnation, SupervisedBinding } from './supervised-binding.js';

/** The interface of the supervisor for its instances. */
export interface InstanceKeeper {
  readonly plugin: string;
  /** The counters for calls that were not sent to a process. */
  readonly tally: CallTally;
  readonly keepsInput: boolean;
  /** Returns the running process. @throws TenonError with the reason if there is none */
  requireRunner(): Runner;
  /** Returns the running process, or the next one if calls wait for it. */
  awaitRunner(options?: CallOptions): Promise<Runner>;
  /** Waits for the promise, at most until the timeout of a call. */
  withinTimeout<T>(promise: Promise<T>, options?: CallOptions): Promise<T>;
  explain(error: unknown, generation: number): Promise<unknown>;
  explainNow(error: unknown, generation: number): unknown;
  remaining(options: CallOptions | undefined, since: number): CallOptions | undefined;
  forget(instance: SupervisedInstance): void;
}

export class SupervisedInstance implements TierInstance, BindingOwner {
  /** The reference in the list of instances, which must not keep the instance alive. */
  readonly reference: WeakRef<SupervisedInstance> = new WeakRef(this);
  readonly #keeper: InstanceKeeper;
  readonly #config: Uint8Array;
  readonly #events: InstanceEvents;
  readonly #methodCounts = new Map<string, number>();
  #incarnation: Incarnation | undefined;
  /** The recreation in progress. */
  #renewal: { readonly generation: number; readonly done: Promise<void> } | undefined;
  /** The error of the last failed recreation. */
  #failure: { readonly generation: number; readonly error: unknown } | undefined;
  #referenced = false;
  #closed = false;

  constructor(keeper: InstanceKeeper, config: Uint8Array, events: InstanceEvents) {
    this.#keeper = keeper;
    this.#config = Buffer.from(config);
    this.#events = events;
  }

  get keepsInput(): boolean {
    return this.#keeper.keepsInput;
  }

  get tally(): CallTally {
    return this.#keeper.tally;
  }

  get incarnation(): Incarnation | undefined {
    return this.#incarnation;
  }

  /** Uses the instance that a process created. */
  adopt(runner: Runner, instance: TierInstance): void {
    this.#failure = undefined;
    this.#incarnation = { generation: runner.generation, instance, isAlive: () => runner.alive };
    if (this.#referenced) instance.ref();
  }

  /** Forgets the instance of a process that is gone. */
  lose(): void {
    this.#incarnation = undefined;
    this.#renewal = undefined;
  }

  /** Recreates the instance in the next process. */
  renew(runner: Runner): void {
    if (this.#closed || this.#incarnation?.generation === runner.generation) return;
    this.#renewal = { generation: runner.generation, done: this.#renewIn(runner) };
  }

  /** Resolves when the instance is recreated or has failed. Undefined if no recreation is in progress. */
  get renewed(): Promise<void> | undefined {
    return this.#renewal?.done;
  }

  async #renewIn(runner: Runner): Promise<void> {
    const { generation } = runner;
    try {
      const made = await runner.create(this.#config, this.#events);
      if (this.#closed || this.#renewal?.generation !== generation) made.close();
      else this.adopt(runner, made);
    } catch (error) {
      // If the process has ended, the error is not about the instance: the next process tries again.
      if (runner.alive) this.#failure = { generation, error };
    } finally {
      if (this.#renewal?.generation === generation) this.#renewal = undefined;
    }
  }

  require(method: string): Incarnation {
    if (this.#incarnation !== undefined) return this.#incarnation;
    this.#checkOpen(method);
    const { generation } = this.#keeper.requireRunner();
    this.#checkMade(generation);
    throw new TenonError(
      'ERR_TENON_CRASHED',
      `Cannot call ${this.#keeper.plugin} synchronously: its process was restarted after a crash, and this instance is still being recreated. Call it asynchronously, which waits for the instance.`,
      { plugin: this.#keeper.plugin },
    );
  }

  async awaitOne(method: string, options?: CallOptions): Promise<Incarnation> {
    for (;;) {
      this.#checkOpen(method);
      const runner = await this.#keeper.awaitRunner(options);
      this.#checkOpen(method);
      this.#checkMade(runner.generation);
      if (this.#incarnation?.generation === runner.generation) return this.#incarnation;
      const renewal = this.#renewal?.generation === runner.generation ? this.#renewal.done : undefined;
      if (renewal === undefined) this.renew(runner);
      else await this.#keeper.withinTimeout(renewal, options);
    }
  }

  explain(error: unknown, { generation }: Incarnation): Promise<unknown> {
    return this.#keeper.explain(error, generation);
  }

  explainNow(error: unknown, { generation }: Incarnation): unknown {
    return this.#keeper.explainNow(error, generation);
  }

  remaining(options: CallOptions | undefined, since: number): CallOptions | undefined {
    return this.#keeper.remaining(options, since);
  }

  /** Binds a method. While no process runs, an unknown method is reported only by the first call. */
  bind(method: MethodRef): TierBinding {
    this.#checkOpen(method.name);
    return new SupervisedBinding(this, method);
  }

  /**
   * Returns the number of methods. The number from before a crash is still valid, because the file is the
   * same.
   */
  methodCount(kind: string): number {
    const known = this.#incarnation === undefined ? this.#methodCounts.get(kind) : undefined;
    if (known !== undefined) return known;
    const incarnation = this.require('get_extension');
    try {
      const count = incarnation.instance.methodCount(kind);
      this.#methodCounts.set(kind, count);
      return count;
    } catch (error) {
      throw this.explainNow(error, incarnation);
    }
  }

  ref(): void {
    this.#referenced = true;
    this.#incarnation?.instance.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#incarnation?.instance.unref();
  }

  close(): ReturnType<TierInstance['close']> {
    if (this.#closed) return undefined;
    this.#closed = true;
    this.#keeper.forget(this);
    const instance = this.#incarnation?.instance;
    this.lose();
    return instance?.close();
  }

  #checkOpen(method: string): void {
    const { plugin } = this.#keeper;
    if (this.#closed) throw closedError(`${method} of plugin ${plugin}`).with({ plugin });
  }

  #checkMade(generation: number): void {
    if (this.#failure?.generation === generation) throw this.#failure.error;
  }
}
