/** The options of a reload and its report. */
import type { TenonError } from '../base/errors.js';
import { checkKnown, checkMilliseconds, checkOneOf, readOptions } from '../base/options.js';

/** The option `reload` of {@link PluginHost.load}, for {@link Plugin.reload}. */
export interface ReloadOptions {
  /**
   * The treatment of instances whose state the new version does not take over, although the old one can save it
   * (kind `state/1`). `require` keeps the old version; `discard` recreates the instance. Default: `require`.
   */
  readonly onState?: 'require' | 'discard';
  /**
   * Milliseconds for the calls that are in flight, for `new` of each instance in the new version, and for each step of
   * moving the state. In the process tier, a call that takes longer ends with the process; in the other tiers the old
   * version is kept. An open cursor goes on in the old version for as long. Default: 5000.
   */
  readonly drain?: number;
  /**
   * Milliseconds after a reload in which a crash of the new version brings the old one back, with the state that it
   * saved. 0 for none. Default: 30 000. Tiers: process.
   */
  readonly probation?: number;
  /**
   * The level of the safety suite that the new version must pass, with the command `tenon check`. Default: none, the
   * gates alone decide.
   */
  readonly check?: 'none' | 'basic' | 'strict' | 'torture';
}

/** The options with their defaults. */
export type ReloadSettings = Required<ReloadOptions>;

/** Checks the options. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
export function checkReload(given: ReloadOptions): ReloadSettings {
  const options = readOptions('reload', given);
  checkKnown('reload', options, ['onState', 'drain', 'probation', 'check'], 'reload.');
  const { onState = 'require', drain = 5000, probation = 30_000, check = 'none' } = options;
  return {
    onState: checkOneOf('reload.onState', onState, ['require', 'discard']),
    drain: checkMilliseconds('reload.drain', drain),
    probation: checkMilliseconds('reload.probation', probation, { zero: true }),
    check: checkOneOf('reload.check', check, ['none', 'basic', 'strict', 'torture']),
  };
}

/** A version of a plugin in a report. */
export interface ReloadedVersion {
  /** The plugin's own version from its descriptor; null if it has none. */
  readonly version: string | null;
  /** The SHA-256 digest of the file. */
  readonly digest: string;
}

/** The report on a reload. */
export interface ReloadReport {
  /**
   * `swapped`: the new version runs. `kept`: the old one goes on; `error` says why, and is missing if the file had
   * not changed. `rolled-back`: the new version crashed within its probation, and the old one runs again.
   */
  readonly outcome: 'swapped' | 'kept' | 'rolled-back';
  /** The version that ran before. */
  readonly from: ReloadedVersion;
  /** The other version; null if its file was refused before its digest was known. */
  readonly to: ReloadedVersion | null;
  /** The number of instances whose state was moved, and of those that were recreated with only their config. */
  readonly instances: {
    /** With their state. */
    readonly moved: number;
    /** Without a state. */
    readonly fresh: number;
  };
  /** Milliseconds for which asynchronous calls were held. */
  readonly pausedMs: number;
  /**
   * The remains, in this process, of the version that does not run any more: the old one, or the new one if the old
   * one was kept. Its code stays mapped in the tiers `inline` and `thread`, because unmapping code that may still run
   * is never safe. Both are 0 in the process tier.
   */
  readonly left: {
    /** Bytes of its file that are mapped. */
    readonly mapped: number;
    /** Threads that run its code. Known on Linux; 0 elsewhere. */
    readonly threads: number;
  };
  /** Why the old version was kept, or the crash of the new one. */
  readonly error?: TenonError;
}
