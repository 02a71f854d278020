/** The state of instances: saved by the old version of a plugin, restored by the new one. */
import { debug } from '../base/diagnostics.js';
import { asTenonError, TenonError } from '../base/errors.js';
import type { CallOptions, MethodRef, TierBinding, TierInstance } from '../tiers/tier.js';
import type { LoadSettings } from './load-options.js';
import type { Version } from './version.js';

/** The plugin, as the movement of its state sees it. */
interface Owner {
  readonly name: string;
  readonly load: LoadSettings;
}

/** The kind by which a plugin saves and restores its state: `{}` to `{ format: u32, data: bytes }`, and back. */
const STATE = 'state/1';
const SAVE: MethodRef = { kind: STATE, slot: 0, name: 'state.save' };
const RESTORE: MethodRef = { kind: STATE, slot: 1, name: 'state.restore' };
const EMPTY = new Uint8Array(0);

const REPAIR = "Repair the new version, or load the plugin with reload: { onState: 'discard' }.";
const GIVE_UP = "Close the instance, or load the plugin with reload: { onState: 'discard' }.";

/** Why a state was lost, and what helps. */
interface Loss {
  readonly how: string;
  readonly cure: string;
}

export const NOT_SAVED: Loss = { how: 'its state could not be saved', cure: GIVE_UP };
export const NOT_RESTORED: Loss = { how: 'the new version did not restore the state', cure: REPAIR };
const NO_KIND: Loss = { how: 'the new version does not have the kind state', cure: REPAIR };
const ENDED: Loss = {
  how: 'its process was ended with the calls in flight',
  cure: "Set a longer reload.drain, or load the plugin with reload: { onState: 'discard' }.",
};

/** Saves and restores, and decides about a state that is lost. */
export class StateMover {
  readonly #owner: Owner;
  readonly #from: Version;
  /** Whether the old instances still have their state: no process was ended for calls that took too long. */
  idle = true;

  constructor(owner: Owner, from: Version) {
    this.#owner = owner;
    this.#from = from;
  }

  /**
   * Returns the method that saves the state of an old instance. Returns null if there is none to save: its version does
   * not have the kind, or its process has ended, and the state with it.
   * @throws TenonError if the process was ended for this reload, and the state must not be lost
   */
  saver(instance: TierInstance): TierBinding | null {
    const { tier, manifest } = this.#from;
    // It ended with the calls in flight, and may not have started again yet.
    if (!this.idle && Object.hasOwn(manifest.kinds, 'state')) this.#endedWithCalls();
    if (!this.idle || tier.state !== 'running') return null;
    try {
      return instance.methodCount(STATE) >= 2 ? instance.bind(SAVE) : null;
    } catch (error) {
      const { code } = asTenonError(error, 'ERR_TENON_CALL_FAILED', 'The call failed');
      // It is being made again after a crash.
      if (code === 'ERR_TENON_CRASHED') return null;
      throw error;
    }
  }

  /** Returns the method that restores the state of a new instance; null if its version does not have the kind. */
  restorer(instance: TierInstance): TierBinding | null {
    return instance.methodCount(STATE) >= 2 ? instance.bind(RESTORE) : null;
  }

  /**
   * Returns whether to save a state. `restorer` is undefined for a singleton, whose new instance does not exist yet.
   * @throws TenonError if the state is lost and that is not allowed
   */
  isWanted(restorer: TierBinding | null | undefined): boolean {
    if (restorer !== null) return true;
    this.lost(NO_KIND, lacksKind());
    return false;
  }

  #endedWithCalls(): void {
    const { drain } = this.#owner.load.reload;
    this.lost(ENDED, new TenonError('ERR_TENON_TIMEOUT', `A call was still in flight after ${drain} ms.`));
  }

  /** Saves a state; null if it could not be saved, which the user allows. */
  async save(saver: TierBinding): Promise<Buffer | null> {
    try {
      return await saver.call(EMPTY, this.#options());
    } catch (error) {
      this.lost(NOT_SAVED, error);
      return null;
    }
  }

  /** The same without giving way to other code of this thread. */
  saveNow(saver: TierBinding): Buffer | null {
    try {
      return saver.callSync(EMPTY, this.#options());
    } catch (error) {
      this.lost(NOT_SAVED, error);
      return null;
    }
  }

  /** Restores a state. Returns whether that succeeded; if not, the user allows it, and the instance is of no use. */
  async restore(restorer: TierBinding | null, saved: Buffer): Promise<boolean> {
    try {
      if (restorer === null) throw lacksKind();
      await restorer.call(saved, this.#options());
      return true;
    } catch (error) {
      this.lost(NOT_RESTORED, error);
      return false;
    }
  }

  /** The same without giving way to other code of this thread. */
  restoreNow(restorer: TierBinding | null, saved: Buffer): boolean {
    try {
      if (restorer === null) throw lacksKind();
      restorer.callSync(saved, this.#options());
      return true;
    } catch (error) {
      this.lost(NOT_RESTORED, error);
      return false;
    }
  }

  /** Decides about a lost state. @throws TenonError unless the user gave leave to lose it */
  lost({ how, cure }: Loss, error: unknown): void {
    if (this.#owner.load.reload.onState === 'discard') {
      debug('reload: %s', error);
      return;
    }
    const { name: plugin } = this.#owner;
    const cause = asTenonError(error, 'ERR_TENON_CALL_FAILED', 'The call failed');
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
