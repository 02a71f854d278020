/**
 * The instances of a supervised plugin. They are held weakly, so that unused ones can be collected. A process
 * makes one instance at a time, so that it is known which one a crash in `new` concerns.
 */
import type { Runner } from './runner.js';
import type { SupervisedInstance } from './supervised-instance.js';

export class Instances {
  readonly #members = new Set<WeakRef<SupervisedInstance>>();
  /** The instances to recreate, in order. */
  #queue: { readonly instance: SupervisedInstance; readonly runner: Runner }[] = [];
  #running = false;
  /** The instance that is being recreated. */
  #present: SupervisedInstance | undefined;
  /** The number of instances that users are making. */
  #made = 0;
  #waiting: (() => void)[] = [];

  add(instance: SupervisedInstance): void {
    this.#members.add(instance.reference);
  }

  remove(instance: SupervisedInstance): void {
    this.#members.delete(instance.reference);
  }

  /** Notifies all instances that their process is gone. */
  lose(): void {
    this.#queue = [];
    this.#present = undefined;
    this.#changed();
    for (const instance of this.#living()) instance.lose();
  }

  /** Allows another attempt to recreate each instance. */
  forgive(): void {
    for (const instance of this.#living()) instance.attempts.forgive();
  }

  /**
   * Recreates the instances in the process: first those whose `new` was quick. An instance whose `new` ended the
   * last process waits for a call.
   */
  renewAll(runner: Runner): void {
    const instances = [...this.#living()].filter(({ attempts }) => !attempts.last?.crashed);
    for (const instance of instances.sort((one, other) => one.cost - other.cost))
      this.renew(instance, runner);
  }

  /** Recreates one instance in the process. */
  renew(instance: SupervisedInstance, runner: Runner): void {
    if (!instance.expect(runner)) return;
    this.#queue.push({ instance, runner });
    if (!this.#running) void this.#run();
  }

  /** Makes a new instance, after the one that is being recreated. */
  async make<T>(work: () => Promise<T>): Promise<T> {
    while (this.#present !== undefined) await this.#change();
    this.#made += 1;
    try {
      return await work();
    } finally {
      this.#made -= 1;
      this.#changed();
    }
  }

  /** The instance that is being recreated. Nothing else is made meanwhile, except by a synchronous `new`. */
  get present(): SupervisedInstance | undefined {
    return this.#present;
  }

  /** Waits until each instance is recreated or has failed. */
  async renewed(): Promise<void> {
    await Promise.all([...this.#living()].map((instance) => instance.renewed));
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      while (this.#made > 0) await this.#change();
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#present = next.instance;
      await next.instance.renewIn(next.runner);
      // If the process has ended, its report asks for this instance, and `lose` follows.
      if (next.runner.alive) this.#present = undefined;
      this.#changed();
    }
    this.#running = false;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  *#living(): Generator<SupervisedInstance> {
    for (const reference of this.#members) {
      const instance = reference.deref();
      if (instance === undefined) this.#members.delete(reference);
      else yield instance;
    }
  }
}
