/** A plugin, as users hold it. It makes instances. */
import { EventEmitter } from 'node:events';
import { debug } from '../base/diagnostics.js';
import { TenonError } from '../base/errors.js';
import type { Kind } from '../kinds/kind.js';
import type { InstanceEvents, Isolation, TierInstance } from '../tiers/tier.js';
import type { CallCounter } from './call-stats.js';
import { type Config, encodeConfig } from './config.js';
import type { Member } from './exchange.js';
import { forwardEvents, forwardOutput } from './forward-events.js';
import type { HostEvents } from './host-events.js';
import { EventRelay, type Instance, type InstanceSettings, makeInstance } from './instance.js';
import { refuseUnknownEvents } from './known-events.js';
import type { LoadSettings } from './load-options.js';
import type { Manifest } from './manifest.js';
import type { Observer } from './observed.js';
import { ObservedInstance } from './observed-instance.js';
import type { PluginEventMap, PluginState, PluginStats } from './plugin-stats.js';
import type { PluginProcess, PluginTier } from './plugin-tier.js';
import { type Reloadable, Reloader } from './reload.js';
import type { ReloadReport } from './reload-options.js';
import { SingletonPlace } from './singleton.js';
import type { PreparedVersion, Version } from './version.js';

/** The settings of a plugin, which its host provides. */
export interface PluginSettings {
  readonly version: Version;
  /** Passes the file that is now at the plugin's path through the gates, and `judge` before any of its code runs. */
  readonly prepare: (judge: (digest: string) => void) => Promise<PreparedVersion>;
  readonly load: LoadSettings;
  readonly counter: CallCounter;
  readonly kinds: readonly Kind[];
  /** The reason why nothing that its instances emit is delivered, as whole sentences; null if it is. */
  readonly silent: string | null;
  readonly events: HostEvents;
  readonly onClose: (plugin: Plugin) => void;
  /** Called when a reload has put another version in its place. */
  readonly onVersion: (manifest: Manifest) => void;
}

const EVENTS: readonly (keyof PluginEventMap)[] = [
  'state',
  'exit',
  'restart',
  'renewal',
  'stdout',
  'stderr',
  'reload',
  'close',
];

/** Cleans up after instances that were garbage collected without close, with their bindings and typed methods. */
const collected = new FinalizationRegistry<() => void>((forget) => forget());

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
  #version: Version;
  /** Stops forwarding the events of the present version. */
  #forgetVersion: () => void;
  /** Stop forwarding what the processes of versions print: an old one prints until it ends, a new one from its start. */
  readonly #outputs = new Map<Version, () => void>();
  readonly #reloader: Reloader;
  readonly #settings: PluginSettings;
  readonly #observer: Observer;
  /**
   * The instances, and their tiers, which may outlive them: bindings and typed methods refer to a tier. Both are weak,
   * so that what has no other references can be collected.
   */
  readonly #instances = new Map<WeakRef<Instance>, WeakRef<ObservedInstance>>();
  /** The data of each instance that a reload needs. */
  readonly #members = new WeakMap<ObservedInstance, Member>();
  /** The number of instances that users are making. */
  #making = 0;
  readonly #place: SingletonPlace;
  #lastId = 0;
  #messages = 0;
  #logs = 0;
  #closing: Promise<void> | undefined;

  static {
    create = (settings) => new Plugin(settings);
  }

  private constructor(settings: PluginSettings) {
    super();
    this.#version = settings.version;
    this.#settings = settings;
    const { isolation, unsupported, timeout } = settings.load;
    this.#place = new SingletonPlace(isolation);
    this.#observer = {
      plugin: settings.version.manifest.name,
      counter: settings.counter,
      timeout: isolation === 'inline' ? undefined : timeout,
      onTimeout: isolation === 'inline' ? unsupported : null,
    };
    refuseUnknownEvents(this as unknown as EventEmitter, 'a plugin', EVENTS);
    this.#forgetVersion = this.#forward(settings.version.tier.events);
    this.#attend(settings.version);
    this.#reloader = new Reloader(this.#reloadable());
  }

  /** The facts about the present version of the plugin. They remain available after it is closed. */
  get manifest(): Manifest {
    return this.#version.manifest;
  }

  /** The tier in which the plugin's code runs. */
  get isolation(): Isolation {
    return this.#settings.load.isolation;
  }

  /** The state of the plugin. */
  get state(): PluginState {
    return this.closed ? 'closed' : this.#version.tier.state;
  }

  /** The name of the plugin, as the plugin states it. */
  get name(): string {
    return this.manifest.name;
  }

  /** The process of the plugin; null in the inline and thread tiers. */
  get process(): PluginProcess | null {
    return this.#version.tier.process;
  }

  /** Whether the plugin was closed. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Returns statistics of its calls, and of the resources that it holds now. */
  stats(): PluginStats {
    const { counter } = this.#settings;
    const { tier } = this.#version;
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
   * first. This and a reload are the ways out of the state `failed`.
   * @throws TenonError ERR_TENON_UNSUPPORTED in the inline and thread tiers
   * @throws TenonError ERR_TENON_CLOSED
   * @throws TenonError the reason why the process does not start
   */
  async restart(): Promise<void> {
    this.#checkOpen();
    const version = this.#version;
    try {
      await version.tier.restart();
    } catch (error) {
      // A reload has started the process of another version meanwhile.
      if (this.#version === version || this.closed) throw error;
    }
  }

  /**
   * Replaces the plugin by the file that is now at `manifest.source`, if its bytes are others. The new version passes
   * the gates and is opened next to the running one. Then asynchronous calls are held, those in flight end, the state of
   * each instance is moved if both versions have the kind `state/1`, and all instances are exchanged in one step or
   * none. Instances, bindings and typed methods that the program holds go on working. Calls that block are not held.
   *
   * Nothing is thrown if the new version is refused: the report says `kept` and why. In the tiers `inline` and `thread`
   * a plugin can be reloaded 19 times, because the code of its former versions stays mapped.
   *
   * ```js
   * const { outcome, error } = await plugin.reload();
   * if (outcome === 'kept' && error) console.error(error.message);
   * ```
   * @throws TenonError ERR_TENON_CLOSED
   */
  async reload(): Promise<ReloadReport> {
    this.#checkOpen();
    return this.#reloader.reload();
  }

  /**
   * Makes an instance. See {@link Config} for the config.
   * @throws TenonError ERR_TENON_NEW_FAILED with the plugin's own message
   * @throws TenonError ERR_TENON_PANIC, ERR_TENON_CONTRACT, ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT
   * @throws TenonError ERR_TENON_TIMEOUT, ERR_TENON_CRASHED in the thread and process tiers
   */
  async new(config?: Config): Promise<Instance> {
    const bytes = encodeConfig(config);
    const { held } = this.#settings.counter;
    if (held !== undefined) await new Promise<void>((resolve) => held.add(resolve));
    const release = this.#claim();
    const id = ++this.#lastId;
    const relay = new EventRelay(this.#eventsOf(id));
    this.#making += 1;
    try {
      const made = await this.#version.tier.create(bytes, relay);
      if (this.closed) await made.close();
      this.#checkOpen();
      return this.#adopt(id, made, bytes, relay, release);
    } catch (error) {
      release();
      throw error;
    } finally {
      this.#making -= 1;
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
      this.#settings.counter.unheld += 1;
      return this.#adopt(id, this.#version.tier.createSync(bytes, relay), bytes, relay, release);
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
    const { onClose } = this.#settings;
    const { tier } = this.#version;
    const instances = [...this.#instances];
    this.#closing = Promise.resolve();
    const closed = instances.map(async ([reference, tier]) => (reference.deref() ?? tier.deref())?.close());
    this.#instances.clear();
    onClose(this);
    // All ends are awaited together: an instance whose process hangs is closed by the end of the process.
    this.#closing = this.#end([...closed, tier.close(), this.#reloader.close()]).finally(() =>
      this.#version.release(),
    );
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

  #forward(tier: PluginTier['events']): () => void {
    const instances = () => [...this.#instances.keys()].flatMap((reference) => reference.deref() ?? []);
    return forwardEvents(tier, { plugin: this, host: this.#settings.events, instances });
  }

  /** Returns the tiers of the instances that are in use. */
  #tiers(): ObservedInstance[] {
    return [...this.#instances.values()].flatMap((reference) => reference.deref() ?? []);
  }

  /** Returns the view of this plugin that its reloads have. */
  #reloadable(): Reloadable {
    const plugin = this;
    return {
      name: plugin.name,
      load: plugin.#settings.load,
      counter: plugin.#settings.counter,
      get version() {
        return plugin.#version;
      },
      get closed() {
        return plugin.closed;
      },
      get making() {
        return plugin.#making;
      },
      members: () => plugin.#tiers().flatMap((tier) => plugin.#members.get(tier) ?? []),
      prepare: plugin.#settings.prepare,
      checkPlace: (next) => plugin.#place.check(next, plugin.#tiers().length),
      attend: (version) => plugin.#attend(version),
      forget: (version) => plugin.#forget(version),
      adopt: (version) => plugin.#use(version),
      // On the next tick, so that a listener that throws does not disturb the reload.
      report: (report) => process.nextTick(() => plugin.emit('reload', report)),
    };
  }

  #attend(version: Version): void {
    this.#outputs.set(version, forwardOutput(version.tier, this));
  }

  #forget(version: Version): void {
    this.#outputs.get(version)?.();
    this.#outputs.delete(version);
  }

  #use(version: Version): void {
    const { state: from } = this.#version.tier;
    const { state: to, events, process: started } = version.tier;
    this.#forgetVersion();
    this.#place.move(version.manifest, this.#tiers().length);
    this.#version = version;
    this.#forgetVersion = this.#forward(version.tier.events);
    this.#settings.onVersion(version.manifest);
    if (from === to) return;
    // A version that had crashed was replaced by one that runs.
    const change = { from, to, generation: started?.generation ?? 1 };
    process.nextTick(() => events.emit('state', change));
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

  #adopt(
    id: number,
    made: TierInstance,
    config: Uint8Array,
    relay: EventRelay,
    release: () => void,
  ): Instance {
    const settings: InstanceSettings = {
      id,
      plugin: this.name,
      kinds: this.#settings.kinds,
      offered: () => (this.manifest.described ? this.manifest.kinds : null),
      kindFacts: () => this.manifest.kindFacts,
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
    instances.set(reference, new WeakRef(tier));
    this.#members.set(tier, { tier, config, events: relay });
    collected.register(tier, () => instances.delete(reference) && release(), reference);
    return instance;
  }

  /** Takes the single place of a singleton. Returns a function that leaves it. */
  #claim(): () => void {
    this.#checkOpen();
    this.#place.take(this.manifest);
    return () => this.#place.leave();
  }
}
