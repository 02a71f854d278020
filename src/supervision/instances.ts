/** The instances of a supervised plugin. They are held weakly, so that unused ones can be collected. */
import type { Runner } from './runner.js';
import type { SupervisedInstance } from './supervised-instance.js';

export class Instances {
  readonly #members = new Set<WeakRef<SupervisedInstance>>();

  add(instance: SupervisedInstance): void {
    this.#members.add(instance.reference);
  }

  remove(instance: SupervisedInstance): void {
    this.#members.delete(instance.reference);
  }

  /** Notifies all instances that their process is gone. */
  lose(): void {
    for (const instance of this.#living()) instance.lose();
  }

  /** Recreates all instances in the process. */
  renew(runner: Runner): void {
    for (const instance of this.#living()) instance.renew(runner);
  }

  /** Waits until each instance is recreated or has failed. */
  async renewed(): Promise<void> {
    await Promise.all([...this.#living()].map((instance) => instance.renewed));
  }

  *#living(): Generator<SupervisedInstance> {
    for (const reference of this.#members) {
      const instance = reference.deref();
      if (instance === undefined) this.#members.delete(reference);
      else yield instance;
    }
  }
}
