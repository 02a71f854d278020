/** The exchange of all instances of a plugin for instances of another version, with their state. */
import { deferred } from '../base/deferred.js';
import { debug } from '../base/diagnostics.js';
import { asTenonError, TenonError } from '../base/errors.js';
import type { CallOptions, InstanceEvents, MethodRef, TierInstance } from '../tiers/tier.js';
import type { CallCounter } from './call-stats.js';
import type { LoadSettings } from './load-options.js';
import type { ObservedInstance } from './observed-instance.js';
import type { Version } from './version.js';

/** An instance that is in use. */
export interface Member {
  readonly tier: ObservedInstance;
  readonly config: Uint8Array;
  readonly events: InstanceEvents;
}

/** The saved state of each instance; null for an instance that had none. */
export type SavedStates = Map<ObservedInstance, Buffer | null>;

/** The plugin, as an exchange sees it. */
interface Owner {
  readonly name: string;
  readonly load: LoadSettings;
  readonly counter: CallCounter;
  readonly making: number;
  readonly closed: boolean;
  members(): readonly Member[];
}

/** The kind by which a plugin saves and restores its state: `{}` to `{ format: u32, data: bytes }`, and back. */
const STATE = 'state/1';
const SAVE: MethodRef = { kind: STATE, slot: 0, name: 'state.save' };
const RESTORE: MethodRef = { kind: STATE, slot: 1, name: 'state.restore' };
const EMPTY = new Uint8Array(0);

/** The number of attempts to move the state while calls that block go on. The last one blocks them. */
const ATTEMPTS = 3;

const NOT_SAVED = 'its state could not be saved';
const NOT_RESTORED = 'the new version did not restore the state';

export class Exchange {
  readonly states: SavedStates;
  readonly #owner: Owner;
  readonly #from: Version;
  readonly #next: Version;
  /** The new instances, and those that were replaced. */
  readonly #made = new Map<Member, TierInstance>();
  readonly #replaced: TierInstance[] = [];
  /** The instances whose state was moved. */
  readonly #moved = new Set<Member>();
  #pinned = false;
  #later: NodeJS.Timeout | undefined;
  #retired: Promise<void> | undefined;
  readonly #whenRetired = deferred<void>();
  /** Members whose old instance was dropped before the new one was made. */
  readonly #dropped = new Set<Member>();

  constructor(owner: Owner, from: Version, next: Version, states: SavedStates = new Map()) {
    this.#owner = owner;
    this.#from = from;
    this.#next = next;
    this.states = states;
  }

  get moved(): number {
    return this.#moved.size;
  }

  get fresh(): number {
    return this.#made.size - this.#moved.size;
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
    for (let attempt = 1; ; attempt++) {
      await this.make();
      counter.unheld = 0;
      if (attempt > ATTEMPTS) return this.#moveNow(idle, finish);
      for (const member of this.#owner.members()) await this.#restore(member, await this.#save(member, idle));
      if (counter.unheld === 0 && this.#isComplete()) return finish();
    }
  }

  /** Whether each instance has its new one. */
  #isComplete(): boolean {
    return this.#owner.making === 0 && this.#owner.members().every((member) => this.#made.has(member));
  }

  /** Moves everything without giving way to other code of this thread. */
  #moveNow(idle: boolean, finish: () => void): void {
    for (const [member, made] of this.#made) {
      if (!this.#canSave(member) || !this.#canRestore(made, idle)) continue;
      const saved = this.#saveNow(member);
      try {
        made.bind(RESTORE).callSync(saved, this.#options());
      } catch (error) {
        this.#fail(NOT_RESTORED, error);
      }
      this.#moved.add(member);
    }
    finish();
  }

  #saveNow(member: Member): Buffer {
    try {
      const saved = member.tier.inner.bind(SAVE).callSync(EMPTY, this.#options());
      this.states.set(member.tier, saved);
      return saved;
    } catch (error) {
      return this.#fail(NOT_SAVED, error);
    }
  }

  /** Does the same for a singleton: the old instance is dropped before the new one is made. */
  async moveOneByOne(idle: boolean, finish: () => void): Promise<void> {
    for (const member of this.#owner.members()) {
      const saved = await this.#saveLast(member, idle);
      this.#dropped.add(member);
      await member.tier.inner.close();
      await this.#makeOne(member);
      await this.#restore(member, saved);
    }
    finish();
  }

  /** Saves a state that is current when this returns. */
  async #saveLast(member: Member, idle: boolean): Promise<Buffer | null> {
    const { counter } = this.#owner;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      counter.unheld = 0;
      const saved = await this.#save(member, idle);
      if (counter.unheld === 0) return saved;
    }
    return this.#canSave(member) && this.#canRestore(undefined, idle) ? this.#saveNow(member) : null;
  }

  /** Restores the states that were saved before. Instances that are younger have none. */
  async restoreSaved(): Promise<void> {
    for (const member of this.#made.keys()) await this.#restore(member, this.states.get(member.tier) ?? null);
  }

  /** Uses the new instances. @throws TenonError if the new version lacks a method that is bound; then nothing changed */
  commit(): void {
    const moves = [...this.#made].flatMap(([member, made]) => {
      if (member.tier.closed) return [];
      return [{ member, move: member.tier.moveTo(made) }];
    });
    for (const { member, move } of moves) {
      this.#pinned ||= member.tier.pinned;
      if (!this.#dropped.has(member)) this.#replaced.push(member.tier.inner);
      move();
    }
    for (const [member, made] of this.#made) if (member.tier.closed) close(made);
  }

  /** Gives the new instances up. A singleton is made again from its saved state. @throws TenonError if it cannot be */
  async undo(): Promise<void> {
    for (const made of this.#made.values()) await Promise.resolve(made.close()).catch(ignore);
    for (const member of this.#dropped) {
      if (this.#owner.closed || member.tier.closed) continue;
      const again = await this.#from.tier.create(member.config, member.events);
      const saved = this.states.get(member.tier) ?? null;
      if (saved !== null) await again.bind(RESTORE).call(saved, this.#options());
      member.tier.moveTo(again)();
    }
  }

  /**
   * Drops the old instances and closes the old version. Returns undefined if a cursor may be open, for which that waits
   * as long as for calls in flight.
   */
  retire(): Promise<void> | undefined {
    if (!this.#pinned) return this.retireNow();
    this.#later = setTimeout(() => void this.retireNow(), this.#owner.load.reload.drain).unref();
    return undefined;
  }

  /** Does the same at once. Idempotent. */
  retireNow(): Promise<void> {
    clearTimeout(this.#later);
    this.#retired ??= this.#retire().finally(this.#whenRetired.resolve);
    return this.#retired;
  }

  /** Resolves when the old version is gone. */
  get whenRetired(): Promise<void> {
    return this.#whenRetired.promise;
  }

  async #retire(): Promise<void> {
    await Promise.all(this.#replaced.map((instance) => Promise.resolve(instance.close()).catch(ignore)));
    await this.#from.tier.close().catch(ignore);
  }

  async #makeOne(member: Member): Promise<void> {
    this.#made.set(member, await this.#next.tier.create(member.config, member.events));
  }

  async #save(member: Member, idle: boolean): Promise<Buffer | null> {
    this.#moved.delete(member);
    let saved: Buffer | null = null;
    if (this.#canSave(member) && this.#canRestore(this.#made.get(member), idle)) {
      saved = await member.tier.inner
        .bind(SAVE)
        .call(EMPTY, this.#options())
        .catch((error) => this.#lost(NOT_SAVED, error));
    }
    this.states.set(member.tier, saved);
    return saved;
  }

  async #restore(member: Member, saved: Buffer | null): Promise<void> {
    const made = this.#made.get(member);
    if (saved === null || made === undefined) return;
    try {
      if (made.methodCount(STATE) < 2) throw lacksKind();
      await made.bind(RESTORE).call(saved, this.#options());
      this.#moved.add(member);
    } catch (error) {
      this.#lost(NOT_RESTORED, error);
      await Promise.resolve(made.close()).catch(ignore);
      await this.#makeOne(member);
    }
  }

  #canSave({ tier }: Member): boolean {
    return tier.inner.methodCount(STATE) >= 2;
  }

  /** `made` is undefined for a singleton, whose new instance does not exist yet. */
  #canRestore(made: TierInstance | undefined, idle: boolean): boolean {
    if (!idle) {
      const { drain } = this.#owner.load.reload;
      const late = new TenonError('ERR_TENON_TIMEOUT', `A call was still in flight after ${drain} ms.`);
      this.#lost('its process was ended with the calls in flight', late);
      return false;
    }
    if (made === undefined || made.methodCount(STATE) >= 2) return true;
    this.#lost('the new version does not have the kind state', lacksKind());
    return false;
  }

  /** Decides about a lost state. @throws TenonError unless the user gave leave to lose it */
  #lost(how: string, error: unknown): null {
    if (this.#owner.load.reload.onState === 'require') return this.#fail(how, error);
    ignore(error);
    return null;
  }

  #fail(how: string, error: unknown): never {
    const { name: plugin } = this.#owner;
    const cause = asTenonError(error, 'ERR_TENON_CALL_FAILED', 'The call failed');
    const cure = "Repair the new version, or load the plugin with reload: { onState: 'discard' }.";
    const message = `Cannot move the state of ${plugin}: ${how}. ${cause.message} ${cure}`;
    throw new TenonError(cause.code, message, { plugin, status: cause.status, cause });
  }

  /** The inline tier has no timeouts. */
  #options(): CallOptions | undefined {
    const { load } = this.#owner;
    return load.isolation === 'inline' ? undefined : { timeout: load.reload.drain };
  }
}

function lacksKind(): TenonError {
  return new TenonError('ERR_TENON_MISSING_KIND', `The plugin does not have the kind ${STATE}.`);
}

function close(instance: TierInstance): void {
  void Promise.resolve(instance.close()).catch(ignore);
}

const ignore = (error: unknown): void => debug('reload: %s', error);
