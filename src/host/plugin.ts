/** A plugin, as users hold it. It makes instances. */
import { EventEmitter } from 'node:events';
import { PluginFlag } from '../base/abi.js';
import { debug } from '../base/diagnostics.js';
import { TenonError } from '../base/errors.js';
import type { Kind } from '../kinds/kind.js';
import type { SupervisorEventMap, SupervisorState } from '../supervision/supervisor.js';
import type { InstanceEvents, Isolation, TierInstance } from '../tiers/tier.js';
import type { CallCounter, CallStats } from './call-stats.js';
import { type Config, encodeConfig } from './config.js';
import type { HostEvents } from './host-events.js';
import { EventRelay, type Instance, type InstanceSettings, makeInstance } from './instance.js';
import { forwardWhileListened, refuseUnknownEvents } from './known-events.js';
import type { LoadSettings } from './load-options.js';
import type { Manifest } from './manifest.js';
import { ObservedInstance, type Observer } from './observed.js';
import type { PluginProcess, PluginTier } from './plugin-tier.js';

/** The settings of a plugin, which its host provides. */
export interface PluginSettings {
  readonly manifest: Manifest;
  readonly load: LoadSettings;
  readonly tier: PluginTier;
  readonly counter: CallCounter;
  readonly kinds: readonly Kind[];
  /** The reason why nothing that its instances emit is delivered, as whole sentences; null if it is. */
  readonly silent: string | null;
  readonly events: HostEvents;
  readonly onClose: (plugin: Plugin) => void;
}

/**
 * The state of a plugin. In the inline and thread tiers it is `running` until `close()`. In the process tier
 * it is the state of the plugin's process. `closed` is final.
 */
export type PluginState = SupervisorState | 'closed';

/** The events of a {@link Plugin}. All except `close` concern the process tier. */
export interface PluginEventMap extends SupervisorEventMap {
  /** The plugin was closed. */
  close: [];
}

const EVENTS: readonly (keyof PluginEventMap)[] = [
  'state',
  'exit',
  'restart',
  'renewal',
  'stdout',
  'stderr',
  'close',
];

/** Statistics of a plugin since it was loaded. */
export interface PluginStats extends CallStats {
  /** The name of the plugin. */
  readonly name: string;
  /** The tier of the plugin. */
  readonly isolation: Isolation;
  /** The state of the plugin. */
  readonly state: PluginState;
  /** The id of the plugin's process; null in the other tiers, and while none runs. */
  readonly pid: number | null;
  /** The number of the current start of the plugin's process, from 1; null in the other tiers. */
  readonly generation: number | null;
  /** The number of open instances. */
  readonly instances: number;
  /** The number of asynchronous calls that have begun and not ended. */
  readonly inFlight: number;
  /** The number of messages that arrived. */
  readonly messages: number;
  /** The number of log entries that arrived. */
  readonly logs: number;
  /** The number of restarts of the plugin's process; 0 in the other tiers. */
  readonly restarts: number;
  /**
   * The resident memory (RSS) of the plugin's process in bytes. Null in the other tiers, and if the system
   * does not report it.
   */
  readonly rss: number | null;
}

/** Cleans up after instances that were garbage collected without close. */
const collected = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * The singletons that have an instance in this thread: the digest of the plugin or, in the process tier, the
 * plugin itself.
 */
const singletons = new Set<string | Plugin>();

let create: (settings: PluginSettings) => Plugin;

/** Makes a plugin for users. */
export function makePlugin(settings: PluginSettings): Plugin {
  return create(settings);
}

/**
 * An admitted plugin. {@link PluginHost.load} and {@link PluginHost.discover} make it. Closing it closes its
 * instances; its manifest remains readable.
 */
export class Plugin extends EventEmitter<PluginEventMap> {
  /** The facts about the plugin. They remain available after it is closed. */
  readonly manifest: Manifest;
  readonly #settings: PluginSettings;
  readonly #observer: Observer;
  /** Weak references, so that an instance without other references can be collected. */
  readonly #instances = new Set<WeakRef<Instance>>();
  #lastId = 0;
  #messages = 0;
  #logs = 0;
  #closing: Promise<void> | undefined;

  static {
    create = (settings) => new Plugin(settings);
  }

  private constructor(settings: PluginSettings) {
    super();
    this.manifest = settings.manifest;
    this.#settings = settings;
    const { isolation, unsupported } = settings.load;
    this.#observer = {
      plugin: settings.manifest.name,
      counter: settings.counter,
      onTimeout: isolation === 'inline' ? unsupported : null,
    };
    refuseUnknownEvents(this as unknown as EventEmitter, 'a plugin', EVENTS);
    this.#forward(settings.tier.events);
  }

  /** The tier in which the plugin's code runs. */
  get isolation(): Isolation {
    return this.#settings.load.isolation;
  }

  /** The state of the plugin. */
  get state(): PluginState {
    return this.closed ? 'closed' : this.#settings.tier.state;
  }

  /** The name of the plugin, as the plugin states it. */
  get name(): string {
    return this.manifest.name;
  }

  /** The process of the plugin; null in the inline and thread tiers. */
  get process(): PluginProcess | null {
    return this.#settings.tier.process;
  }

  /** Whether the plugin was closed. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Returns statistics of its calls, and of the resources that it holds now. */
  stats(): PluginStats {
    const { tier, counter } = this.#settings;
    return {
      name: this.name,
      isolation: this.isolation,
      state: this.state,
      pid: tier.process?.pid ?? null,
      generation: tier.process?.generation ?? null,
      instances: this.#instances.size,
      ...counter.stats(),
      inFlight: counter.tally.inFlight,
      messages: this.#messages,
      logs: this.#logs,
      restarts: Math.max(0, (tier.process?.generation ?? 0) - 1),
      rss: tier.rss(),
    };
  }

  /**
   * Restarts the plugin's process with a full restart budget. A running process is ended in an orderly way
   * first. This is the only way out of the state `failed`.
   * @throws TenonError ERR_TENON_UNSUPPORTED in the inline and thread tiers
   * @throws TenonError ERR_TENON_CLOSED
   * @throws TenonError the reason why the process does not start
   */
  async restart(): Promise<void> {
    this.#checkOpen();
    await this.#settings.tier.restart();
  }

  /**
   * Makes an instance. See {@link Config} for the config.
   * @throws TenonError ERR_TENON_NEW_FAILED with the plugin's own message
   * @throws TenonError ERR_TENON_PANIC, ERR_TENON_CONTRACT, ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT
   * @throws TenonError ERR_TENON_TIMEOUT, ERR_TENON_CRASHED in the thread and process tiers
   */
  async new(config?: Config): Promise<Instance> {
    const bytes = encodeConfig(config);
    const release = this.#claim();
    const id = ++this.#lastId;
    const relay = new EventRelay(this.#eventsOf(id));
    try {
      const made = await this.#settings.tier.create(bytes, relay);
      if (this.closed) await made.close();
      this.#checkOpen();
      return this.#adopt(id, made, relay, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Makes an instance synchronously, and blocks until it is made.
   * @throws TenonError ERR_TENON_UNSUPPORTED in the thread tier
   * @throws TenonError the errors of {@link new}
   */
  newSync(config?: Config): Instance {
    const bytes = encodeConfig(config);
    const release = this.#claim();
    const id = ++this.#lastId;
    const relay = new EventRelay(this.#eventsOf(id));
    try {
      return this.#adopt(id, this.#settings.tier.createSync(bytes, relay), relay, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Closes all instances, and ends the process if the plugin has one. In the inline tier, everything is done
   * when this returns. The library stays mapped, because unmapping code that may still run is never safe.
   * Idempotent.
   * @throws TenonError the error of an instance that did not end properly
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const { tier, onClose } = this.#settings;
    const instances = [...this.#instances];
    this.#closing = Promise.resolve();
    const closed = instances.map((reference) => reference.deref()?.close());
    this.#instances.clear();
    onClose(this);
    // All ends are awaited together: an instance whose process hangs is closed by the end of the process.
    this.#closing = this.#end([...closed, tier.close()]);
    return this.#closing;
  }

  /** Closes the plugin at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close().catch((error) => debug('close of %s: %s', this.name, error));
  }

  /** Closes the plugin at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Forwards the events of the tier to the listeners of the plugin and of the host. The end of a process is
   * also forwarded to its instances.
   */
  #forward(tier: PluginTier['events']): void {
    const plugin = this.name;
    const { events } = this.#settings;
    tier.on('state', (change) => {
      events.emit('state', () => ({ plugin, instance: null, ...change }));
      this.emit('state', change);
    });
    tier.on('restart', (restart) => {
      events.emit('restart', () => ({ plugin, instance: null, ...restart }));
      this.emit('restart', restart);
    });
    tier.on('renewal', (renewal) => this.emit('renewal', renewal));
    const own = this as unknown as EventEmitter; // its general events are not in the map
    for (const stream of ['stdout', 'stderr']) forwardWhileListened(tier as EventEmitter, own, stream);
    tier.on('exit', (report) => {
      if (report.crashed) events.emit('crash', () => ({ plugin, instance: null, report }));
      this.emit('exit', report);
      for (const reference of this.#instances) reference.deref()?.emit('exit', report);
    });
  }

  /** Returns the handlers that count the events of an instance and forward them to the host. */
  #eventsOf(instance: number): InstanceEvents {
    const plugin = this.name;
    const { events } = this.#settings;
    return {
      message: (data) => {
        this.#messages += 1;
        events.emit('message', () => ({ plugin, instance, data }));
      },
      log: (entry) => {
        this.#logs += 1;
        events.emit('log', () => ({ plugin, instance, ...entry }));
      },
    };
  }

  /**
   * Waits for all ends.
   * @throws TenonError the error of an instance whose `drop` did not end, after all other ends
   */
  async #end(ends: readonly (Promise<void> | undefined)[]): Promise<void> {
    const outcomes = await Promise.allSettled(ends);
    this.emit('close');
    const late = outcomes.find((end) => end.status === 'rejected');
    if (late !== undefined) throw late.reason;
  }

  #checkOpen(): void {
    if (!this.closed) return;
    const message = `Cannot use the plugin ${this.name}: it is closed. Load it again.`;
    throw new TenonError('ERR_TENON_CLOSED', message, { plugin: this.name });
  }

  #adopt(id: number, made: TierInstance, relay: EventRelay, release: () => void): Instance {
    const settings: InstanceSettings = {
      id,
      plugin: this.name,
      kinds: this.#settings.kinds,
      offered: this.manifest.described ? this.manifest.kinds : null,
      silent: this.#settings.silent,
      onClose: (reference) => {
        collected.unregister(reference);
        this.#instances.delete(reference);
        release();
      },
    };
    const tier = new ObservedInstance(made, this.#observer, id);
    const { instance, reference } = makeInstance(settings, tier, relay);
    const instances = this.#instances;
    instances.add(reference);
    collected.register(instance, () => instances.delete(reference) && release(), reference);
    return instance;
  }

  /** Claims the single place of a singleton. Returns a function that releases it. */
  #claim(): () => void {
    this.#checkOpen();
    if ((this.manifest.flags & PluginFlag.TENON_SINGLETON) === 0) return () => undefined;
    const place = this.isolation === 'process' ? this : this.manifest.digest;
    if (singletons.has(place)) {
      throw new TenonError(
        'ERR_TENON_NEW_FAILED',
        `Cannot make another instance of ${this.name}: it allows one at a time (TENON_SINGLETON). Close the first one.`,
        { plugin: this.name },
      );
    }
    singletons.add(place);
    return () => singletons.delete(place);
  }
}
