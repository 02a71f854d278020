/** Where a plugin's instances are made: one choice per loaded plugin, above the tiers and below what a user holds. */
import { EventEmitter } from 'node:events';
import { basename, dirname } from 'node:path';
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

/** A tier with one plugin in it. */
export interface PluginTier {
  /** `running`, unless a process is between a crash and its end. */
  readonly state: SupervisorState;
  /** What becomes of its process; silent in the other tiers. */
  readonly events: EventEmitter<SupervisorEventMap>;
  create(config: Uint8Array, events: InstanceEvents): Promise<TierInstance>;
  /** The same at once. @throws TenonError ERR_TENON_UNSUPPORTED where that cannot be */
  createSync(config: Uint8Array, events: InstanceEvents): TierInstance;
  /** Its process at present; null where it has none. */
  readonly process: PluginProcess | null;
  /** Bytes of memory that its process holds; null where it has none, and where the system does not tell. */
  rss(): number | null;
  /** Restarts its process. @throws TenonError ERR_TENON_UNSUPPORTED where it has none */
  restart(): Promise<void>;
  /** Ends what the tier holds beside the instances. */
  close(): Promise<void>;
}

/** The process of a plugin in the process tier. */
export interface PluginProcess {
  /** Undefined while none runs. */
  readonly pid: number | undefined;
  /** How often it was started. */
  readonly generation: number;
  /** Limits and parts of the sandbox that are active. */
  readonly enforced: readonly string[];
  /** What was asked for, and this system does not have. */
  readonly missing: readonly string[];
}

/** What a tier needs of its host. */
export interface TierListener {
  /** Where calls are counted. */
  readonly tally: CallTally;
  /** The plugin's process has crashed so often that it is not started again. */
  failed(error: TenonError): void;
}

type Opened = NonNullable<Admitted['opened']>;

/** Brings the plugin to where it is to run. @throws TenonError if its process cannot be started */
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

/** The plugin on the thread of its caller. */
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

/** The plugin with a thread of its own for each instance. */
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
        "A plugin with isolation 'thread' makes its instances on their threads: use new(), not newSync().";
      throw new TenonError('ERR_TENON_UNSUPPORTED', message);
    },
    process: null,
    rss: () => null,
    restart: noProcess,
    close: async () => undefined,
  };
}

/** The plugin in a process of its own, which is started again when it crashes. */
async function processTier(
  admitted: Admitted,
  settings: LoadSettings,
  listener: TierListener,
): Promise<PluginTier> {
  const { name: plugin, path, copy: file } = admitted;
  if (settings.crashInputs !== undefined) privateFolder(settings.crashInputs.folder);
  const { restart, whenDown, whenFull, timeout, maxInFlight, grace } = settings;
  const { tally } = listener;
  const onFailed = (error: TenonError) => listener.failed(error);
  const options = { plugin, path, file, restart, whenDown, whenFull, timeout, maxInFlight, tally, onFailed };
  let latest: RunnerProcess | undefined;
  const supervisor = new Supervisor(async (generation, handlers) => {
    latest = await RunnerProcess.start(runnerSettings(admitted, settings, generation, tally), handlers);
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

/** What was asked for and cannot be had is said, not passed over. */
function warnOfMissing(plugin: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const message = `Plugin ${plugin} runs without ${missing.join(', ')}: this system does not have it.`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_NOT_ENFORCED' });
}

/** What the plugin's process is confined by. */
export function confinementOf({ limits, sandbox, env, cwd }: LoadSettings, copy: string): Confinement {
  if (sandbox === false) return { limits, sandbox, env, cwd };
  // The libraries that came along with a copy lie in a folder of its name.
  const folder = dirname(copy);
  const own = basename(copy).startsWith(basename(folder)) ? [folder] : [];
  const wanted = sandbox === true ? [] : (sandbox.read ?? []);
  return { limits, sandbox: { read: [...own, ...wanted] }, env, cwd };
}

function runnerSettings(
  admitted: Admitted,
  settings: LoadSettings,
  generation: number,
  tally: CallTally,
): RunnerSettings {
  const { name: plugin, abi, path: shown, copy: file } = admitted;
  const { profile, transport, timeout, startTimeout, maxInFlight, whenFull, queue, crashInputs } = settings;
  return {
    ...{ file, shown, plugin, abi, generation },
    ...{ profile, transport, timeout, startTimeout, maxInFlight, whenFull, queue, crashInputs, tally },
    ...confinementOf(settings, file),
  };
}

async function noProcess(): Promise<never> {
  throw new TenonError('ERR_TENON_UNSUPPORTED', "Only a plugin with isolation 'process' can be restarted.");
}

function contextOf(admitted: Admitted, settings: LoadSettings, tally: CallTally): PluginContext {
  const { library } = requireOpened(admitted);
  return {
    plugin: admitted.name,
    path: admitted.path,
    queue: settings.queue,
    tally,
    memory,
    isPluginCode: (address: bigint) => library.isCode(address),
  };
}

function requireOpened({ opened, path }: Admitted): Opened {
  if (opened !== null) return opened;
  throw new TenonError('ERR_TENON_UNSUPPORTED', `${path} was admitted for a process of its own only.`, {
    path,
  });
}
