/** Files that pass the gates, and the versions of plugins that they become. */
import { resolve } from 'node:path';
import { type Admitted, admit, type Entry } from '../admission/admit.js';
import { debug } from '../base/diagnostics.js';
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
import type { Demotions, Disarm } from '../supervision/demotion.js';
import type { CallCounter } from './call-stats.js';
import { type Candidate, type Found, findCandidates } from './discover.js';
import type { HostSettings } from './host-options.js';
import type { LoadSettings } from './load-options.js';
import { type Manifest, manifestOf } from './manifest.js';
import { confinementOf, openTier } from './plugin-tier.js';
import type { PreparedVersion, Version } from './version.js';

/** A file that passed the gates, with its settings. */
export interface Admission {
  readonly admitted: Admitted;
  /** The absolute path at which it was found, with links unresolved. */
  readonly source: string;
  readonly load: LoadSettings;
  /** Removes the marker recording that this process has loaded the plugin. */
  readonly disarm: Disarm;
}

/** The admissions of one host. */
export class Admissions {
  readonly #settings: HostSettings;
  /** The manifests of the plugins that the host has admitted, by name. */
  readonly #repository: ReadonlyMap<string, Manifest>;

  constructor(settings: HostSettings, repository: ReadonlyMap<string, Manifest>) {
    this.#settings = settings;
    this.#repository = repository;
  }

  /** Searches the folders of the host. */
  candidates(): Promise<Found> {
    return findCandidates({ paths: this.#settings.paths, depth: this.#settings.depth });
  }

  /**
   * Passes a file through the gates. Its stored demotion decides where it is opened. `judge` may refuse it by its
   * digest before any of its code runs.
   */
  async admit(
    path: string,
    load: LoadSettings,
    judge: (digest: string) => void = () => undefined,
  ): Promise<Admission> {
    const { policy, quarantine } = this.#settings;
    let isolation = load.isolation;
    let disarm: Disarm = () => undefined;
    const choose = async (digest: string, readable: readonly string[]): Promise<Entry> => {
      await quarantine.check(digest, path).catch(atTrust);
      judge(digest);
      if (isolation !== 'process' && load.onCrash === 'demote') {
        const demotions = this.#requireDemotions();
        const demotion = await demotions.isDemoted(digest);
        if (demotion === undefined) disarm = await demotions.arm(digest, path);
        else isolation = 'process';
      }
      return isolation === 'process' ? confinementOf(load, readable) : 'host';
    };
    try {
      const admitted = await admit(path, policy, choose);
      return { admitted, source: resolve(path), load: { ...load, isolation }, disarm };
    } catch (error) {
      disarm();
      throw error;
    }
  }

  #requireDemotions(): Demotions {
    const { demotions } = this.#settings;
    if (demotions !== null) return demotions;
    throw invalidArgument('onCrash', "can only be 'demote' if the host has the option stateDir");
  }

  /** Prefers a file of that name. If none exists, looks for the plugin in files of other names. */
  async byName(name: string, load: LoadSettings): Promise<Admission> {
    const { candidates, folders } = await this.candidates();
    const named = candidates.find((candidate) => candidate.name === name || candidate.name === `lib${name}`);
    if (named !== undefined) {
      const admission = await this.admit(named.path, load);
      if (admission.admitted.name === name) return admission;
      admission.disarm();
    }
    const path = this.#repository.get(name)?.path;
    const others = path === undefined ? candidates : [{ path }];
    for (const candidate of others) {
      if (candidate === named) continue;
      const outcome = await attempt(candidate.path, () => this.admit(candidate.path, load));
      if (outcome instanceof TenonError) continue;
      if (outcome.admitted.name === name) return outcome;
      outcome.disarm();
    }
    throw notFound(name, candidates, folders);
  }

  /** Opens an admitted file in its tier. @throws TenonError */
  async open(admission: Admission, manifest: Manifest, counter: CallCounter): Promise<Version> {
    const { admitted, load, disarm } = admission;
    const { digest, name, path } = manifest;
    const failed = (error: TenonError) =>
      void this.#settings.quarantine
        .add({ digest, name, path, error })
        .catch((problem) => debug('%s', problem));
    const again = () => this.open(admission, manifest, counter);
    admitted.useCopy();
    // Code that was opened in this process stays mapped, and may read its file: so does a debugger.
    const leave = () => (load.isolation === 'process' ? admitted.leaveCopy() : Promise.resolve());
    let released = false;
    const release = async () => {
      if (released) return;
      released = true;
      disarm();
      await leave();
    };
    try {
      const tier = await openTier(admitted, load, { failed, tally: counter.tally });
      return { manifest, tier, file: admitted.copy, again, release };
    } catch (error) {
      await leave();
      throw error;
    }
  }

  /** Admits the file that a plugin was loaded from once more. It stays in the tier in which it is. */
  async prepare(
    source: string,
    load: LoadSettings,
    counter: CallCounter,
    judge: (digest: string) => void,
  ): Promise<PreparedVersion> {
    const admission = await this.admit(source, load, judge);
    const { admitted, disarm } = admission;
    const manifest = manifestOf(admitted, source);
    const open = async () => {
      if (admission.load.isolation !== load.isolation) throw demoted(manifest.path);
      return this.open(admission, manifest, counter);
    };
    const drop = async () => {
      disarm();
      // Code that was opened in this process stays mapped.
      if (admitted.opened === null) await admitted.dropCopy();
      else admitted.useCopy();
    };
    return { manifest, file: admitted.copy, open, drop };
  }
}

/** Runs a step for one file and returns its error, so that the scan of other files continues. */
export async function attempt<T>(path: string, step: () => Promise<T>): Promise<T | TenonError> {
  try {
    return await step();
  } catch (error) {
    return asTenonError(error, 'ERR_TENON_LOAD_FAILED', `Cannot load ${path}`);
  }
}

function notFound(name: string, candidates: readonly Candidate[], folders: readonly string[]): TenonError {
  const found = candidates.map((candidate) => candidate.name).join(', ') || 'nothing';
  return new TenonError(
    'ERR_TENON_NOT_FOUND',
    `Cannot load ${name}: found no plugin of that name in the search path (${folders.join(', ') || 'no folders'}). It contains: ${found}. Check the name and TENON_PATH, or pass the path of the file.`,
    { plugin: name, gate: 'find' },
  );
}

function demoted(path: string): TenonError {
  const message = `Cannot reload ${path}: it took down a process before, and may only run in a process of its own. Close the plugin and load it again.`;
  return new TenonError('ERR_TENON_UNSUPPORTED', message, { path });
}

function atTrust(error: unknown): never {
  throw error instanceof TenonError ? error.with({ gate: 'trust' }) : error;
}
