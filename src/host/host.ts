/** The host: finds, admits and keeps plugins. */
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { type Admitted, admit, type Entry } from '../admission/admit.js';
import { debug, tellLoad, tellRefuse } from '../base/diagnostics.js';
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
import type { Demotions, Disarm } from '../supervision/demotion.js';
import type { Quarantine } from '../supervision/quarantine.js';
import type { Isolation } from '../tiers/tier.js';
import { CallCounter } from './call-stats.js';
import { type Capabilities, capabilities } from './capabilities.js';
import { type Candidate, findCandidates } from './discover.js';
import { eventsOf, HOST_EVENTS, type HostEventMap } from './host-events.js';
import { checkOptions, type HostOptions, type HostSettings } from './host-options.js';
import { refuseUnknownEvents } from './known-events.js';
import { checkLoadOptions, type LoadOptions, type LoadSettings } from './load-options.js';
import { type Manifest, manifestOf } from './manifest.js';
import { makePlugin, type Plugin, type PluginStats } from './plugin.js';
import { confinementOf, openTier } from './plugin-tier.js';

export type { Capabilities } from './capabilities.js';
export type { HostOptions } from './host-options.js';

/** What `discover` found. Nothing of it was thrown. */
export interface Discovery {
  /** The admitted plugins, in the order of the search. */
  readonly plugins: Plugin[];
  /** Files that were refused, and folders that could not be read, in the order of the search. */
  readonly refused: TenonError[];
  /** Files that were passed over because an earlier one has the same name (ERR_TENON_SHADOWED). */
  readonly shadowed: TenonError[];
}

/** A file that passed the gates, and where and how it is to run. */
interface Admission {
  readonly admitted: Admitted;
  readonly load: LoadSettings;
  /** Takes the marker away that says that this process has the plugin in it. */
  readonly disarm: Disarm;
}

const MAX_AT_ONCE = 8;

/** A host in numbers. */
export interface HostStats {
  readonly pid: number;
  /** Milliseconds since the host was made. */
  readonly uptime: number;
  /** The plugins that are loaded. */
  readonly plugins: readonly PluginStats[];
}

/** A place where plugins are found, checked and held. */
export class PluginHost extends EventEmitter<HostEventMap> {
  readonly #settings: HostSettings;
  readonly #started = performance.now();
  /** Manifests by name: what was admitted, also after it was closed. */
  readonly #repository = new Map<string, Manifest>();
  readonly #plugins = new Set<Plugin>();
  #closed = false;

  /** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
  constructor(options: HostOptions = {}) {
    super();
    this.#settings = checkOptions(options);
    refuseUnknownEvents(this as unknown as EventEmitter, 'a host', HOST_EVENTS);
  }

  /** What this installation can do. */
  get capabilities(): Capabilities {
    return capabilities();
  }

  /** The files whose plugins crashed too often, with the reasons. */
  get quarantine(): Quarantine {
    return this.#settings.quarantine;
  }

  /** The plugins that took a process down and now run in one of their own (`onCrash: 'demote'`); null without `stateDir`. */
  get demotions(): Demotions | null {
    return this.#settings.demotions;
  }

  /** The manifests of all plugins that this host admitted, in that order; those that were closed, too. */
  get manifests(): readonly Manifest[] {
    return [...this.#repository.values()];
  }

  /** The plugins that were loaded and not yet closed, whatever their state. */
  get plugins(): readonly Plugin[] {
    return [...this.#plugins];
  }

  /** What the calls of all plugins came to so far, and what the plugins hold now. */
  stats(): HostStats {
    const uptime = performance.now() - this.#started;
    return { pid: process.pid, uptime, plugins: this.plugins.map((plugin) => plugin.stats()) };
  }

  /** Tries every library in the search path. One bad file changes nothing for the others. @throws ERR_TENON_CLOSED */
  async discover(options: LoadOptions = {}): Promise<Discovery> {
    this.#checkOpen();
    const load = checkLoadOptions(options);
    const { candidates, problems, shadowed } = await this.#candidates();
    const found: Discovery = { plugins: [], refused: [...problems], shadowed: [...shadowed] };
    const outcomes = await mapInOrder(candidates, ({ path }) => attempt(path, () => this.#admit(path, load)));
    const first = new Map<string, Admission>();
    for (const outcome of outcomes) {
      if (outcome instanceof TenonError) found.refused.push(outcome);
      else keepFirst(outcome, first, found.shadowed);
    }
    const opened = await mapInOrder([...first.values()], (admission) =>
      attempt(admission.admitted.path, () => this.#register(admission)),
    );
    for (const outcome of opened) {
      if (outcome instanceof TenonError) found.refused.push(outcome);
      else found.plugins.push(outcome);
    }
    for (const error of [...found.refused, ...found.shadowed]) tellRefuse(error);
    return found;
  }

  /**
   * Loads a plugin by its name (looked up in the search path) or by the path of its file. The same plugin may be loaded
   * more than once; a file that was rebuilt since is loaded anew, beside the old code.
   * @throws TenonError with the gate that refused; ERR_TENON_NOT_FOUND; ERR_TENON_CLOSED; ERR_TENON_INVALID_ARGUMENT
   */
  async load(nameOrPath: string, options: LoadOptions = {}): Promise<Plugin> {
    this.#checkOpen();
    if (typeof nameOrPath !== 'string' || nameOrPath === '' || nameOrPath.includes('\0')) {
      throw invalidArgument('nameOrPath', 'must be the name of a plugin or the path of a file');
    }
    const load = checkLoadOptions(options);
    const outcome = await attempt(nameOrPath, async () => {
      const path = isPath(nameOrPath);
      const admission = path
        ? await this.#admit(nameOrPath, load)
        : await this.#admitByName(nameOrPath, load);
      return this.#register(admission);
    });
    if (!(outcome instanceof TenonError)) return outcome;
    tellRefuse(outcome);
    throw outcome;
  }

  /** Closes all plugins and their instances. Idempotent. @throws TenonError of a plugin that does not end in order */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = await Promise.allSettled([...this.#plugins].map((plugin) => plugin.close()));
    const late = ends.find((end) => end.status === 'rejected');
    if (late !== undefined) throw late.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #candidates() {
    return findCandidates({ paths: this.#settings.paths, depth: this.#settings.depth });
  }

  /** Leads a file through the gates, and decides by its record where it is opened. */
  async #admit(path: string, load: LoadSettings): Promise<Admission> {
    const { policy, quarantine } = this.#settings;
    let isolation = load.isolation;
    let disarm: Disarm = () => undefined;
    const choose = async (digest: string, copy: string): Promise<Entry> => {
      await quarantine.check(digest, path).catch(atTrust);
      if (isolation !== 'process' && load.onCrash === 'demote') {
        const demotions = this.#requireDemotions();
        const demotion = await demotions.isDemoted(digest);
        if (demotion === undefined) disarm = await demotions.arm(digest, path);
        else isolation = 'process';
      }
      return isolation === 'process' ? confinementOf(load, copy) : 'host';
    };
    try {
      const admitted = await admit(path, policy, choose);
      return { admitted, load: { ...load, isolation }, disarm };
    } catch (error) {
      disarm();
      throw error;
    }
  }

  #requireDemotions(): Demotions {
    const { demotions } = this.#settings;
    if (demotions !== null) return demotions;
    throw invalidArgument('onCrash', "can be 'demote' only if the host has the option stateDir");
  }

  /** A file of that name first; a plugin in a file of another name only if there is none. */
  async #admitByName(name: string, load: LoadSettings): Promise<Admission> {
    const { candidates, folders } = await this.#candidates();
    const named = candidates.find((candidate) => candidate.name === name || candidate.name === `lib${name}`);
    if (named !== undefined) {
      const admission = await this.#admit(named.path, load);
      if (admission.admitted.name === name) return admission;
      admission.disarm();
    }
    const path = this.#repository.get(name)?.path;
    const others = path === undefined ? candidates : [{ path }];
    for (const candidate of others) {
      if (candidate === named) continue;
      const outcome = await attempt(candidate.path, () => this.#admit(candidate.path, load));
      if (outcome instanceof TenonError) continue;
      if (outcome.admitted.name === name) return outcome;
      outcome.disarm();
    }
    throw notFound(name, candidates, folders);
  }

  /** The last gate: the plugin is there, and its manifest stays. */
  async #register({ admitted, load, disarm }: Admission): Promise<Plugin> {
    const start = performance.now();
    const manifest = manifestOf(admitted);
    const { digest, name, path } = manifest;
    try {
      this.#checkOpen();
      const failed = (error: TenonError) =>
        void this.quarantine.add({ digest, name, path, error }).catch((problem) => debug('%s', problem));
      const counter = new CallCounter();
      const tier = await openTier(admitted, load, { failed, tally: counter.tally });
      const onClose = (closed: Plugin) => {
        this.#plugins.delete(closed);
        disarm();
      };
      const plugin = makePlugin({
        ...{ manifest, load, tier, counter, onClose },
        kinds: this.#settings.kinds,
        silent: silenceOf(load.isolation),
        events: eventsOf(this),
      });
      if (this.#closed) await plugin.close();
      this.#checkOpen();
      this.#repository.set(name, manifest);
      this.#plugins.add(plugin);
      admitted.gates.push({ gate: 'register', ms: performance.now() - start });
      tellLoad(manifest);
      return plugin;
    } catch (error) {
      disarm();
      throw asTenonError(error, 'ERR_TENON_LOAD_FAILED', `Cannot load ${path}`).with({
        path,
        gate: 'register',
      });
    }
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new TenonError('ERR_TENON_CLOSED', 'Cannot use the host: it is closed. Make a new PluginHost.');
  }
}

/** Why nothing that a plugin emits arrives in that tier; null if it does. */
function silenceOf(isolation: Isolation): string | null {
  const { events, addonProblem } = capabilities();
  return isolation === 'inline' && !events
    ? `without the addon plugins cannot emit inline (${addonProblem})`
    : null;
}

/** What looks like a path is one: plugin names have no separators and no library extension. */
function isPath(nameOrPath: string): boolean {
  return /[\\/]/.test(nameOrPath) || /\.(so|dll|dylib)$/i.test(nameOrPath);
}

/** The outcome of a step for one file, which must not end the scan of the others. */
async function attempt<T>(path: string, step: () => Promise<T>): Promise<T | TenonError> {
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
    `Cannot load ${name}: no plugin of that name in the search path (${folders.join(', ') || 'no folders'}). Found there: ${found}. Check the name and TENON_PATH, or give the path of the file.`,
    { plugin: name, gate: 'find' },
  );
}

/** Of plugins with one name the first counts; the others are reported. */
function keepFirst(admission: Admission, first: Map<string, Admission>, shadowed: TenonError[]): void {
  const { name, path } = admission.admitted;
  const earlier = first.get(name);
  if (earlier === undefined) {
    first.set(name, admission);
    return;
  }
  admission.disarm();
  const message = `Passed over ${path}: its plugin is called ${name}, like the one in ${earlier.admitted.path}, which comes first. Remove one of them, or load it by its path.`;
  shadowed.push(new TenonError('ERR_TENON_SHADOWED', message, { path, plugin: name, gate: 'register' }));
}

function atTrust(error: unknown): never {
  throw error instanceof TenonError ? error.with({ gate: 'trust' }) : error;
}

/** Like Promise.all over map, a few at a time. */
async function mapInOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, availableParallelism()) }, lane));
  return results;
}
