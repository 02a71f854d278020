/** The host: finds, admits and holds plugins. */
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { screen } from '../admission/admit.js';
import { tellLoad, tellRefuse } from '../base/diagnostics.js';
import { asTenonError, invalidArgument, TenonError } from '../base/errors.js';
import { requirePlatform } from '../base/runtime.js';
import type { Demotions } from '../supervision/demotion.js';
import type { Quarantine } from '../supervision/quarantine.js';
import type { Isolation } from '../tiers/tier.js';
import { type Admission, Admissions, attempt } from './admissions.js';
import { CallCounter } from './call-stats.js';
import { type Capabilities, capabilities } from './capabilities.js';
import { eventsOf, HOST_EVENTS, type HostEventMap } from './host-events.js';
import { checkOptions, type HostOptions, type HostSettings } from './host-options.js';
import { refuseUnknownEvents } from './known-events.js';
import { checkLoadOptions, type LoadOptions } from './load-options.js';
import { type Manifest, manifestOf } from './manifest.js';
import { makePlugin, type Plugin } from './plugin.js';
import type { PluginStats } from './plugin-stats.js';
import { type Registration, register } from './registration.js';
import './support.js';
import { beginWatch, type PluginWatch, type WatchOptions } from './watch.js';

export type { Capabilities } from './capabilities.js';
export type { HostOptions } from './host-options.js';

/** The results of {@link PluginHost.discover}. Problems are reported here and not thrown. */
export interface Discovery {
  /** The admitted plugins, in order of precedence. */
  readonly plugins: Plugin[];
  /** The errors of files that were refused and of folders that could not be read, in order of precedence. */
  readonly refused: TenonError[];
  /**
   * The errors of files that were skipped because an earlier file has the same name. Each is
   * ERR_TENON_SHADOWED.
   */
  readonly shadowed: TenonError[];
}

/** The maximum number of files that are admitted concurrently. */
const MAX_AT_ONCE = 8;

/** Statistics of a host. */
export interface HostStats {
  /** The id of this process. */
  readonly pid: number;
  /** The age of the host in milliseconds. */
  readonly uptime: number;
  /** The statistics of the loaded plugins. */
  readonly plugins: readonly PluginStats[];
}

/**
 * Finds, admits and holds plugins.
 *
 * A file passes the gates in {@link GATES} before it becomes a plugin. A file that fails does not affect
 * other files or the host. `close()` ends all plugins; `await using` calls it at the end of a block.
 *
 * ```js
 * const host = new PluginHost({ paths: ['./plugins'] });
 * const plugin = await host.load('echo');
 * const instance = await plugin.new();
 * console.log(String(await instance.call(Buffer.from('hello'))));
 * await host.close();
 * ```
 */
export class PluginHost extends EventEmitter<HostEventMap> {
  readonly #settings: HostSettings;
  readonly #started = performance.now();
  /** The manifests of all admitted plugins by name, including closed ones. */
  readonly #repository = new Map<string, Manifest>();
  readonly #plugins = new Set<Plugin>();
  readonly #admissions: Admissions;
  readonly #watches = new Set<PluginWatch>();
  readonly #registration: Registration | undefined;
  #closed = false;

  /**
   * Makes a host. No file is read yet.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT; `argument` is the name of the option
   */
  constructor(options: HostOptions = {}) {
    super();
    this.#settings = checkOptions(options);
    this.#admissions = new Admissions(this.#settings, this.#repository);
    refuseUnknownEvents(this as unknown as EventEmitter, 'a host', HOST_EVENTS);
    const { stateDir } = this.#settings;
    if (stateDir !== undefined) this.#registration = register(stateDir, this);
  }

  /** The capabilities of this installation. */
  get capabilities(): Capabilities {
    return capabilities();
  }

  /**
   * The quarantine: the digests whose plugins crashed too often, with the reasons. A quarantined file is
   * refused with ERR_TENON_QUARANTINED.
   */
  get quarantine(): Quarantine {
    return this.#settings.quarantine;
  }

  /**
   * The plugins that took down a process and now run in the process tier (`onCrash: 'demote'`). Null without
   * `stateDir`.
   */
  get demotions(): Demotions | null {
    return this.#settings.demotions;
  }

  /**
   * The manifests of all plugins that this host has admitted, in the order of their admission, including
   * closed ones.
   */
  get manifests(): readonly Manifest[] {
    return [...this.#repository.values()];
  }

  /** The plugins that are loaded and not closed, in any state. */
  get plugins(): readonly Plugin[] {
    return [...this.#plugins];
  }

  /** Returns statistics of the calls of all plugins, and of the resources that the plugins hold now. */
  stats(): HostStats {
    const uptime = performance.now() - this.#started;
    return { pid: process.pid, uptime, plugins: this.plugins.map((plugin) => plugin.stats()) };
  }

  /**
   * Loads every plugin in the search folders. A bad file does not affect the others: its error is part of the
   * result.
   * @throws TenonError ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT
   */
  async discover(options: LoadOptions = {}): Promise<Discovery> {
    this.#checkOpen();
    const load = checkLoadOptions(options);
    const { candidates, problems, shadowed } = await this.#admissions.candidates();
    const found: Discovery = { plugins: [], refused: [...problems], shadowed: [...shadowed] };
    const outcomes = await mapInOrder(candidates, ({ path }) =>
      attempt(path, () => this.#admissions.admit(path, load)),
    );
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
   * Loads a plugin, either by its name, which is looked up in the search folders, or by the path of its file.
   * An argument with a slash, a backslash or the extension of a library is a path. A plugin may be loaded
   * several times. If its file was rebuilt, the new code is loaded next to the old code, and existing plugins
   * keep the old code.
   * @throws TenonError the error of the gate that refused the file; `gate` is its name
   * @throws TenonError ERR_TENON_NOT_FOUND if no plugin in the search folders has the name
   * @throws TenonError ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT
   */
  async load(nameOrPath: string, options: LoadOptions = {}): Promise<Plugin> {
    this.#checkOpen();
    if (typeof nameOrPath !== 'string' || nameOrPath === '' || nameOrPath.includes('\0')) {
      throw invalidArgument('nameOrPath', 'must be the name of a plugin or the path of its file');
    }
    const load = checkLoadOptions(options);
    const outcome = await attempt(nameOrPath, async () => {
      requirePlatform(nameOrPath);
      const path = isPath(nameOrPath);
      const admission = path
        ? await this.#admissions.admit(nameOrPath, load)
        : await this.#admissions.byName(nameOrPath, load);
      return this.#register(admission);
    });
    if (!(outcome instanceof TenonError)) return outcome;
    tellRefuse(outcome);
    throw outcome;
  }

  /**
   * Watches the search folders, including those that do not exist yet. A file counts when it has settled and passed
   * the gates that run none of its code; what happens then is up to the listeners. The first look has been taken when
   * the promise is fulfilled, so add the listeners at once.
   *
   * ```js
   * const watch = await host.watch();
   * watch.on('added', ({ path }) => host.load(path).then(start, console.error));
   * watch.on('refused', (error) => console.error(error.message));
   * ```
   * @throws TenonError ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT
   */
  async watch(options: WatchOptions = {}): Promise<PluginWatch> {
    this.#checkOpen();
    const watch = await beginWatch(this.#watched(), options);
    if (this.#closed) watch.close();
    this.#checkOpen();
    return watch;
  }

  /**
   * Closes all plugins and their instances. Idempotent.
   * @throws TenonError the error of a plugin that did not end properly
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const watch of this.#watches) watch.close();
    const ends = await Promise.allSettled([...this.#plugins].map((plugin) => plugin.close()));
    this.#registration?.close();
    const late = ends.find((end) => end.status === 'rejected');
    if (late !== undefined) throw late.reason;
  }

  /** Closes the host at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #watched() {
    const host = this;
    return {
      find: () => host.#admissions.candidates(),
      get plugins() {
        return host.plugins;
      },
      screen: (path: string) => screen(path, host.#settings.policy),
      opened: (watch: PluginWatch) => void host.#watches.add(watch),
      closed: (watch: PluginWatch) => void host.#watches.delete(watch),
    };
  }

  /** Runs the last gate: opens the tier, and keeps the manifest. */
  async #register(admission: Admission): Promise<Plugin> {
    const { admitted, source, load, disarm } = admission;
    const start = performance.now();
    const manifest = manifestOf(admitted, source);
    const { path } = manifest;
    try {
      this.#checkOpen();
      const counter = new CallCounter();
      const version = await this.#admissions.open(admission, manifest, counter);
      const prepare = (judge: (digest: string) => void) => {
        this.#checkOpen();
        return this.#admissions.prepare(source, load, counter, judge);
      };
      const onClose = (closed: Plugin) => void this.#plugins.delete(closed);
      const plugin = makePlugin({
        ...{ version, prepare, load, counter, onClose },
        onVersion: (present) => this.#note(present),
        kinds: this.#settings.kinds,
        silent: silenceOf(load.isolation),
        events: eventsOf(this),
      });
      if (this.#closed) await plugin.close();
      this.#checkOpen();
      this.#plugins.add(plugin);
      admitted.gates.push({ gate: 'register', ms: performance.now() - start });
      this.#note(manifest);
      return plugin;
    } catch (error) {
      disarm();
      throw asTenonError(error, 'ERR_TENON_LOAD_FAILED', `Cannot load ${path}`).with({
        path,
        gate: 'register',
      });
    }
  }

  /** Notes that a plugin runs in that version. */
  #note(manifest: Manifest): void {
    this.#repository.set(manifest.name, manifest);
    tellLoad(manifest);
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new TenonError('ERR_TENON_CLOSED', 'Cannot use the host: it is closed. Make a new PluginHost.');
  }
}

/**
 * Returns why nothing that a plugin emits in that tier is delivered, as whole sentences. Returns null if it
 * is delivered.
 */
function silenceOf(isolation: Isolation): string | null {
  const { events, addonProblem } = capabilities();
  return isolation === 'inline' && !events
    ? `In the inline tier, plugins need the native addon to emit them. ${addonProblem}`
    : null;
}

/**
 * Returns whether the argument is a path. The name of a plugin has neither separators nor the extension of a
 * library.
 */
function isPath(nameOrPath: string): boolean {
  return /[\\/]/.test(nameOrPath) || /\.(so|dll|dylib)$/i.test(nameOrPath);
}

/** Keeps the first plugin of each name. Reports the others. */
function keepFirst(admission: Admission, first: Map<string, Admission>, shadowed: TenonError[]): void {
  const { name, path } = admission.admitted;
  const earlier = first.get(name);
  if (earlier === undefined) {
    first.set(name, admission);
    return;
  }
  admission.disarm();
  const message = `Skipped ${path}: its plugin has the name ${name}, like the one in ${earlier.admitted.path}, which comes first. Remove one of them, or load it by its path.`;
  shadowed.push(new TenonError('ERR_TENON_SHADOWED', message, { path, plugin: name, gate: 'register' }));
}

/** Maps items as Promise.all does, but only a few at a time. */
async function mapInOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, availableParallelism()) }, lane));
  return results;
}
