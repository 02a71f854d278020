/**
 * Supervises a plugin in a separate process: starts the process, reports its end and restarts it as long as
 * the restart policy allows. The instances are recreated in each generation of the process, so references
 * that users hold stay valid.
 *
 *     const start = (generation, handlers) => RunnerProcess.start({ ...settings, generation }, handlers);
 *     const supervisor = new Supervisor(start, options);
 *     await supervisor.start();
 *     const instance = await supervisor.create(config, events);
 *     supervisor.on('exit', (report) => console.error(String(report)));
 *     await supervisor.stop();
 */
import { EventEmitter } from 'node:events';
import { asTenonError, type TenonError } from '../base/errors.js';
import { remaining } from '../tiers/call-options.js';
import type { CallOptions, InstanceEvents, TierInstance } from '../tiers/tier.js';
import { Instances } from './instances.js';
import { Lifecycle } from './lifecycle.js';
import type { SupervisorEventMap, SupervisorOptions } from './options.js';
import type { Runner, StartRunner } from './runner.js';
import type { SupervisorState } from './states.js';
import { type InstanceKeeper, SupervisedInstance } from './supervised-instance.js';

export type { SupervisorEventMap, SupervisorOptions } from './options.js';
export type { RestartOptions } from './restart.js';
export type { StateChange, SupervisorState } from './states.js';

/** The default grace period for an orderly end, in milliseconds. */
const GRACE = 1000;

export class Supervisor extends EventEmitter<SupervisorEventMap> {
  readonly #options: SupervisorOptions;
  readonly #lifecycle: Lifecycle;
  readonly #instances = new Instances();
  /** The interface of this supervisor for its instances. */
  readonly #keeper: InstanceKeeper;

  /** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
  constructor(start: StartRunner, options: SupervisorOptions) {
    super();
    this.#options = options;
    this.#lifecycle = new Lifecycle(start, options, {
      running: (runner) => this.#instances.renewAll(runner),
      lost: () => this.#instances.lose(),
      wanted: (name) => this.listenerCount(name) > 0,
      recreating: () => this.#instances.present,
      // On the next tick, so that a listener that throws does not disturb the present operation.
      emit: (name, ...values) => process.nextTick(() => (this as EventEmitter).emit(name, ...values)),
    });
    this.#keeper = this.#makeKeeper();
  }

  get plugin(): string {
    return this.#options.plugin;
  }

  get state(): SupervisorState {
    return this.#lifecycle.state;
  }

  /** The number of starts of the process. */
  get generation(): number {
    return this.#lifecycle.generation;
  }

  /** The id of the process. Undefined while none runs. */
  get pid(): number | undefined {
    return this.#lifecycle.runner?.pid;
  }

  /** The errors of the crashes since the last explicit start, the latest last. */
  get reasons(): readonly TenonError[] {
    return this.#lifecycle.reasons;
  }

  /**
   * Starts the process if it is stopped, and waits until it is ready. If the first start fails, the plugin
   * has failed and is not restarted.
   * @throws TenonError with the reason of a failed start
   */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /**
   * Waits until a process is ready and the instances are recreated in it.
   * @throws TenonError ERR_TENON_CRASHED if the plugin has failed, ERR_TENON_CLOSED, ERR_TENON_TIMEOUT
   */
  async ready(options?: CallOptions): Promise<void> {
    const since = performance.now();
    for (let left = options; ; left = remaining(options, undefined, since)) {
      await this.#lifecycle.ready(left);
      const { generation } = this.#lifecycle;
      await this.#lifecycle.room.wait(this.#instances.renewed(), options, undefined, since);
      if (this.#lifecycle.runner?.generation === generation) return;
    }
  }

  /**
   * Restarts the process, after an orderly stop if it runs. Resets the budget of restarts.
   * @throws as `ready`
   */
  async restart(graceMs = GRACE): Promise<void> {
    this.#instances.forgive();
    await this.#lifecycle.restart(graceMs);
    await this.ready();
  }

  /**
   * Stops the process, or the attempts to start one. The state becomes `stopped`. Idempotent. The events about the end
   * come before it resolves.
   */
  async stop(graceMs = GRACE): Promise<void> {
    await this.#lifecycle.stop(graceMs);
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }

  /**
   * Creates an instance that survives crashes of the process.
   * @throws TenonError as `new` of the plugin; ERR_TENON_CRASHED, ERR_TENON_TIMEOUT, ERR_TENON_CLOSED
   */
  async create(config: Uint8Array, events: InstanceEvents, options?: CallOptions): Promise<TierInstance> {
    const instance = new SupervisedInstance(this.#keeper, config, events);
    const since = performance.now();
    const runner = this.#lifecycle.runner ?? (await this.#lifecycle.awaitRunner(options));
    try {
      await this.#instances.make(async () => {
        const left = this.#keeper.remaining(options, since);
        const begun = performance.now();
        instance.adopt(runner, await runner.create(config, events, left));
        instance.cost = performance.now() - begun;
      });
    } catch (error) {
      throw await this.#lifecycle.explain(error, runner.generation);
    }
    return this.#enlist(instance, runner);
  }

  /** Creates such an instance synchronously. Fails while no process runs. */
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance {
    const instance = new SupervisedInstance(this.#keeper, config, events);
    const runner = this.#lifecycle.requireRunner();
    try {
      instance.adopt(runner, runner.createSync(config, events));
    } catch (error) {
      throw this.#lifecycle.explainNow(error, runner.generation);
    }
    return this.#enlist(instance, runner);
  }

  #enlist(instance: SupervisedInstance, { generation }: Runner): SupervisedInstance {
    this.#instances.add(instance);
    const { runner } = this.#lifecycle;
    if (runner?.generation === generation) return instance;
    // The process that created the instance has ended in the meantime.
    instance.lose();
    if (runner !== undefined) this.#instances.renew(instance, runner);
    return instance;
  }

  #makeKeeper(): InstanceKeeper {
    const lifecycle = this.#lifecycle;
    const { timeout, whenDown, path, startTimeout = 0 } = this.#options;
    return {
      plugin: this.plugin,
      path,
      policy: lifecycle.policy,
      waits: whenDown === 'wait',
      renewTimeout: Math.max(timeout ?? Number.POSITIVE_INFINITY, startTimeout),
      tally: this.#options.tally,
      requireRunner: () => lifecycle.requireRunner(),
      awaitRunner: (options) => lifecycle.awaitRunner(options),
      withinTimeout: (promise, options) => lifecycle.room.wait(promise, options, timeout),
      explain: (error, generation) => lifecycle.explain(error, generation),
      explainNow: (error, generation) => lifecycle.explainNow(error, generation),
      remaining: (options, since) => remaining(options, timeout, since),
      forget: (instance) => this.#instances.remove(instance),
      renew: (instance, runner) => this.#instances.renew(instance, runner),
      notRenewed: (error, delay) => {
        const { generation } = lifecycle;
        const reason = asTenonError(error, 'ERR_TENON_NEW_FAILED', `new of plugin ${this.plugin} failed`);
        process.nextTick(() => this.emit('renewal', { generation, error: reason, delay }));
      },
    };
  }
}
