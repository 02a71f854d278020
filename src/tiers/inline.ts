/** The inline tier: a plugin runs on the thread of its caller. */
import { LOG_LEVELS, type LogLevel } from '../abi.js';
import { TenonError } from '../errors.js';
import type { VTable } from '../library.js';
import { type Dispatch, loadAddon } from '../native.js';
import { addonBackend } from './addon-backend.js';
import type { Backend, BackendInstance, InlineContext } from './backend.js';
import { koffiBackend } from './koffi-backend.js';
import { readMethodTable } from './method-table.js';
import type { Binding, InstanceEvents, MethodRef, TierInstance } from './tier.js';

export type { InlineContext } from './backend.js';

/** Makes an instance on this thread. @throws TenonError ERR_TENON_NEW_FAILED, ERR_TENON_PANIC, ERR_TENON_CONTRACT */
export function createInlineInstance(
  vtable: VTable,
  context: InlineContext,
  config: Uint8Array,
  events: InstanceEvents,
): TierInstance {
  chosen ??= chooseBackend();
  return createInstance(chosen, vtable, context, config, events);
}

/** The same with a backend of the caller's choice. */
export function createInstance(
  backend: Backend,
  vtable: VTable,
  context: InlineContext,
  config: Uint8Array,
  events: InstanceEvents,
): TierInstance {
  return new InlineInstance(backend, vtable, context, config, events);
}

let chosen: Backend | undefined;

function chooseBackend(): Backend {
  const addon = loadAddon();
  return addon === null ? koffiBackend() : addonBackend(addon, dispatch);
}

/** Who gets the events of which token. These must not hold the instance, or it would never be collected. */
const routes = new Map<number, InstanceEvents>();
const referenced = new Set<InlineInstance>();
let lastToken = 0;

/** What native code calls for each event and log entry. */
export const dispatch: Dispatch = (token, kind, level, payload) => {
  const events = routes.get(token);
  if (events === undefined) return;
  if (typeof payload === 'string') events.log({ level: levelName(level), message: payload });
  else if (kind === 0) events.event(payload);
};

/** A level that the ABI does not know counts as the nearest one that it knows. */
function levelName(level: number): LogLevel {
  return LOG_LEVELS[Math.min(Math.max(level, 0), LOG_LEVELS.length - 1)] ?? 'info';
}

/** All instances that have to be closed when the process or worker ends. */
const open = new Map<BackendInstance, string>();
const warned = new Set<string>();

const collected = new FinalizationRegistry<{ instance: BackendInstance; token: number }>((held) => {
  const plugin = open.get(held.instance);
  routes.delete(held.token);
  if (plugin === undefined) return;
  open.delete(held.instance);
  held.instance.close();
  if (warned.has(plugin)) return;
  warned.add(plugin);
  const advice = 'Call close() on each instance, or declare it with `using`';
  process.emitWarning(
    `An instance of plugin ${plugin} was collected without close(). It was dropped now; nobody knows when the next one will be. ${advice}.`,
    'TenonWarning',
  );
});

function closeAll(): void {
  for (const instance of open.keys()) instance.close();
  open.clear();
}

class InlineInstance implements TierInstance {
  readonly #backend: Backend;
  readonly #instance: BackendInstance;
  readonly #context: InlineContext;
  readonly #something: bigint;
  readonly #token: number;
  readonly #tables = new Map<string, readonly bigint[] | null>();

  constructor(
    backend: Backend,
    vtable: VTable,
    context: InlineContext,
    config: Uint8Array,
    events: InstanceEvents,
  ) {
    this.#backend = backend;
    this.#context = context;
    this.#something = vtable.slots.something;
    this.#token = ++lastToken;
    routes.set(this.#token, events);
    try {
      this.#instance = backend.create(vtable, context, config, this.#token);
    } catch (error) {
      this.#endRoute();
      throw error;
    }
    if (open.size === 0 && !process.listeners('exit').includes(closeAll)) process.on('exit', closeAll);
    open.set(this.#instance, context.plugin);
    collected.register(this, { instance: this.#instance, token: this.#token }, this.#instance);
  }

  bind(method: MethodRef): Binding {
    const address = method.kind === null ? this.#something : this.#slot(method.kind, method.slot);
    return this.#instance.bind(this, method, address);
  }

  methodCount(kind: string): number {
    return this.#table(kind)?.length ?? 0;
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
    try {
      this.#instance.close();
    } finally {
      this.#endRoute();
    }
  }

  /** Delivers the last log entries. */
  #endRoute(): void {
    this.#backend.flush();
    routes.delete(this.#token);
  }

  #slot(kind: string, slot: number): bigint {
    const table = this.#table(kind);
    const address = table?.[slot];
    if (address !== undefined) return address;
    const { plugin, path } = this.#context;
    const missing =
      table === null
        ? `does not offer the kind '${kind}'`
        : `has ${table?.length} methods of the kind '${kind}', and none in slot ${slot}`;
    const message = `Plugin ${plugin} ${missing}. Ask for a kind that its manifest names, or use a newer build of it.`;
    throw new TenonError('ERR_TENON_MISSING_KIND', message, { plugin, path });
  }

  /** The methods of a kind; null if the plugin does not know it. */
  #table(kind: string): readonly bigint[] | null {
    let table = this.#tables.get(kind);
    if (table === undefined || this.#instance.closed) {
      const address = this.#instance.extension(kind);
      table = address === 0n ? null : readMethodTable(this.#context, kind, address);
      this.#tables.set(kind, table);
    }
    return table;
  }
}
