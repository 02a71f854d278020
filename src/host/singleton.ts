/** The place of a plugin that allows one instance at a time. */
import { PluginFlag } from '../base/abi.js';
import { TenonError } from '../base/errors.js';
import type { Isolation } from '../tiers/tier.js';
import type { Manifest } from './manifest.js';

/**
 * The singletons that have an instance in this thread: the digest of the plugin or, in the process tier, the
 * place itself.
 */
const taken = new Set<string | SingletonPlace>();

/** Returns whether a plugin allows one instance at a time. */
export function isSingleton({ flags }: Manifest): boolean {
  return (flags & PluginFlag.TENON_SINGLETON) !== 0;
}

/** The place of one plugin, which its instance takes if the plugin is a singleton. */
export class SingletonPlace {
  readonly #isolation: Isolation;
  #place: string | SingletonPlace | undefined;

  constructor(isolation: Isolation) {
    this.#isolation = isolation;
  }

  /** Takes the place for an instance. @throws TenonError ERR_TENON_NEW_FAILED if it is taken */
  take(manifest: Manifest): void {
    if (!isSingleton(manifest)) return;
    const place = this.#placeOf(manifest);
    if (taken.has(place)) {
      const message = `Cannot make another instance of ${manifest.name}: it allows one at a time (TENON_SINGLETON). Close the first one.`;
      throw new TenonError('ERR_TENON_NEW_FAILED', message, { plugin: manifest.name });
    }
    this.#take(place);
  }

  /** Leaves the place. */
  leave(): void {
    if (this.#place !== undefined) taken.delete(this.#place);
    this.#place = undefined;
  }

  /**
   * Checks whether so many instances can move to another version.
   * @throws TenonError ERR_TENON_NEW_FAILED
   */
  check(next: Manifest, instances: number): void {
    if (!isSingleton(next) || instances === 0) return;
    const { name: plugin, path } = next;
    const fail = (problem: string) => {
      const message = `Cannot reload ${plugin}: ${path} allows one instance at a time (TENON_SINGLETON), and ${problem}.`;
      throw new TenonError('ERR_TENON_NEW_FAILED', message, { plugin, path });
    };
    if (instances > 1) fail(`the plugin has ${instances}. Close the others`);
    const place = this.#placeOf(next);
    if (place !== this.#place && taken.has(place))
      fail('another plugin of this thread that was loaded from it has one. Close one of the two');
  }

  /** Moves to another version. */
  move(next: Manifest, instances: number): void {
    this.leave();
    if (isSingleton(next) && instances > 0) this.#take(this.#placeOf(next));
  }

  #take(place: string | SingletonPlace): void {
    taken.add(place);
    this.#place = place;
  }

  #placeOf({ digest }: Manifest): string | SingletonPlace {
    return this.#isolation === 'process' ? this : digest;
  }
}
