/** A plugin that a user holds: makes instances. */
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
import { refuseUnknownEvents } from './known-events.js';
import type { LoadSettings } from './load-options.js';
import type { Manifest } from './manifest.js';
import { ObservedInstance, type Observer } from './observed.js';
import type { PluginProcess, PluginTier } from './plugin-tier.js';

/** What a plugin has from its host. */
export interface PluginSettings {
  readonly manifest: Manifest;
  readonly load: LoadSettings;
  readonly tier: PluginTier;
  readonly counter: CallCounter;
  readonly kinds: readonly Kind[];
  /** Why nothing that its instances emit arrives; null if it does. */
  readonly silent: string | null;
  readonly events: HostEvents;
  readonly onClose: (plugin: Plugin) => void;
}

/** `running`, unless its process is between a crash and its end; `closed` for ever after `close`. */
export type PluginState = SupervisorState | 'closed';

/** The events of a plugin. All but `close` concern the process tier. */
export interface PluginEventMap extends SupervisorEventMap {
  /** The plugin was closed. */
  close: [];
}

const EVENTS: readonly (keyof PluginEventMap)[] = ['state', 'exit', 'restart', 'stdout', 'stderr', 'close'];

/** A plugin in numbers, since it was loaded. */
export interface PluginStats extends CallStats {
  readonly name: string;
  readonly isolation: Isolation;
  readonly state: PluginState;
  /** Instances that are open. */
  readonly instances: number;
  /** Asynchronous calls that were made and have not ended. */
  readonly inFlight: number;
  /** Messages and log entries that arrived. */
  readonly messages: number;
  readonly logs: number;
  /** Process tier: how often its process was started again; 0 in the others. */
  readonly restarts: number;
  /** Process tier: bytes of memory that its process holds (RSS); null in the others, and where the system does not tell. */
  readonly rss: number | null;
}

/** What is to be done when an instance was collected without close. */
const collected = new FinalizationRegistry<() => void>((forget) => forget());

/** The singleton plugins that have an instance in this thread, by digest; those in a process of their own by themselves. */
const singletons = new Set<string | Plugin>();

let create: (settings: PluginSettings) => Plugin;

/** Makes the plugin that users get. */
export function makePlugin(settings: PluginSettings): Plugin {
  return create(settings);
}

/** An admitted plugin. Closing it closes its instances; its manifest stays readable. Made by `host.load()` and `host.discover()`. */
export class Plugin extends EventEmitter<PluginEventMap> {
  readonly manifest: Manifest;
  readonly #settings: PluginSettings;
  readonly #observer: Observer;
  /** Weak, so that an instance that nobody holds can be collected. */
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

  /** Where its code runs. */
  get isolation(): Isolation {
    return this.#settings.load.isolation;
  }

  get state(): PluginState {
    return this.closed ? 'closed' : this.#settings.tier.state;
  }

  /** The name that the plugin states. */
  get name(): string {
    return this.manifest.name;
  }

  /** Its process, in the process tier; null in the others. */
  get process(): PluginProcess | null {
    return this.#settings.tier.process;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** What its calls came to so far, and what it holds now. */
  stats(): PluginStats {
    const { tier, counter } = this.#settings;
    return {
      name: this.name,
      isolation: this.isolation,
      state: this.state,
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
   * Restarts its process, in order if it runs, and with a full restart budget; the way back from `failed`.
   * @throws TenonError ERR_TENON_UNSUPPORTED in other tiers; why it does not start; ERR_TENON_CLOSED
   */
  async restart(): Promise<void> {
    this.#checkOpen();
    await this.#settings.tier.restart();
  }

  /**
   * Makes an instance. `config` is any JSON value; a string or bytes are taken as JSON text as they are.
   * @throws TenonError ERR_TENON_NEW_FAILED with the plugin's own message, ERR_TENON_PANIC, ERR_TENON_CONTRACT,
   *   ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT; in other tiers also ERR_TENON_TIMEOUT, ERR_TENON_CRASHED
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

  /** The same without a promise; blocks. @throws also TenonError ERR_TENON_UNSUPPORTED in the thread tier */
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
   * Ends all instances, and the process if the plugin has one of its own. Inline everything is done when this returns; the library
   * stays mapped, since unmapping code that may still run is never safe. Idempotent.
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const { tier, onClose } = this.#settings;
    const instances = [...this.#instances];
    this.#closing = Promise.resolve();
    const closed = instances.map((reference) => reference.deref()?.close());
    this.#instances.clear();
    onClose(this);
    // Not one after the other: an instance whose process hangs is closed by the end of the process.
    this.#closing = this.#end([...closed, tier.close()]);
    return this.#closing;
  }

  [Symbol.dispose](): void {
    this.close().catch((error) => debug('close of %s: %s', this.name, error));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Hands on what the tier tells, to listeners of the plugin, of the host and, what ended a process, of its instances. */
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
    tier.on('stdout', (line) => this.emit('stdout', line));
    tier.on('stderr', (line) => this.emit('stderr', line));
    tier.on('exit', (report) => {
      if (report.crashed) events.emit('crash', () => ({ plugin, instance: null, report }));
      this.emit('exit', report);
      for (const reference of this.#instances) reference.deref()?.emit('exit', report);
    });
  }

  /** What the host hears of one of its instances. */
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

  /** @throws TenonError of an instance whose `drop` did not end, when all else has */
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

  /** Takes the one place of a singleton. Returns what gives it back. */
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
