/** An instance of a plugin, as a user holds it. */
import { EventEmitter } from 'node:events';
import type { LogLevel } from '../base/abi.js';
import type { Batch, BatchResult } from '../base/batch.js';
import { debug } from '../base/diagnostics.js';
import { invalidArgument } from '../base/errors.js';
import { bindKind, bindMethod, type Kind, type KindApi } from '../kinds/kind.js';
import type { CrashReport } from '../supervision/crash-report.js';
import {
  type Binding,
  type CallOptions,
  type InstanceEvents,
  type MethodRef,
  SOMETHING,
  type TierInstance,
} from '../tiers/tier.js';

/** What a plugin said through `host->log`. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
}

/** The events of an instance. */
export interface InstanceEventMap {
  /** What the plugin emitted; the bytes are the listener's own. */
  event: [data: Buffer];
  log: [entry: LogEntry];
  /** The process that held the instance ended. The next one, if there is one, holds it again, made with the same config. */
  exit: [report: CrashReport];
  /** The instance was closed. */
  close: [];
}

/** What an instance has from its plugin. */
export interface InstanceSettings {
  readonly plugin: string;
  readonly kinds: readonly Kind[];
  /** Kinds and versions by the descriptor; null without one. */
  readonly offered: Readonly<Record<string, string>> | null;
  readonly onClose: (reference: WeakRef<Instance>) => void;
}

/** Instances that somebody listens to: a listener alone keeps an instance alive, like one of a socket. */
const listenedTo = new Set<Instance>();

/**
 * One instance: calls go in, results, events and log entries come out. Listeners of `event` keep the instance and the
 * event loop alive until `close` or `unref`. An instance that is collected without `close` is closed with a warning.
 */
export class Instance extends EventEmitter<InstanceEventMap> {
  /** For the plugin's list of its instances, which must not keep them alive. */
  readonly reference: WeakRef<Instance> = new WeakRef(this);
  readonly #settings: InstanceSettings;
  readonly #tier: TierInstance;
  readonly #something: Binding;
  readonly #bound = new Map<Kind, unknown>();
  #closed = false;
  #closing: Promise<void> | undefined;

  /** Made by a Plugin only. */
  constructor(settings: InstanceSettings, tier: TierInstance, relay: EventRelay) {
    super();
    this.#settings = settings;
    this.#tier = tier;
    this.#something = tier.bind(SOMETHING);
    relay.attach(this.reference);
    const listeners = this as unknown as EventEmitter; // whose own events are not in the map
    listeners.on('newListener', (name) => name === 'event' && this.ref());
    listeners.on(
      'removeListener',
      (name) => name === 'event' && this.listenerCount(name) === 0 && this.unref(),
    );
  }

  /** The name of the plugin. */
  get plugin(): string {
    return this.#settings.plugin;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * One unit of the plugin's work; this thread waits for it. `input` may be changed after the return; the result is the
   * caller's own. In the process tier nobody reads what the plugin prints in the meantime: one that prints more than the system
   * buffers needs `call`, or a deadline.
   * @throws TenonError ERR_TENON_CALL_FAILED with `status`, ERR_TENON_PANIC, ERR_TENON_POISONED, ERR_TENON_CONTRACT,
   *   ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT
   */
  callSync(input: Uint8Array): Buffer {
    return this.#something.callSync(input);
  }

  /** The same, with a promise. Inline, the work is done on this thread before the promise is there. */
  call(input: Uint8Array, options?: CallOptions): Promise<Buffer> {
    return this.#something.call(input, options);
  }

  /** All messages of a batch in one crossing. A message that fails has its status and error text; the others go on. */
  callManySync(batch: Batch): BatchResult {
    return this.#something.callManySync(batch);
  }

  callMany(batch: Batch, options?: CallOptions): Promise<BatchResult> {
    return this.#something.callMany(batch, options);
  }

  /**
   * A method by its name among the host's `kinds` (`encode`, or `codec.encode` where two kinds have one), or by the id of a
   * kind and its slot (`codec/1`, 0). Bytes in, bytes out.
   * @throws TenonError ERR_TENON_MISSING_KIND, ERR_TENON_INVALID_ARGUMENT, ERR_TENON_CLOSED
   */
  method(name: string, slot?: number): Binding {
    if (slot !== undefined) return this.#tier.bind(bySlot(name, slot));
    return bindMethod(this.#kinds(), name, this.#tier, this.#settings.offered);
  }

  /**
   * The instance, seen as a plugin of a kind.
   * @throws TenonError ERR_TENON_MISSING_KIND if the plugin has no such kind, an older version of it, or too few methods
   */
  as<K extends Kind>(kind: K): KindApi<K> {
    let api = this.#bound.get(kind) as KindApi<K> | undefined;
    if (api === undefined) {
      api = bindKind(kind, this.#tier, this.#settings.offered);
      this.#bound.set(kind, api);
    }
    return api;
  }

  /** Keeps the event loop alive while events may come. Done by the first listener of `event`. */
  ref(): this {
    if (this.#closed) return this;
    listenedTo.add(this);
    this.#tier.ref();
    return this;
  }

  /** Lets the process end, and the instance be collected, although events may come. */
  unref(): this {
    listenedTo.delete(this);
    if (!this.#closed) this.#tier.unref();
    return this;
  }

  /**
   * Ends the instance: `drop` of the plugin runs, once. Calls after it throw ERR_TENON_CLOSED. Inline it is done when this returns,
   * elsewhere when the promise is fulfilled. Idempotent.
   * @throws TenonError ERR_TENON_TIMEOUT if `drop` does not come back within the deadline (thread tier)
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.dispose](): void {
    this.close().catch((error) => debug('close of an instance of %s: %s', this.plugin, error));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closed = true;
    listenedTo.delete(this);
    try {
      const dropped = this.#tier.close();
      if (dropped !== undefined) await dropped;
    } finally {
      this.#settings.onClose(this.reference);
      this.emit('close');
    }
  }

  #kinds(): Kind[] {
    return [...new Set([...this.#settings.kinds, ...this.#bound.keys()])];
  }
}

function bySlot(kind: string, slot: number): MethodRef {
  if (!/^[a-z][a-z0-9_-]*\/\d+$/.test(kind))
    throw invalidArgument('kind', `must be the id of a kind such as 'codec/1', not ${JSON.stringify(kind)}`);
  if (!Number.isInteger(slot) || slot < 0)
    throw invalidArgument('slot', `must be a slot number, not ${String(slot)}`);
  return { kind, slot, name: `${kind}#${slot}` };
}

/**
 * What a tier tells, on its way to the instance's listeners. The tier holds only this, which does not keep the instance alive. What
 * comes before there is an instance waits for it.
 */
export class EventRelay implements InstanceEvents {
  #target: WeakRef<Instance> | undefined;
  /** What came too early; null once it was delivered. */
  #early: (() => void)[] | null = [];

  attach(target: WeakRef<Instance>): void {
    this.#target = target;
    if (this.#early?.length === 0) this.#early = null;
    // Not before the caller had a chance to listen.
    else setImmediate(() => this.#flush());
  }

  event(data: Buffer): void {
    this.#deliver(() => this.#target?.deref()?.emit('event', data));
  }

  log(entry: LogEntry): void {
    debug('%s: %s', entry.level, entry.message);
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
