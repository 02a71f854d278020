/** The exchange of all instances of a plugin for instances of another version, with their state. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deferred } from '../base/deferred.js';
import { debug } from '../base/diagnostics.js';
import { TenonError } from '../base/errors.js';
import { milliseconds } from '../base/text.js';
import { Timer } from '../base/timer.js';
import { within } from '../base/within.js';
import type { InstanceEvents, TierBinding, TierInstance } from '../tiers/tier.js';
import type { CallCounter } from './call-stats.js';
import type { LoadSettings } from './load-options.js';
import { StateMover } from './moving-state.js';
import type { ObservedInstance } from './observed-instance.js';
import type { Version } from './version.js';

/** An instance that is in use. */
export interface Member {
  readonly tier: ObservedInstance;
  readonly config: Uint8Array;
  readonly events: InstanceEvents;
}

/** The saved state of each instance; null for an instance that had none. */
export type SavedStates = WeakMap<ObservedInstance, Buffer | null>;

/** The plugin, as an exchange sees it. */
interface Owner {
  readonly name: string;
  readonly load: LoadSettings;
  readonly counter: CallCounter;
  readonly making: number;
  readonly closed: boolean;
  members(): readonly Member[];
}

/** An instance of the new version. */
interface Made {
  readonly instance: TierInstance;
  /** Its method that restores a state; null if it has none. */
  readonly restorer: TierBinding | null;
  /** Whether it was given a state. */
  moved: boolean;
}

/** The number of attempts to move the state while calls that block go on. The last one blocks them. */
const ATTEMPTS = 3;
/** The number of instances whose state is moved at the same time. */
const AT_ONCE = 64;

export class Exchange {
  readonly states: SavedStates;
  readonly #owner: Owner;
  readonly #from: Version;
  readonly #next: Version;
  readonly #mover: StateMover;
  /** The new instances, and those that were replaced. */
  readonly #made = new Map<Member, Made>();
  readonly #replaced: TierInstance[] = [];
  #pinned = false;
  #later: Timer | undefined;
  #retired: Promise<void> | undefined;
  readonly #whenRetired = deferred<void>();
  /** Members whose old instance was dropped before the new one was made. */
  readonly #dropped = new Set<Member>();

  constructor(owner: Owner, from: Version, next: Version, states: SavedStates = new WeakMap()) {
    this.#owner = owner;
    this.#from = from;
    this.#next = next;
    this.#mover = new StateMover(owner, from);
    this.states = states;
  }

  /** The instances that are in use, with their state and without. */
  get counts(): { readonly moved: number; readonly fresh: number } {
    const used = [...this.#made].filter(([member]) => !member.tier.closed);
    const moved = used.filter(([, made]) => made.moved).length;
    return { moved, fresh: used.length - moved };
  }

  /** Makes the new instances that are missing. @throws TenonError the error of `new` */
  async make(): Promise<void> {
    for (const member of this.#owner.members()) if (!this.#made.has(member)) await this.#makeOne(member);
  }

  /**
   * Moves the state of all instances, and calls `finish` in the step in which it is current. A call that blocks cannot
   * be held: if one came meanwhile, the state is moved again. `idle`: the old instances still have their state.
   */
  async move(idle: boolean, finish: () => void): Promise<void> {
    const { counter } = this.#owner;
    this.#mover.idle = idle;
    for (let attempt = 1; ; attempt++) {
      await this.make();
      counter.unheld = 0;
      if (attempt <= ATTEMPTS) {
        await forAll(this.#owner.members(), async (member) =>
          this.#restore(member, await this.#save(member)),
        );
        if (counter.unheld === 0 && this.#isComplete()) return finish();
      } else if (this.#isComplete()) {
        for (const member of this.#owner.members()) this.#moveNow(member);
        return finish();
      }
      // An instance that a user is making ends in a later turn of the event loop.
      if (this.#owner.making > 0) await nextTurn();
    }
  }

  /** Whether each instance has its new one. */
  #isComplete(): boolean {
    return this.#owner.making === 0 && this.#owner.members().every((member) => this.#made.has(member));
  }

  /** Moves a state without giving way to other code of this thread. */
  #moveNow(member: Member): void {
    const made = this.#made.get(member);
    const saver = this.#mover.saver(member.tier.inner);
    if (made === undefined || saver === null || !this.#mover.isWanted(made.restorer)) return;
    const saved = this.#mover.saveNow(saver);
    this.states.set(member.tier, saved);
    if (saved === null ? !made.moved : this.#mover.restoreNow(made.restorer, saved)) {
      made.moved = saved !== null;
      return;
    }
    // The user allows to lose the state. An instance that has an older one is of no use.
    close(made.instance);
    this.#use(member, this.#next.tier.createSync(member.config, member.events));
  }

  /** Does the same for a singleton: the old instance is dropped before the new one is made. */
  async moveOneByOne(idle: boolean, finish: () => void): Promise<void> {
    this.#mover.idle = idle;
    try {
      for (const member of this.#owner.members()) {
        const saved = await this.#saveLast(member);
        this.#dropped.add(member);
        this.#owner.counter.vacant = true;
        await this.#inTime(Promise.resolve(member.tier.inner.close()), 'drop of the old version');
        await this.#makeOne(member);
        await this.#restore(member, saved);
      }
      finish();
    } catch (error) {
      await this.#remake();
      throw error;
    } finally {
      this.#owner.counter.vacant = false;
    }
  }

  /** Saves a state that is current when this returns. */
  async #saveLast(member: Member): Promise<Buffer | null> {
    const { counter } = this.#owner;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      counter.unheld = 0;
      const saved = await this.#save(member);
      if (counter.unheld === 0) return saved;
    }
    const saver = this.#mover.saver(member.tier.inner);
    const saved = saver !== null && this.#mover.isWanted(undefined) ? this.#mover.saveNow(saver) : null;
    this.states.set(member.tier, saved);
    return saved;
  }

  /** Restores the states that were saved before. Instances that are younger have none. */
  async restoreSaved(): Promise<void> {
    await forAll([...this.#made.keys()], (member) =>
      this.#restore(member, this.states.get(member.tier) ?? null),
    );
  }

  /** Uses the new instances. @throws TenonError if the new version lacks a method that is bound; then nothing changed */
  commit(): void {
    const moves = [...this.#made].flatMap(([member, { instance, moved }]) => {
      if (member.tier.closed) return [];
      return [{ member, move: member.tier.moveTo(instance, moved) }];
    });
    for (const { member, move } of moves) {
      this.#pinned ||= member.tier.pinned;
      if (!this.#dropped.has(member)) this.#replaced.push(member.tier.inner);
      move();
    }
    for (const [member, { instance }] of this.#made) if (member.tier.closed) close(instance);
  }

  /** Gives the new instances up. */
  async undo(): Promise<void> {
    await Promise.all([...this.#made.values()].map(({ instance }) => closed(instance)));
    this.#made.clear();
  }

  /** Makes a singleton again from its saved state. @throws TenonError if it cannot be made */
  async #remake(): Promise<void> {
    await this.undo();
    for (const member of this.#dropped) {
      if (this.#owner.closed || member.tier.closed) continue;
      const again = await this.#create(this.#from, member);
      if (this.#owner.closed || member.tier.closed) {
        close(again);
        continue;
      }
      const saved = this.states.get(member.tier) ?? null;
      if (saved !== null) await this.#mover.restore(this.#mover.restorer(again), saved);
      member.tier.moveTo(again, saved !== null)();
    }
  }

  /**
   * Drops the old instances and closes the old version. Returns undefined if a cursor may be open, for which that waits
   * as long as for calls in flight.
   */
  retire(): Promise<void> | undefined {
    if (!this.#pinned) return this.retireNow();
    this.#later = new Timer(this.#owner.load.reload.drain, () => void this.retireNow()).unref();
    return undefined;
  }

  /** Does the same at once. Idempotent. Never fails. */
  retireNow(): Promise<void> {
    this.#later?.cancel();
    this.#retired ??= this.#retire().finally(this.#whenRetired.resolve);
    return this.#retired;
  }

  /** Resolves when the old version is gone. */
  get whenRetired(): Promise<void> {
    return this.#whenRetired.promise;
  }

  /** An instance whose `drop` does not return stays behind. */
  async #retire(): Promise<void> {
    const dropped = Promise.all(this.#replaced.map(closed));
    await this.#inTime(dropped, 'drop of the old version').catch(ignore);
    await this.#from.tier.close().catch(ignore);
  }

  async #makeOne(member: Member): Promise<void> {
    this.#use(member, await this.#create(this.#next, member));
  }

  #use(member: Member, instance: TierInstance): void {
    // It is closed with the others if its table of methods is refused.
    this.#made.set(member, { instance, restorer: null, moved: false });
    this.#made.set(member, { instance, restorer: this.#mover.restorer(instance), moved: false });
  }

  #create({ tier, manifest }: Version, { config, events }: Member): Promise<TierInstance> {
    return this.#inTime(
      tier.create(config, events),
      `new of version ${manifest.version ?? manifest.digest}`,
      close,
    );
  }

  async #save(member: Member): Promise<Buffer | null> {
    const made = this.#made.get(member);
    const saver = this.#mover.saver(member.tier.inner);
    const isWanted = saver !== null && this.#mover.isWanted(made?.restorer);
    const saved = isWanted ? await this.#mover.save(saver) : null;
    this.states.set(member.tier, saved);
    return saved;
  }

  async #restore(member: Member, saved: Buffer | null): Promise<void> {
    const made = this.#made.get(member);
    if (made === undefined) return;
    if (saved === null ? !made.moved : await this.#mover.restore(made.restorer, saved)) {
      made.moved = saved !== null;
      return;
    }
    await closed(made.instance);
    await this.#makeOne(member);
  }

  /** @throws TenonError ERR_TENON_TIMEOUT if a step takes longer than calls in flight may */
  #inTime<T>(step: Promise<T>, what: string, unwanted?: (value: T) => void): Promise<T> {
    const { name: plugin, load } = this.#owner;
    const { drain } = load.reload;
    const late = () => {
      const message = `Cannot reload ${plugin}: ${what} did not return within ${milliseconds(drain)} (reload.drain). Repair the plugin, or set a longer time.`;
      return new TenonError('ERR_TENON_TIMEOUT', message, { plugin });
    };
    return within(step, drain, late, unwanted);
  }
}

/** Does the work for all items, some at a time, and ends when all of it has ended. @throws the first error */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += AT_ONCE) {
    const outcomes = await Promise.allSettled(items.slice(i, i + AT_ONCE).map(work));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

/** Closes an instance. Never fails: the instance is not used any more. */
async function closed(instance: TierInstance): Promise<void> {
  try {
    await instance.close();
  } catch (error) {
    ignore(error);
  }
}

function close(instance: TierInstance): void {
  void closed(instance);
}

const ignore = (error: unknown): void => debug('reload: %s', error);
