/** An instance of a plugin, as users hold it. */
import { EventEmitter } from 'node:events';
import type { LogLevel } from '../base/abi.js';
import type { Batch, BatchResult } from '../base/batch.js';
import { debug } from '../base/diagnostics.js';
import { invalidArgument } from '../base/errors.js';
import { shown } from '../base/options.js';
import { printable } from '../base/text.js';
import type { KindFacts } from '../inspect/facts.js';
import { checkAgreement } from '../kinds/agreement.js';
import type { EventValue, KindApi, KindApiSync } from '../kinds/api.js';
import { bindKind, bindKindSync } from '../kinds/bind.js';
import { bindMethod } from '../kinds/find-method.js';
import { type Kind, requireKind } from '../kinds/kind.js';
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
import { ObservedInstance } from './observed-instance.js';
import { TypedListeners } from './typed-listeners.js';

/** A log entry of a plugin, written with `host->log`. */
export interface LogEntry {
  /** The severity. */
  readonly level: LogLevel;
  /** The text of the entry. */
  readonly message: string;
}

/** The events of an {@link Instance}. */
export interface InstanceEventMap {
  /** The plugin emitted a message. The memory of the Buffer belongs to the listeners. */
  message: [data: Buffer];
  /** The plugin wrote a log entry. */
  log: [entry: LogEntry];
  /**
   * The process of the instance ended. If the process is restarted, the instance is recreated with the same
   * config.
   */
  exit: [report: CrashReport];
  /** The instance was closed. */
  close: [];
}

const EVENTS: readonly (keyof InstanceEventMap)[] = ['message', 'log', 'exit', 'close'];

/** The settings of an instance, which its plugin provides. */
export interface InstanceSettings {
  readonly id: number;
  readonly plugin: string;
  readonly kinds: readonly Kind[];
  /** The kinds and versions in the descriptor of the present version; null without a descriptor. */
  readonly offered: () => Readonly<Record<string, string>> | null;
  /** The facts about the kinds in the file of the present version. */
  readonly kindFacts: () => readonly KindFacts[];
  /** The reason why nothing of the plugin reaches listeners, as whole sentences; null if it does. */
  readonly silent: string | null;
  readonly onClose: (reference: WeakRef<Instance>) => void;
}

/** A new instance, and the reference with which its plugin refers to it without keeping it alive. */
export interface MadeInstance {
  readonly instance: Instance;
  readonly reference: WeakRef<Instance>;
}

/**
 * The instances with a listener of `message`. A listener keeps its instance alive, as a listener of a socket
 * does.
 */
const listenedTo = new Set<Instance>();

let create: (settings: InstanceSettings, tier: TierInstance) => Instance;
let hear: (instance: Instance, listener: () => void) => void;

/**
 * Sets what is called when a reload of its plugin has recreated an instance without its state, before any other call
 * reaches the new one. It must not throw.
 */
export function whenFresh(instance: Instance, listener: () => void): void {
  hear(instance, listener);
}

/** Makes an instance for users. */
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
 * An instance of a plugin. It takes calls and returns results, and it emits messages and log entries.
 * {@link Plugin.new} makes it.
 *
 * A listener of `message` keeps the instance and the event loop alive until `close()` or `unref()`. An
 * instance that is garbage collected without `close()` is closed then, with a warning.
 */
export class Instance extends EventEmitter<InstanceEventMap> {
  readonly #settings: InstanceSettings;
  readonly #tier: TierInstance;
  readonly #something: Binding;
  readonly #bound = new Map<Kind, unknown>();
  readonly #boundSync = new Map<Kind, unknown>();
  readonly #events = new TypedListeners();
  #closing: Promise<void> | undefined;

  static {
    create = (settings, tier) => new Instance(settings, tier);
    hear = (instance, listener) => {
      if (instance.#tier instanceof ObservedInstance) instance.#tier.onFresh = listener;
    };
  }

  private constructor(settings: InstanceSettings, tier: TierInstance) {
    super();
    this.#settings = settings;
    this.#tier = tier;
    this.#something = tier.bind(SOMETHING);
    const listeners = this as unknown as EventEmitter; // its general events are not in the map
    refuseUnknownEvents(listeners, 'an instance', EVENTS);
    listeners.on('newListener', (name) => name === 'message' && this.#listen());
    listeners.on(
      'removeListener',
      (name) => name === 'message' && this.listenerCount(name) === 0 && this.unref(),
    );
  }

  /** The number of the instance among those of its plugin, from 1. The events of the host contain it. */
  get id(): number {
    return this.#settings.id;
  }

  /** The name of the plugin. */
  get pluginName(): string {
    return this.#settings.plugin;
  }

  /** Whether the instance was closed. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Calls the plugin's `something` and blocks this thread until it returns. `input` may be changed after the
   * return. The memory of the result belongs to the caller. A small result shares its ArrayBuffer with others,
   * as Buffers of Node.js do: it can be copied to another thread but not transferred. A plugin that hangs
   * blocks forever, unless the call or the plugin has a `timeout`, which the inline tier does not support.
   * @throws TenonError ERR_TENON_CALL_FAILED if the plugin reports a failure; `status` is the name of its
   *   status
   * @throws TenonError ERR_TENON_PANIC, ERR_TENON_POISONED, ERR_TENON_CONTRACT, ERR_TENON_CLOSED,
   *   ERR_TENON_INVALID_ARGUMENT
   * @throws TenonError ERR_TENON_TIMEOUT, ERR_TENON_CRASHED in the thread and process tiers
   */
  callSync(input: Uint8Array, options?: CallOptions): Buffer {
    return this.#something.callSync(input, options);
  }

  /**
   * Calls the plugin's `something` without blocking, and resolves to the result. In the inline tier, the call
   * runs on this thread before the promise is returned. The promise is rejected with the errors of
   * {@link callSync}.
   */
  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return this.#something.call(input, options);
  }

  /**
   * Calls the plugin with all messages of a batch while crossing into native code only once. Blocks this
   * thread. A message that fails has its status and error message in the result; the other messages are still
   * processed.
   * @throws TenonError the errors of {@link callSync} that concern the call as a whole
   */
  callManySync(batch: Batch, options?: CallOptions): BatchResult {
    return this.#something.callManySync(batch, options);
  }

  /** Calls the plugin with all messages of a batch without blocking. See {@link callManySync}. */
  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return this.#something.callMany(batch, options);
  }

  /**
   * Returns a method for plain bytes. `name` is a method of one of the host's `kinds`: `encode`, or
   * `codec.encode` if several kinds have a method of that name. With `slot`, `name` is the id of a kind and
   * the method is a slot of its table, as in `method('codec/1', 0)`.
   * @throws TenonError ERR_TENON_MISSING_KIND, ERR_TENON_INVALID_ARGUMENT, ERR_TENON_CLOSED
   */
  method(name: string, slot?: number): Binding {
    const binding =
      slot === undefined
        ? bindMethod(this.#kinds(), name, this.#tier, this.#settings.offered())
        : this.#tier.bind(bySlot(name, slot));
    return new BoundMethod(binding as ObservedBinding);
  }

  /**
   * Returns the typed methods of a kind, bound to this instance. They return promises, in every tier, and
   * take the same options as {@link call}.
   * @throws TenonError ERR_TENON_MISSING_KIND if the plugin does not have the kind, has an older version of it or
   *   too few methods, or was built with another definition of it
   */
  as<K extends Kind>(kind: K): KindApi<K> {
    return bound(this.#bound, kind, () => {
      this.#agree(kind);
      return bindKind(kind, this.#tier, this.#settings.offered());
    });
  }

  /**
   * Returns the typed methods of a kind as blocking methods, bound to this instance. A plugin that hangs
   * blocks the event loop.
   * @throws TenonError ERR_TENON_MISSING_KIND, as {@link as} does
   */
  asSync<K extends Kind>(kind: K): KindApiSync<K> {
    return bound(this.#boundSync, kind, () => {
      this.#agree(kind);
      return bindKindSync(kind, this.#tier, this.#settings.offered());
    });
  }

  /**
   * Adds a listener of a typed event of a kind. It receives the event's value each time that the plugin emits it. Such
   * a message reaches the listeners of `message` as bytes, too. A message with a malformed record reaches only
   * those, and a warning reports the first of them.
   * @throws TenonError ERR_TENON_INVALID_ARGUMENT if the kind has no such event
   */
  onEvent<K extends Kind, Name extends keyof K['events'] & string>(
    kind: K,
    event: Name,
    listener: (value: EventValue<K, Name>) => void,
  ): this {
    this.#events.add(this, kind, event, listener as (value: unknown) => void);
    return this;
  }

  /** Removes a listener that {@link onEvent} added. */
  offEvent<K extends Kind, Name extends keyof K['events'] & string>(
    kind: K,
    event: Name,
    listener: (value: EventValue<K, Name>) => void,
  ): this {
    this.#events.remove(this, kind, event, listener as (value: unknown) => void);
    return this;
  }

  /** Keeps the event loop alive while messages may arrive. The first listener of `message` calls it. */
  ref(): this {
    if (this.closed) return this;
    listenedTo.add(this);
    this.#tier.ref();
    return this;
  }

  /** Allows the process to end and the instance to be garbage collected even if messages may arrive. */
  unref(): this {
    listenedTo.delete(this);
    if (!this.closed) this.#tier.unref();
    return this;
  }

  /**
   * Closes the instance: the plugin's `drop` runs exactly once. Later calls fail with ERR_TENON_CLOSED. In
   * the inline tier, `drop` has run when this returns; in the other tiers, when the promise is fulfilled.
   * Idempotent.
   * @throws TenonError ERR_TENON_TIMEOUT if `drop` does not return within the timeout (thread tier)
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes the instance at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close().catch((error) => debug('close of an instance of %s: %s', this.pluginName, error));
  }

  /** Closes the instance at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Makes `closed` true from here on: the promise of this function is not assigned yet.
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
    const message = `Messages of plugin ${plugin} never arrive: ${silent}`;
    process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_NO_MESSAGES' });
  }

  /** Compares a kind with the facts in the plugin's file. Refuses a value that is not a kind. */
  #agree(kind: Kind): void {
    requireKind('kind', kind);
    const { plugin, kindFacts } = this.#settings;
    checkAgreement(
      kind,
      kindFacts(),
      `Cannot use plugin ${plugin} as ${kind.name} ${kind.version}`,
      undefined,
    );
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
 * Forwards the events of a tier to the listeners of the instance and of the host. The tier refers only to
 * this object, which does not keep the instance alive. Events that arrive before the instance exists are
 * delivered to it later.
 */
export class EventRelay implements InstanceEvents {
  readonly #host: InstanceEvents;
  #target: WeakRef<Instance> | undefined;
  /** The events that arrived too early; null after their delivery. */
  #early: (() => void)[] | null = [];

  /** Makes a relay. `host` receives every event immediately. */
  constructor(host: InstanceEvents) {
    this.#host = host;
  }

  /** Sets the instance that receives the events. */
  attach(target: WeakRef<Instance>): void {
    this.#target = target;
    if (this.#early?.length === 0) this.#early = null;
    // The caller first gets a chance to add listeners.
    else setImmediate(() => this.#flush());
  }

  message(data: Buffer): void {
    this.#host.message(data);
    this.#deliver(() => this.#target?.deref()?.emit('message', data));
  }

  log(entry: LogEntry): void {
    if (debug.enabled) debug('%s: %s', entry.level, printable(entry.message));
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
