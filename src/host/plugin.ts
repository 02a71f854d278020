/** A plugin that a user holds: makes instances. */
import { EventEmitter } from 'node:events';

import { PluginFlag } from '../base/abi.js';
import { debug } from '../base/diagnostics.js';
import { TenonError } from '../base/errors.js';
import type { Kind } from '../kinds/kind.js';
import type { SupervisorEventMap } from '../supervision/supervisor.js';
import type { Isolation, TierInstance } from '../tiers/tier.js';
import { type Config, encodeConfig } from './config.js';
import { EventRelay, Instance, type InstanceSettings } from './instance.js';
import type { LoadSettings } from './load-options.js';
import type { Manifest } from './manifest.js';
import type { PluginProcess, PluginTier } from './plugin-tier.js';

/** What a plugin has from its host. */
export interface PluginSettings {
  readonly manifest: Manifest;
  readonly load: LoadSettings;
  readonly tier: PluginTier;
  readonly kinds: readonly Kind[];
  readonly onClose: (plugin: Plugin) => void;
}

/** What is to be done when an instance was collected without close. */
const collected = new FinalizationRegistry<() => void>((forget) => forget());

/** The singleton plugins that have an instance in this thread, by digest; those in a process of their own by themselves. */
const singletons = new Set<string | Plugin>();

/** The events of a plugin. All but `close` concern the process tier. */
export interface PluginEventMap extends SupervisorEventMap {
  /** The plugin was closed. */
  close: [];
}

/** An admitted plugin. Closing it closes its instances; its manifest stays readable. */
export class Plugin extends EventEmitter<PluginEventMap> {
  readonly manifest: Manifest;
  readonly #settings: PluginSettings;
  /** Weak, so that an instance that nobody holds can be collected. */
  readonly #instances = new Set<WeakRef<Instance>>();
  #closing: Promise<void> | undefined;

  /** Made by a PluginHost only. */
  constructor(settings: PluginSettings) {
    super();
    this.manifest = settings.manifest;
    this.#settings = settings;
    this.#forward(settings.tier.events);
  }

  /** Where its code runs. */
  get isolation(): Isolation {
    return this.#settings.load.isolation;
  }

  /** `running`, `closed`, or the state of its process. */
  get state(): string {
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

  /**
   * Starts its process anew, in order if it runs, and with a full restart budget; the way back from `failed`.
   * @throws TenonError ERR_TENON_UNSUPPORTED in other tiers; why it does not start; ERR_TENON_CLOSED
   */
  async restart(): Promise<void> {
    this.#checkOpen();
    await this.#settings.tier.restart();
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Makes an instance. `config` is any JSON value; a string or bytes are taken as JSON text as they are.
   * @throws TenonError ERR_TENON_NEW_FAILED with the plugin's own message, ERR_TENON_PANIC, ERR_TENON_CONTRACT,
   *   ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT; in other tiers also ERR_TENON_TIMEOUT, ERR_TENON_CRASHED
   */
  async new(config?: Config): Promise<Instance> {
    const bytes = encodeConfig(config);
    const release = this.#claim();
    const relay = new EventRelay();
    try {
      const made = await this.#settings.tier.create(bytes, relay);
      if (this.closed) await made.close();
      this.#checkOpen();
      return this.#adopt(made, relay, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The same, at once, which only the inline tier can. @throws also TenonError ERR_TENON_UNSUPPORTED */
  newSync(config?: Config): Instance {
    const bytes = encodeConfig(config);
    const release = this.#claim();
    const relay = new EventRelay();
    try {
      return this.#adopt(this.#settings.tier.createSync(bytes, relay), relay, release);
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

  /** Hands on what the tier tells, to listeners of the plugin and, what ended a process, to those of its instances. */
  #forward(events: PluginTier['events']): void {
    events.on('state', (change) => this.emit('state', change));
    events.on('restart', (restart) => this.emit('restart', restart));
    events.on('stdout', (line) => this.emit('stdout', line));
    events.on('stderr', (line) => this.emit('stderr', line));
    events.on('exit', (report) => {
      this.emit('exit', report);
      for (const reference of this.#instances) reference.deref()?.emit('exit', report);
    });
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

  #adopt(made: TierInstance, relay: EventRelay, release: () => void): Instance {
    const settings: InstanceSettings = {
      plugin: this.name,
      kinds: this.#settings.kinds,
      offered: this.manifest.described ? this.manifest.kinds : null,
      onClose: (reference) => {
        collected.unregister(reference);
        this.#instances.delete(reference);
        release();
      },
    };
    const instance = new Instance(settings, made, relay);
    const { reference } = instance;
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
