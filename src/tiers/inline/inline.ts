/** The inline tier: a plugin runs on the thread of its caller. */

import { loadAddon } from '../../addon/addon.js';
import type { VTable } from '../../library/library.js';
import { guarded } from '../../library/process-settings.js';
import { warnCollected } from '../collected.js';
import type { PluginContext } from '../context.js';
import { MethodTables } from '../method-table.js';
import { dispatch, endRoute, openRoute } from '../routes.js';
import type { InstanceEvents, MethodRef, TierBinding, TierInstance } from '../tier.js';
import { addonBackend } from './addon-backend.js';
import type { Backend, BackendInstance } from './backend.js';
import { koffiBackend } from './koffi-backend.js';

/**
 * Makes an instance on this thread.
 * @throws TenonError ERR_TENON_NEW_FAILED, ERR_TENON_PANIC, ERR_TENON_CONTRACT
 */
export function createInlineInstance(
  vtable: VTable,
  context: PluginContext,
  config: Uint8Array,
  events: InstanceEvents,
): TierInstance {
  return createInstance(backendOfThread(), vtable, context, config, events);
}

/** Makes an instance on this thread with the given backend. */
export function createInstance(
  backend: Backend,
  vtable: VTable,
  context: PluginContext,
  config: Uint8Array,
  events: InstanceEvents,
): TierInstance {
  return new InlineInstance(backend, vtable, context, config, events);
}

let chosen: Backend | undefined;

/** Returns the backend of this thread: the addon, or koffi without the addon. */
export function backendOfThread(): Backend {
  chosen ??= chooseBackend();
  return chosen;
}

function chooseBackend(): Backend {
  const addon = loadAddon();
  return addon === null ? koffiBackend() : addonBackend(addon, dispatch);
}

/** The instances that their listeners keep alive. */
const referenced = new Set<InlineInstance>();

/** The instances that must be closed when the process or the worker thread ends. */
const open = new Map<BackendInstance, string>();

const collected = new FinalizationRegistry<{ instance: BackendInstance; token: number }>((held) => {
  const plugin = open.get(held.instance);
  endRoute(held.token);
  if (plugin === undefined) return;
  open.delete(held.instance);
  held.instance.close();
  warnCollected(plugin);
});

function closeAll(): void {
  for (const instance of open.keys()) instance.close();
  open.clear();
}

/** Runs `new`, and restores settings of the process that it changes. */
function create(
  backend: Backend,
  vtable: VTable,
  context: PluginContext,
  config: Uint8Array,
  token: number,
): BackendInstance {
  const { guard } = context;
  const make = () => backend.create(vtable, context, config, token);
  const { result, changes } = guarded(loadAddon(), guard?.next() ?? 0, make);
  const refused = changes === null ? null : guard?.judge(changes, true);
  if (!refused) return result;
  result.close();
  throw refused;
}

class InlineInstance implements TierInstance {
  readonly #backend: Backend;
  readonly #instance: BackendInstance;
  readonly #something: bigint;
  readonly #token: number;
  readonly #tables: MethodTables;

  constructor(
    backend: Backend,
    vtable: VTable,
    context: PluginContext,
    config: Uint8Array,
    events: InstanceEvents,
  ) {
    this.#backend = backend;
    this.#something = vtable.slots.something;
    this.#tables = new MethodTables(context, (kind) => this.#instance.extension(kind));
    this.#token = openRoute(events);
    try {
      this.#instance = create(backend, vtable, context, config, this.#token);
    } catch (error) {
      this.#endRoute();
      throw error;
    }
    if (open.size === 0 && !process.listeners('exit').includes(closeAll)) process.on('exit', closeAll);
    open.set(this.#instance, context.plugin);
    collected.register(this, { instance: this.#instance, token: this.#token }, this.#instance);
  }

  bind(method: MethodRef): TierBinding {
    const address = method.kind === null ? this.#something : this.#tables.slot(method.kind, method.slot);
    return this.#instance.bind(this, method, address);
  }

  async present(): Promise<TierInstance> {
    return this;
  }

  presentSync(): TierInstance {
    return this;
  }

  methodCount(kind: string): number {
    return this.#tables.count(kind);
  }

  ref(): void {
    if (this.#instance.closed) return;
    referenced.add(this);
    this.#instance.reference(true);
  }

  unref(): void {
    referenced.delete(this);
    this.#instance.reference(false);
  }

  close(): void {
    if (this.#instance.closed) return;
    referenced.delete(this);
    open.delete(this.#instance);
    collected.unregister(this.#instance);
    this.#tables.clear();
    try {
      this.#instance.close();
    } finally {
      this.#endRoute();
    }
  }

  /** Ends the route after the last log entries are delivered. */
  #endRoute(): void {
    this.#backend.flush();
    endRoute(this.#token);
  }
}
