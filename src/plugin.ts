/** A plugin that a user holds: makes instances. */

import { PluginFlag } from './abi.js';
import type { Admitted } from './admission.js';
import { type Config, encodeConfig } from './config.js';
import { invalidArgument, TenonError } from './errors.js';
import { Instance, type InstanceSettings } from './instance.js';
import type { Kind } from './kind.js';
import type { Manifest } from './manifest.js';
import { memory } from './memory.js';
import { createInlineInstance } from './tiers/inline.js';
import { DEFAULT_QUEUE, type Isolation, type QueueLimits } from './tiers/tier.js';

/** How a plugin is to run. */
export interface LoadOptions {
  /** Where its code runs. Only `inline`, the caller's thread, in this version. */
  readonly isolation?: Isolation;
  /** Bounds on events and log entries that wait to be delivered, per instance. */
  readonly queue?: Partial<QueueLimits>;
}

type Opened = NonNullable<Admitted['opened']>;

function requireOpened({ opened, path }: Admitted): Opened {
  if (opened === null)
    throw new TenonError('ERR_TENON_UNSUPPORTED', `${path} was admitted for another process only.`);
  return opened;
}

/** Digests of the singleton plugins that have an instance in this thread. */
const singletons = new Set<string>();

/** An admitted plugin. Closing it closes its instances; its manifest stays readable. */
export class Plugin {
  readonly manifest: Manifest;
  readonly isolation: Isolation;
  readonly #opened: Opened;
  readonly #queue: QueueLimits;
  readonly #kinds: readonly Kind[];
  /** Weak, so that an instance that nobody holds can be collected. */
  readonly #instances = new Set<WeakRef<Instance>>();
  readonly #onClose: (plugin: Plugin) => void;
  #closed = false;

  /** Made by a PluginHost only. */
  constructor(
    admitted: Admitted,
    manifest: Manifest,
    options: LoadOptions,
    kinds: readonly Kind[],
    onClose: (plugin: Plugin) => void,
  ) {
    this.manifest = manifest;
    this.isolation = checkIsolation(options.isolation);
    this.#opened = requireOpened(admitted);
    this.#queue = checkQueue(options.queue);
    this.#kinds = kinds;
    this.#onClose = onClose;
  }

  /** The name that the plugin states. */
  get name(): string {
    return this.manifest.name;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Makes an instance. `config` is any JSON value; a string or bytes are taken as JSON text as they are.
   * @throws TenonError ERR_TENON_NEW_FAILED with the plugin's own message, ERR_TENON_PANIC, ERR_TENON_CONTRACT,
   *   ERR_TENON_CLOSED, ERR_TENON_INVALID_ARGUMENT
   */
  async new(config?: Config): Promise<Instance> {
    return this.newSync(config);
  }

  /** The same, at once; for tiers that can. */
  newSync(config?: Config): Instance {
    if (this.#closed) {
      throw new TenonError(
        'ERR_TENON_CLOSED',
        `Cannot make an instance of ${this.name}: the plugin is closed. Load it again.`,
        { plugin: this.name },
      );
    }
    const bytes = encodeConfig(config);
    const release = this.#claim();
    try {
      const instance = new Instance(this.#settings(release), (events) =>
        createInlineInstance(this.#opened.vtable, this.#context(), bytes, events),
      );
      const reference = instance.reference;
      this.#instances.add(reference);
      return instance;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends all instances. Idempotent. The library stays mapped: unmapping code that may still run is never safe. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reference of this.#instances) reference.deref()?.close();
    this.#instances.clear();
    this.#onClose(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #settings(release: () => void): InstanceSettings {
    return {
      plugin: this.name,
      kinds: this.#kinds,
      offered: this.manifest.described ? this.manifest.kinds : null,
      onClose: (reference) => {
        this.#instances.delete(reference);
        release();
      },
    };
  }

  #context() {
    const { library } = this.#opened;
    return {
      plugin: this.name,
      path: this.manifest.path,
      queue: this.#queue,
      memory,
      isPluginCode: (address: bigint) => library.isCode(address),
    };
  }

  /** Takes the one place of a singleton. Returns what gives it back. */
  #claim(): () => void {
    if ((this.manifest.flags & PluginFlag.TENON_SINGLETON) === 0) return () => undefined;
    const { digest } = this.manifest;
    if (singletons.has(digest)) {
      throw new TenonError(
        'ERR_TENON_NEW_FAILED',
        `Cannot make another instance of ${this.name}: it allows one at a time (TENON_SINGLETON). Close the first one.`,
        { plugin: this.name },
      );
    }
    singletons.add(digest);
    return () => singletons.delete(digest);
  }
}

function checkIsolation(isolation: Isolation = 'inline'): Isolation {
  if (isolation === 'inline') return isolation;
  if (isolation === 'thread' || isolation === 'process') {
    throw new TenonError(
      'ERR_TENON_UNSUPPORTED',
      `Cannot run a plugin with isolation '${isolation}': this version of tenon has 'inline' only.`,
    );
  }
  throw invalidArgument('isolation', `must be 'inline', not ${JSON.stringify(isolation)}`);
}

function checkQueue(queue: Partial<QueueLimits> = {}): QueueLimits {
  if (typeof queue !== 'object' || queue === null) throw invalidArgument('queue', 'must be an object');
  const limits = {
    messages: queue.messages ?? DEFAULT_QUEUE.messages,
    bytes: queue.bytes ?? DEFAULT_QUEUE.bytes,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1 || value > 2 ** 31 - 1) {
      throw invalidArgument(`queue.${name}`, `must be an integer from 1 to 2147483647, not ${String(value)}`);
    }
  }
  return limits;
}
