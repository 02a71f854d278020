/** An instance of a plugin, as a user holds it. */
import { EventEmitter } from 'node:events';
import type { LogLevel } from '../base/abi.js';
import type { Batch, BatchResult } from '../base/batch.js';
import { debug } from '../base/diagnostics.js';
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import {
  bindKind,
  bindKindSync,
  bindMethod,
  type Kind,
  type KindApi,
  type KindApiSync,
} from '../kinds/kind.js';
import type { CrashReport } from '../supervision/crash-report.js';
import {
  type Binding,
  type CallOptions,
  type InstanceEvents,
  type MethodRef,
  SOMETHING,
  type TierInstance,
} from '../tiers/tier.js';
import { refuseUnknownEvents } from './known-events.js';
import { BoundMethod, type ObservedBinding } from './observed.js';

/** What a plugin said through `host->log`. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
}

/** The events of an instance. */
export interface InstanceEventMap {
  /** What the plugin emitted. The bytes belong to the listeners. */
  message: [data: Buffer];
  /** What the plugin logged. */
  log: [entry: LogEntry];
  /** The process that held the instance ended. The next one, if there is one, recreates it with the same config. */
  exit: [report: CrashReport];
  /** The instance was closed. */
  close: [];
}

const EVENTS: readonly (keyof InstanceEventMap)[] = ['message', 'log', 'exit', 'close'];

/** What an instance has from its plugin. */
export interface InstanceSettings {
  readonly id: number;
  readonly plugin: string;
  readonly kinds: readonly Kind[];
  /** Kinds and versions by the descriptor; null without one. */
  readonly offered: Readonly<Record<string, string>> | null;
  /** Why nothing of the plugin reaches listeners here; null if it does. */
  readonly silent: string | null;
  readonly onClose: (reference: WeakRef<Instance>) => void;
}

/** An instance, and the reference by which its plugin holds it without keeping it alive. */
export interface MadeInstance {
  readonly instance: Instance;
  readonly reference: WeakRef<Instance>;
}

/** Instances that somebody listens to: a listener alone keeps an instance alive, like one of a socket. */
const listenedTo = new Set<Instance>();

let create: (settings: InstanceSettings, tier: TierInstance) => Instance;

/** Makes the instance that users get. */
export function makeInstance(
  settings: InstanceSettings,
  tier: TierInstance,
  relay: EventRelay,
): MadeInstance {
  const instance = create(settings, tier);
  const reference = new WeakRef(instance);
  references.set(instance, reference);
  relay.attach(reference);
  return { instance, reference };
}

const references = new WeakMap<Instance, WeakRef<Instance>>();

/**
 * One instance: calls go in, results, messages and log entries come out. Listeners of `message` keep the instance and the event loop
 * alive until `close` or `unref`. An instance that is collected without `close` is closed, with a warning. Made by `plugin.new()`.
 */
export class Instance extends EventEmitter<InstanceEventMap> {
  readonly #settings: InstanceSettings;
  readonly #tier: TierInstance;
  readonly #something: Binding;
  readonly #bound = new Map<Kind, unknown>();
  readonly #boundSync = new Map<Kind, unknown>();
  #closing: Promise<void> | undefined;

  static {
    create = (settings, tier) => new Instance(settings, tier);
  }

  private constructor(settings: InstanceSettings, tier: TierInstance) {
    super();
    this.#settings = settings;
    this.#tier = tier;
    this.#something = tier.bind(SOMETHING);
    const listeners = this as unknown as EventEmitter; // whose own events are not in the map
    refuseUnknownEvents(listeners, 'an instance', EVENTS);
    listeners.on('newListener', (name) => name === 'message' && this.#listen());
    listeners.on(
      'removeListener',
      (name) => name === 'message' && this.listenerCount(name) === 0 && this.unref(),
    );
  }

  /** Which instance of its plugin this is, from 1 on. The events of the host name it. */
  get id(): number {
    return this.#settings.id;
  }

  get pluginName(): string {
    return this.#settings.plugin;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * One unit of the plugin's work. Blocks this thread until it is done. `input` may be changed after the return; the result is the
   * caller's own. A plugin that hangs blocks for ever, unless the call or the plugin has a `timeout`, which the inline tier cannot honour.
   * @throws TenonError ERR_TENON_CALL_FAILED with `status`, ERR_TENON_PANIC, ERR_TENON_POISONED, ERR_TENON_CONTRACT, ERR_TENON_CLOSED,
   *   ERR_TENON_INVALID_ARGUMENT; in the thread and process tiers also ERR_TENON_TIMEOUT, ERR_TENON_CRASHED
   */
  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    return this.#something.callSync(input, options);
  }

  /** The same without blocking. Inline the work is done on this thread before the promise is returned. Rejects as `callSync` throws. */
  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return this.#something.call(input, options);
  }

  /**
   * All messages of a batch in one crossing. Blocks. A message that fails has its status and error text in the result; the others go on.
   * @throws TenonError as `callSync`
   */
  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    return this.#something.callManySync(batch, options);
  }

  /** The same without blocking. */
  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return this.#something.callMany(batch, options);
  }

  /**
   * A method by its name among the host's `kinds` (`encode`, or `codec.encode` where two kinds have one), or by the id of a
   * kind and its slot (`codec/1`, 0). Bytes in, bytes out.
   * @throws TenonError ERR_TENON_MISSING_KIND, ERR_TENON_INVALID_ARGUMENT, ERR_TENON_CLOSED
   */
  method(name: string, slot?: number): Binding {
    const binding =
      slot === undefined
        ? bindMethod(this.#kinds(), name, this.#tier, this.#settings.offered)
        : this.#tier.bind(bySlot(name, slot));
    return new BoundMethod(binding as ObservedBinding);
  }

  /**
   * The instance as a plugin of a kind: typed methods that return promises, in every tier, and take the same options as `call`.
   * @throws TenonError ERR_TENON_MISSING_KIND if the plugin has no such kind, an older version of it, or too few methods
   */
  as<K extends Kind>(kind: K): KindApi<K> {
    return bound(this.#bound, kind, () => bindKind(kind, this.#tier, this.#settings.offered));
  }

  /** The same with methods that block, and that return what {@link as} promises. A plugin that hangs blocks the event loop. */
  asSync<K extends Kind>(kind: K): KindApiSync<K> {
    return bound(this.#boundSync, kind, () => bindKindSync(kind, this.#tier, this.#settings.offered));
  }

  /** Keeps the event loop alive while messages may come. The first listener of `message` does it. */
  ref(): this {
    if (this.closed) return this;
    listenedTo.add(this);
    this.#tier.ref();
    return this;
  }

  /** Lets the process end, and the instance be collected, although messages may come. */
  unref(): this {
    listenedTo.delete(this);
    if (!this.closed) this.#tier.unref();
    return this;
  }

  /**
   * Ends the instance: `drop` of the plugin runs, once. Calls after it fail with ERR_TENON_CLOSED. Inline it is done when this returns,
   * elsewhere when the promise is fulfilled. Idempotent.
   * @throws TenonError ERR_TENON_TIMEOUT if `drop` does not come back within the timeout (thread tier)
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.dispose](): void {
    this.close().catch((error) => debug('close of an instance of %s: %s', this.pluginName, error));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // From here on `closed` is true: the promise of this function is not there yet.
    this.#closing = Promise.resolve();
    listenedTo.delete(this);
    try {
      const dropped = this.#tier.close();
      if (dropped !== undefined) await dropped;
    } finally {
      const reference = references.get(this);
      if (reference !== undefined) this.#settings.onClose(reference);
      this.emit('close');
    }
  }

  #listen(): void {
    const { plugin, silent } = this.#settings;
    this.ref();
    if (silent === null) return;
    const message = `Messages of plugin ${plugin} never arrive: ${silent}.`;
    process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_NO_MESSAGES' });
  }

  #kinds(): Kind[] {
    return [...new Set([...this.#settings.kinds, ...this.#bound.keys(), ...this.#boundSync.keys()])];
  }
}

function bound<T>(all: Map<Kind, unknown>, kind: Kind, bind: () => T): T {
  const known = all.get(kind) as T | undefined;
  if (known !== undefined) return known;
  const made = bind();
  all.set(kind, made);
  return made;
}

function bySlot(kind: string, slot: number): MethodRef {
  if (typeof kind !== 'string' || !/^[a-z][a-z0-9_-]*\/\d+$/.test(kind))
    throw invalidArgument('kind', `must be the id of a kind such as 'codec/1', not ${shown(kind)}`);
  if (!Number.isInteger(slot) || slot < 0)
    throw invalidArgument('slot', `must be a slot number, not ${shown(slot)}`);
  return { kind, slot, name: `${kind}#${slot}` };
}

/**
 * What a tier reports, on its way to the listeners of the instance and of the host. The tier holds only this, which does not keep the
 * instance alive. What comes before there is an instance waits for it.
 */
export class EventRelay implements InstanceEvents {
  readonly #host: InstanceEvents;
  #target: WeakRef<Instance> | undefined;
  /** What came too early; null once it was delivered. */
  #early: (() => void)[] | null = [];

  /** `host` is told as well, and at once. */
  constructor(host: InstanceEvents) {
    this.#host = host;
  }

  attach(target: WeakRef<Instance>): void {
    this.#target = target;
    if (this.#early?.length === 0) this.#early = null;
    // Not before the caller had a chance to listen.
    else setImmediate(() => this.#flush());
  }

  message(data: Buffer): void {
    this.#host.message(data);
    this.#deliver(() => this.#target?.deref()?.emit('message', data));
  }

  log(entry: LogEntry): void {
    debug('%s: %s', entry.level, entry.message);
    this.#host.log(entry);
    this.#deliver(() => this.#target?.deref()?.emit('log', entry));
  }

  #deliver(emit: () => void): void {
    if (this.#early === null) emit();
    else this.#early.push(emit);
  }

  #flush(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const emit of early) emit();
  }
}
