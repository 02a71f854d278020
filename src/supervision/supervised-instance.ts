/** An instance that outlives the generations of its plugin's process: it is recreated after a crash. */
import { type Deferred, deferred } from '../base/deferred.js';
import { TenonError } from '../base/errors.js';
import { Timer } from '../base/timer.js';
import type { CallTally } from '../tiers/call-tally.js';
import { closedError } from '../tiers/status.js';
import type { CallOptions, InstanceEvents, MethodRef, TierBinding, TierInstance } from '../tiers/tier.js';
import { Attempts } from './attempts.js';
import { notRenewedError } from './errors.js';
import { PresentInstance } from './present-instance.js';
import type { RestartPolicy } from './restart.js';
import type { Runner } from './runner.js';
import { type BindingOwner, type Incarnation, SupervisedBinding } from './supervised-binding.js';

/** The interface of the supervisor for its instances. */
export interface InstanceKeeper {
  readonly plugin: string;
  readonly path: string;
  /** The counters for calls that were not sent to a process. */
  readonly tally: CallTally;
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
  /** The restart policy. Its pauses and limits also apply to the attempts to recreate an instance. */
  readonly policy: RestartPolicy | null;
  /** Whether calls wait for their process and instance. */
  readonly waits: boolean;
  /** Milliseconds for `new` when an instance is recreated. */
  readonly renewTimeout: number;
  /** Recreates the instance in the process, if no attempt is in progress. */
  renew(instance: SupervisedInstance, runner: Runner): void;
  /** Called when an attempt has failed. `delay`: milliseconds until the next one is allowed; null for never. */
  notRenewed(error: unknown, delay: number | null): void;
}

export class SupervisedInstance implements TierInstance, BindingOwner {
  /** The reference in the list of instances, which must not keep the instance alive. */
  readonly reference: WeakRef<SupervisedInstance> = new WeakRef(this);
  readonly #keeper: InstanceKeeper;
  readonly #config: Uint8Array;
  readonly #events: InstanceEvents;
  readonly #methodCounts = new Map<string, number>();
  #incarnation: Incarnation | undefined;
  readonly attempts: Attempts;
  /** Milliseconds that its `new` last took. */
  cost = 0;
  /** The recreation in progress. */
  #renewal: { readonly generation: number; readonly over: Deferred<void> } | undefined;
  #referenced = false;
  #closed = false;

  constructor(keeper: InstanceKeeper, config: Uint8Array, events: InstanceEvents) {
    this.#keeper = keeper;
    this.#config = Buffer.from(config);
    this.#events = events;
    this.attempts = new Attempts(keeper.policy);
  }

  get tally(): CallTally {
    return this.#keeper.tally;
  }

  get incarnation(): Incarnation | undefined {
    return this.#incarnation;
  }

  /** Uses the instance that a process created. */
  adopt(runner: Runner, instance: TierInstance): void {
    this.attempts.reset();
    this.#incarnation = { generation: runner.generation, instance, isAlive: () => runner.alive };
    if (this.#referenced) instance.ref();
  }

  /** Forgets the instance of a process that is gone. */
  lose(): void {
    this.#incarnation = undefined;
    this.#renewal?.over.resolve();
    this.#renewal = undefined;
  }

  /** Prepares to be recreated in the process. Returns false if that is not needed. */
  expect(runner: Runner): boolean {
    const { generation } = runner;
    if (this.#closed || this.#incarnation?.generation === generation) return false;
    if (this.#renewal?.generation === generation) return false;
    this.#renewal = { generation, over: deferred() };
    return true;
  }

  /** Resolves when the instance is recreated or has failed. Undefined if no recreation is in progress. */
  get renewed(): Promise<void> | undefined {
    return this.#renewal?.over.promise;
  }

  /** Recreates the instance in the process, after `expect`. */
  async renewIn(runner: Runner): Promise<void> {
    const renewal = this.#renewal;
    if (renewal?.generation !== runner.generation) return;
    const since = performance.now();
    try {
      const timeout = this.#keeper.renewTimeout;
      const made = await runner.create(this.#config, this.#events, { timeout });
      this.cost = performance.now() - since;
      if (this.#closed || this.#renewal !== renewal) void made.close();
      else this.adopt(runner, made);
    } catch (error) {
      // If the process has ended, its report says whether this instance is the reason.
      if (runner.alive && this.#renewal === renewal) this.fail(error, false);
    } finally {
      renewal.over.resolve();
      if (this.#renewal === renewal) this.#renewal = undefined;
    }
  }

  /** Records that the instance could not be recreated. `crashed`: its `new` ended the process. */
  fail(error: unknown, crashed: boolean): void {
    this.#keeper.notRenewed(error, this.attempts.failed(error, crashed));
  }

  require(method: string): Incarnation {
    if (this.#incarnation !== undefined) return this.#incarnation;
    this.#checkOpen(method);
    const runner = this.#keeper.requireRunner();
    const { last } = this.attempts;
    if (last !== undefined && last.until > performance.now())
      throw notRenewedError(this.#keeper, method, last);
    this.#keeper.renew(this, runner);
    throw new TenonError(
      'ERR_TENON_CRASHED',
      `Cannot call ${this.#keeper.plugin} synchronously: its process was restarted after a crash, and this instance is still being recreated. Call it asynchronously, which waits for the instance.`,
      { plugin: this.#keeper.plugin },
    );
  }

  async awaitOne(method: string, options?: CallOptions): Promise<Incarnation> {
    const since = performance.now();
    for (let left = options; ; left = this.#keeper.remaining(options, since)) {
      this.#checkOpen(method);
      const runner = await this.#keeper.awaitRunner(left);
      this.#checkOpen(method);
      if (this.#incarnation?.generation === runner.generation) return this.#incarnation;
      if (this.#renewal?.generation !== runner.generation && !(await this.#mayRenew(method, left))) continue;
      this.#keeper.renew(this, runner);
      if (this.#renewal !== undefined) await this.#keeper.withinTimeout(this.#renewal.over.promise, left);
    }
  }

  /**
   * Returns whether the instance may be recreated now. After a failed attempt a call waits, or fails at once if
   * calls do not wait. Returns false if the call has waited.
   */
  async #mayRenew(method: string, options: CallOptions | undefined): Promise<boolean> {
    const { last } = this.attempts;
    const wait = (last?.until ?? 0) - performance.now();
    if (last === undefined || wait <= 0) return true;
    if (!this.#keeper.waits || wait === Number.POSITIVE_INFINITY)
      throw notRenewedError(this.#keeper, method, last);
    const { promise, resolve } = deferred<void>();
    const timer = new Timer(wait, resolve);
    await this.#keeper.withinTimeout(promise, options).finally(() => timer.cancel());
    return false;
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

  async present(options?: CallOptions): Promise<TierInstance> {
    const { incarnation } = this;
    if (incarnation?.isAlive()) return new PresentInstance(this, incarnation);
    return new PresentInstance(this, await this.awaitOne('open', options));
  }

  presentSync(): TierInstance {
    return new PresentInstance(this, this.require('open'));
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
}
