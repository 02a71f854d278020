/**
 * The tier of a loaded plugin: it makes the instances. This layer is above the tiers and below the objects
 * that users hold.
 */
import { EventEmitter } from 'node:events';
import type { Admitted } from '../admission/admit.js';
import { TenonError } from '../base/errors.js';
import { memory } from '../library/memory.js';
import { Supervisor, type SupervisorEventMap, type SupervisorState } from '../supervision/supervisor.js';
import type { CallTally } from '../tiers/call-tally.js';
import type { PluginContext } from '../tiers/context.js';
import { createInlineInstance } from '../tiers/inline/inline.js';
import type { Confinement } from '../tiers/process/confinement.js';
import { privateFolder } from '../tiers/process/kept-input.js';
import { rssOf } from '../tiers/process/report.js';
import { RunnerProcess, type RunnerSettings } from '../tiers/process/runner-process.js';
import { createThreadInstance } from '../tiers/thread/instance.js';
import type { InstanceEvents, TierInstance } from '../tiers/tier.js';
import type { LoadSettings } from './load-options.js';
import { guardOf, judgeOpening } from './meddling.js';

/** A tier that holds one plugin. */
export interface PluginTier {
  /** The state of the plugin's process; always `running` in the other tiers. */
  readonly state: SupervisorState;
  /** The events of the plugin's process; none in the other tiers. */
  readonly events: EventEmitter<SupervisorEventMap>;
  /** Makes an instance. */
  create(config: Uint8Array, events: InstanceEvents): Promise<TierInstance>;
  /** Makes an instance synchronously. @throws TenonError ERR_TENON_UNSUPPORTED in the thread tier */
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance;
  /** The current process of the plugin; null in the other tiers. */
  readonly process: PluginProcess | null;
  /**
   * Returns the resident memory of the plugin's process in bytes. Returns null in the other tiers, and if the
   * system does not report it.
   */
  rss(): number | null;
  /** Restarts the plugin's process. @throws TenonError ERR_TENON_UNSUPPORTED in the other tiers */
  restart(): Promise<void>;
  /** Releases the resources of the tier other than the instances. */
  close(): Promise<void>;
}

/** The process of a plugin in the process tier. */
export interface PluginProcess {
  /** The process id; undefined while no process runs. */
  readonly pid: number | undefined;
  /** The number of times that the process was started. */
  readonly generation: number;
  /** The limits and parts of the sandbox that are active. */
  readonly enforced: readonly string[];
  /** The requested limits and parts of the sandbox that this system does not support. */
  readonly missing: readonly string[];
}

/** The services that a tier needs from its host. */
export interface TierListener {
  /** The counters of the calls. */
  readonly tally: CallTally;
  /** Called when the plugin's process has crashed too often and is not restarted. */
  failed(error: TenonError): void;
}

type Opened = NonNullable<Admitted['opened']>;

/** Opens the plugin in its tier. @throws TenonError if its process cannot be started */
export async function openTier(
  admitted: Admitted,
  settings: LoadSettings,
  listener: TierListener,
): Promise<PluginTier> {
  if (settings.isolation === 'process') return processTier(admitted, settings, listener);
  const context = contextOf(admitted, settings, listener.tally);
  if (settings.isolation === 'thread') return threadTier(admitted, context, settings);
  return inlineTier(admitted, context);
}

/** Runs the plugin on the thread of its caller. */
function inlineTier(admitted: Admitted, context: PluginContext): PluginTier {
  const { vtable } = requireOpened(admitted);
  const createSync = (config: Uint8Array, events: InstanceEvents) =>
    createInlineInstance(vtable, context, config, events);
  return {
    state: 'running',
    events: new EventEmitter(),
    create: async (config, events) => createSync(config, events),
    createSync,
    process: null,
    rss: () => null,
    restart: noProcess,
    close: async () => undefined,
  };
}

/** Runs each instance of the plugin on a thread of its own. */
function threadTier(admitted: Admitted, context: PluginContext, settings: LoadSettings): PluginTier {
  const { vtable } = requireOpened(admitted);
  const { timeout, whenFull, maxInFlight: queue } = settings;
  const options = { queue, whenFull, ...(timeout === undefined ? {} : { timeout }) };
  return {
    state: 'running',
    events: new EventEmitter(),
    create: (config, events) => createThreadInstance(vtable, context, config, events, options),
    createSync() {
      const message =
        "A plugin with isolation 'thread' makes its instances asynchronously. Use new() instead of newSync().";
      throw new TenonError('ERR_TENON_UNSUPPORTED', message);
    },
    process: null,
    rss: () => null,
    restart: noProcess,
    close: async () => undefined,
  };
}

/** Runs the plugin in a process of its own, which is restarted when it crashes. */
async function processTier(
  admitted: Admitted,
  settings: LoadSettings,
  listener: TierListener,
): Promise<PluginTier> {
  const { name: plugin, path, copy: file } = admitted;
  if (settings.crashInputs !== undefined) privateFolder(settings.crashInputs.folder);
  const { restart, whenDown, whenFull, timeout, startTimeout, maxInFlight, grace } = settings;
  const { tally } = listener;
  const onFailed = (error: TenonError) => listener.failed(error);
  const limits = { timeout, startTimeout, maxInFlight };
  const options = { plugin, path, file, restart, whenDown, whenFull, ...limits, tally, onFailed };
  let latest: RunnerProcess | undefined;
  const supervisor = new Supervisor(async (generation, handlers) => {
    latest = await admitted.withCopy(() =>
      RunnerProcess.start(runnerSettings(admitted, settings, generation, tally), handlers),
    );
    return latest;
  }, options);
  await supervisor.start();
  warnOfMissing(plugin, latest?.missing ?? []);
  return {
    get state() {
      return supervisor.state;
    },
    events: supervisor,
    create: (config, events) => supervisor.create(config, events),
    createSync: (config, events) => supervisor.createSync(config, events),
    get process() {
      const { enforced = [], missing = [] } = latest ?? {};
      return { pid: supervisor.pid, generation: supervisor.generation, enforced, missing };
    },
    rss: () => (supervisor.pid === undefined ? null : rssOf(supervisor.pid)),
    restart: () => supervisor.restart(grace),
    close: () => supervisor.stop(grace),
  };
}

/** Warns of limits and parts of the sandbox that the system does not support. */
function warnOfMissing(plugin: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const message = `Plugin ${plugin} runs without ${missing.join(', ')}: this system does not support it.`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_NOT_ENFORCED' });
}

/** Returns the confinement of the plugin's process. */
export function confinementOf(
  { limits, sandbox, env, cwd }: LoadSettings,
  readable: readonly string[],
): Confinement {
  if (sandbox === false) return { limits, sandbox, env, cwd };
  const wanted = sandbox === true ? [] : (sandbox.read ?? []);
  return { limits, sandbox: { read: [...readable, ...wanted] }, env, cwd };
}

function runnerSettings(
  admitted: Admitted,
  settings: LoadSettings,
  generation: number,
  tally: CallTally,
): RunnerSettings {
  const { name: plugin, abi, path: shown, copy: file } = admitted;
  const { profile, transport, timeout, startTimeout, maxInFlight, whenFull, queue, crashInputs, grace } =
    settings;
  return {
    ...{ file, shown, plugin, abi, generation },
    ...{ profile, transport, timeout, startTimeout, maxInFlight, whenFull, queue, crashInputs, tally, grace },
    ...confinementOf(settings, admitted.readable),
  };
}

async function noProcess(): Promise<never> {
  throw new TenonError(
    'ERR_TENON_UNSUPPORTED',
    "Cannot restart the plugin: it does not run in a process of its own. Load it with isolation 'process'.",
  );
}

function contextOf(admitted: Admitted, settings: LoadSettings, tally: CallTally): PluginContext {
  const { library } = requireOpened(admitted);
  judgeOpening(admitted, settings, library.meddlings);
  return {
    plugin: admitted.name,
    path: admitted.path,
    queue: settings.queue,
    tally,
    memory,
    isPluginCode: (address: bigint) => library.isCode(address),
    guard: guardOf(admitted, settings),
  };
}

function requireOpened({ opened, path }: Admitted): Opened {
  if (opened !== null) return opened;
  throw new TenonError(
    'ERR_TENON_UNSUPPORTED',
    `Cannot open ${path} in this process: it was admitted only for a process of its own.`,
    { path },
  );
}
