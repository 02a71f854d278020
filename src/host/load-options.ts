/** The options of `load` and `discover`: their meaning, their defaults, and the tiers that support each. */
import { resolve } from 'node:path';
import { invalidArgument } from '../base/errors.js';
import {
  checkCount,
  checkKnown,
  checkMilliseconds,
  checkOneOf,
  checkString,
  checkStrings,
  readOptions,
  shown,
} from '../base/options.js';
import { checkRestart, type RestartOptions } from '../supervision/restart.js';
import {
  type CrashInputSettings,
  LEAST_RESULT,
  LONGEST_RESULT,
  type ProcessLimits,
} from '../tiers/process/settings.js';
import { DEFAULT_QUEUE, type Isolation, type QueueLimits } from '../tiers/tier.js';
import { type Transport, transports } from './capabilities.js';
import { checkReload, type ReloadOptions, type ReloadSettings } from './reload-options.js';
import { requireHere } from './system-options.js';

/**
 * The way in which the two sides of the process tier wait for each other. `latency` spins longest before it
 * sleeps, which costs CPU time. `efficient` does not spin. `balanced` spins for a shorter time than
 * `latency`.
 */
export type Profile = 'latency' | 'balanced' | 'efficient';

/**
 * The options of {@link PluginHost.load} and {@link PluginHost.discover}: where and how a plugin runs. All
 * are optional. An option that the chosen tier does not support is refused with ERR_TENON_INVALID_ARGUMENT.
 */
export interface LoadOptions {
  /**
   * The tier of the plugin: on the thread of the caller, on one thread per instance, or in one process per
   * plugin. Default: `inline`.
   */
  readonly isolation?: Isolation;
  /**
   * The treatment of an option that the tier does not support. `refuse` throws; `warn` emits a warning and
   * ignores the option, for programs that choose the tier by configuration. `sandbox` and `limits` are always
   * refused. Default: `refuse`.
   */
  readonly unsupported?: 'refuse' | 'warn';
  /**
   * The timeout in milliseconds of `new` and of every call without a timeout of its own. Default: none.
   * Tiers: thread, process.
   */
  readonly timeout?: number;
  /**
   * The limits on messages and log entries that wait for delivery, per instance. Default: 1024 entries and 16
   * MiB. All tiers.
   */
  readonly queue?: Partial<QueueLimits>;
  /**
   * The maximum number of calls in flight: per instance in the thread tier, per plugin in the process tier.
   * Default: 1024. Tiers: thread, process.
   */
  readonly maxInFlight?: number;
  /**
   * The behaviour of a call beyond `maxInFlight`: `fail` with the status TENON_BUSY, or `wait`. In the process
   * tier, the inputs that are on the way to the process may have 128 MiB in total, and the option applies to a
   * call beyond that too. Default: `fail`. Tiers: thread, process.
   */
  readonly whenFull?: 'fail' | 'wait';
  /**
   * The way in which both sides wait for each other. Default: `balanced`. Tiers: process, with the transport
   * `shared-memory`.
   */
  readonly profile?: Profile;
  /**
   * The medium of calls. Default: shared memory where the system and the addon support it, otherwise a pipe.
   * Tiers: process.
   */
  readonly transport?: Transport;
  /** The restarts after a crash; `false` for none. Default: 5 within a minute. Tiers: process. */
  readonly restart?: RestartOptions | false;
  /**
   * The behaviour of a call between a crash and the next start of the process: `fail` at once, or `wait`.
   * Default: `fail`. Tiers: process.
   */
  readonly whenDown?: 'fail' | 'wait';
  /** The resource limits of the process. Default: none. Tiers: process. */
  readonly limits?: ProcessLimits;
  /**
   * Whether the process is confined: no new privileges, no network, no other programs, and no writing to files.
   * With `read`, reading is restricted too: to the system's libraries, the plugin and these folders. Default:
   * false. Tiers: process, on Linux.
   */
  readonly sandbox?:
    | boolean
    | {
        /** The folders and files that the process may read. */
        readonly read?: readonly string[];
      };
  /**
   * The environment of the process: names of this process's variables to pass on, or an object with all names
   * and values. Default: PATH, LANG, LC_ALL, LC_CTYPE, TZ, TMPDIR, LD_LIBRARY_PATH and SystemRoot are passed
   * on. Tiers: process.
   */
  readonly env?: readonly string[] | Readonly<Record<string, string>>;
  /** The working directory of the process. Default: that of the host. Tiers: process. */
  readonly cwd?: string;
  /**
   * The folder in which the input of a call is kept if the call ends the process. The config of its instance is
   * kept too, so that the command in the report can repeat the call. The folder is created if it is missing.
   * Only the user may enter it, since inputs may be secret. {@link CrashInputOptions} sets the bounds. Default:
   * none are kept. Tiers: process.
   */
  readonly crashInputs?: string | CrashInputOptions;
  /** Milliseconds from the start of the process until it must be ready. Default: 10 000. Tiers: process. */
  readonly startTimeout?: number;
  /**
   * Milliseconds that the process has for an orderly end before it is killed. The close of an instance also waits
   * no longer. A `drop` that runs for longer ends the process. Default: 1000. Tiers: process.
   */
  readonly grace?: number;
  /**
   * `demote` loads a plugin into the process tier the next time if this process dies with it. It needs the
   * host's option `stateDir`. Default: `none`. Tiers: inline, thread.
   */
  readonly onCrash?: 'none' | 'demote';
  /**
   * The treatment of a plugin that changes settings of this process while it is opened or makes an instance: the
   * floating-point mode, the signal mask, signal handlers, the locale, the working directory, the umask or the
   * standard streams. They are restored, with the exceptions in the documentation of the tiers. `warn` emits a
   * warning; `refuse` refuses the plugin or the instance with ERR_TENON_CONTRACT. Default: `warn`. Tiers: inline,
   * thread.
   */
  readonly onMeddling?: 'warn' | 'refuse';
  /** The behaviour of {@link Plugin.reload}. All tiers; `probation` is refused outside the process tier. */
  readonly reload?: ReloadOptions;
}

/** The folder and the bounds of the inputs that are kept when calls end the process of a plugin. */
export interface CrashInputOptions {
  /** The folder, absolute or relative to the working directory. */
  readonly folder: string;
  /** The largest input that is kept, in bytes. Default: 16 MiB. */
  readonly bytes?: number;
  /** The number of inputs that are kept per plugin. The oldest are removed first. Default: 16. */
  readonly files?: number;
}

/** The options with their defaults. */
export interface LoadSettings {
  readonly isolation: Isolation;
  readonly unsupported: 'refuse' | 'warn';
  readonly timeout: number | undefined;
  readonly queue: QueueLimits;
  readonly maxInFlight: number;
  readonly whenFull: 'fail' | 'wait';
  readonly profile: Profile;
  readonly transport: Transport;
  readonly restart: RestartOptions | false;
  readonly whenDown: 'fail' | 'wait';
  readonly limits: ProcessLimits;
  readonly sandbox: boolean | { readonly read?: readonly string[] };
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly crashInputs: CrashInputSettings | undefined;
  readonly startTimeout: number;
  readonly grace: number;
  readonly onCrash: 'none' | 'demote';
  readonly onMeddling: 'warn' | 'refuse';
  readonly reload: ReloadSettings;
}

/** The variables that most programs need. They rarely contain secrets. */
const ENV_BY_DEFAULT = [
  'PATH',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'SystemRoot',
];
const LIMITS = {
  memory: { most: Number.MAX_SAFE_INTEGER },
  cpu: { most: Number.MAX_SAFE_INTEGER },
  files: { most: Number.MAX_SAFE_INTEGER },
  result: { least: LEAST_RESULT, most: LONGEST_RESULT },
} as const;

/** Checks the options. @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
export function checkLoadOptions(given: LoadOptions): LoadSettings {
  const options = readOptions('options', given);
  checkKnown('load', options, Object.keys(CHECKS));
  const settings = Object.fromEntries(
    Object.entries(CHECKS).map(([name, check]) => [name, check(options as Record<string, never>)]),
  ) as unknown as LoadSettings;
  checkTier(options, settings);
  return settings;
}

type Checks = { readonly [Name in keyof LoadSettings]: (options: LoadOptions) => LoadSettings[Name] };

/** The check and the default of each option. */
const CHECKS: Checks = {
  isolation: ({ isolation = 'inline' }) =>
    checkOneOf('isolation', isolation, ['inline', 'thread', 'process']),
  unsupported: ({ unsupported = 'refuse' }) => checkOneOf('unsupported', unsupported, ['refuse', 'warn']),
  timeout: ({ timeout }) => (timeout === undefined ? undefined : checkMilliseconds('timeout', timeout)),
  queue: ({ queue = {} }) => checkQueue(queue),
  maxInFlight: ({ maxInFlight = 1024 }) => checkCount('maxInFlight', maxInFlight, { most: 1_000_000 }),
  whenFull: ({ whenFull = 'fail' }) => checkOneOf('whenFull', whenFull, ['fail', 'wait']),
  profile: ({ profile = 'balanced' }) => checkOneOf('profile', profile, ['latency', 'balanced', 'efficient']),
  transport: ({ transport = transports()[0] ?? 'pipe' }) =>
    checkOneOf('transport', transport, ['shared-memory', 'pipe']),
  restart: ({ restart = {} }) => {
    checkRestart(restart);
    return restart;
  },
  whenDown: ({ whenDown = 'fail' }) => checkOneOf('whenDown', whenDown, ['fail', 'wait']),
  limits: ({ limits = {} }) => checkLimits(limits),
  sandbox: ({ sandbox = false }) => checkSandbox(sandbox),
  env: ({ env = ENV_BY_DEFAULT }) => checkEnvironment(env),
  cwd: ({ cwd }) => (cwd === undefined ? undefined : checkString('cwd', cwd)),
  crashInputs: ({ crashInputs }) => (crashInputs === undefined ? undefined : checkCrashInputs(crashInputs)),
  startTimeout: ({ startTimeout = 10_000 }) => checkMilliseconds('startTimeout', startTimeout),
  grace: ({ grace = 1000 }) => checkMilliseconds('grace', grace, { zero: true }),
  onCrash: ({ onCrash = 'none' }) => checkOneOf('onCrash', onCrash, ['none', 'demote']),
  onMeddling: ({ onMeddling = 'warn' }) => checkOneOf('onMeddling', onMeddling, ['warn', 'refuse']),
  reload: ({ reload = {} }) => checkReload(reload),
};

function checkQueue(given: Partial<QueueLimits>): QueueLimits {
  const queue = readOptions('queue', given);
  checkKnown('queue', queue, ['messages', 'bytes'], 'queue.');
  return {
    messages: checkCount('queue.messages', queue.messages ?? DEFAULT_QUEUE.messages),
    bytes: checkCount('queue.bytes', queue.bytes ?? DEFAULT_QUEUE.bytes),
  };
}

function checkLimits(given: ProcessLimits): ProcessLimits {
  const limits = readOptions('limits', given);
  checkKnown('limits', limits, Object.keys(LIMITS), 'limits.');
  for (const [name, range] of Object.entries(LIMITS)) {
    const value = limits[name as keyof ProcessLimits];
    if (value !== undefined) checkCount(`limits.${name}`, value, range);
  }
  return limits;
}

function checkSandbox(sandbox: unknown): LoadSettings['sandbox'] {
  if (typeof sandbox === 'boolean') return sandbox;
  if (typeof sandbox !== 'object' || sandbox === null)
    throw invalidArgument('sandbox', `must be true, false or an object, not ${shown(sandbox)}`);
  const { read, ...rest } = readOptions('sandbox', sandbox as { readonly read?: unknown });
  checkKnown('sandbox', rest, ['read'], 'sandbox.');
  return read === undefined ? {} : { read: checkStrings('sandbox.read', read) };
}

function checkCrashInputs(given: string | CrashInputOptions): CrashInputSettings {
  const options = readOptions('crashInputs', typeof given === 'string' ? { folder: given } : given);
  checkKnown('crashInputs', options, ['folder', 'bytes', 'files'], 'crashInputs.');
  const { folder, bytes = 16 << 20, files = 16 } = options;
  return {
    folder: resolve(checkString('crashInputs.folder', folder)),
    bytes: checkCount('crashInputs.bytes', bytes, { most: 1 << 30 }),
    files: checkCount('crashInputs.files', files, { most: 10_000 }),
  };
}

function checkEnvironment(env: NonNullable<LoadOptions['env']>): Readonly<Record<string, string>> {
  const pairs = Array.isArray(env)
    ? checkStrings('env', env).flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value] as const];
      })
    : Object.entries(readOptions('env', env as Readonly<Record<string, string>>));
  for (const [name, value] of pairs) {
    if (name !== '' && !/[=\0]/.test(name) && typeof value === 'string' && !value.includes('\0')) continue;
    throw invalidArgument(
      'env',
      `has a variable ${shown(name)} that no process can have: it needs a name and a string`,
    );
  }
  return Object.fromEntries(pairs);
}

/** The support for an option. A tier that does not support it only accepts a value without an effect. */
interface Reach {
  readonly tiers: readonly Isolation[];
  /** Returns whether the value has no effect, in which case every tier accepts it. */
  readonly idle?: (value: unknown) => boolean;
  /** Whether the option is never reduced to a warning: without it, those who rely on it are not protected. */
  readonly vital?: true;
}

const OUTSIDE = ['thread', 'process'] as const;
const PROCESS = ['process'] as const;
const IN_HOST = ['inline', 'thread'] as const;

/** The options that not every tier supports. */
const REACH: Readonly<Partial<Record<keyof LoadOptions, Reach>>> = {
  timeout: { tiers: OUTSIDE, idle: (value) => value === Number.POSITIVE_INFINITY },
  maxInFlight: { tiers: OUTSIDE },
  whenFull: { tiers: OUTSIDE },
  profile: { tiers: PROCESS },
  transport: { tiers: PROCESS },
  restart: { tiers: PROCESS, idle: (value) => value === false },
  whenDown: { tiers: PROCESS },
  limits: { tiers: PROCESS, idle: isEmpty, vital: true },
  sandbox: { tiers: PROCESS, idle: (value) => value === false, vital: true },
  env: { tiers: PROCESS },
  cwd: { tiers: PROCESS },
  crashInputs: { tiers: PROCESS },
  startTimeout: { tiers: PROCESS },
  grace: { tiers: PROCESS },
  onMeddling: { tiers: IN_HOST, idle: (value) => value === 'warn' },
  onCrash: { tiers: IN_HOST, idle: (value) => value === 'none' },
};

function isEmpty(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((one) => one === undefined)
  );
}

/**
 * Refuses options that the tier does not support, or warns of them.
 * @throws TenonError ERR_TENON_INVALID_ARGUMENT
 */
function checkTier(options: LoadOptions, settings: LoadSettings): void {
  const { isolation, unsupported, transport, limits, sandbox } = settings;
  for (const [name, { tiers, idle, vital }] of Object.entries(REACH)) {
    const value = options[name as keyof LoadOptions];
    if (value === undefined || tiers.includes(isolation) || idle?.(value)) continue;
    refuse(
      name,
      `isolation '${isolation}'`,
      tiers.map((tier) => `isolation: '${tier}'`).join(' or '),
      vital,
      unsupported,
    );
  }
  if (isolation === 'process') requireHere(limits, sandbox);
  if (options.reload?.probation && isolation !== 'process')
    refuse('reload.probation', `isolation '${isolation}'`, "isolation: 'process'", undefined, unsupported);
  if (options.profile !== undefined && isolation === 'process' && transport === 'pipe')
    refuse('profile', "transport 'pipe'", "transport: 'shared-memory'", undefined, unsupported);
}

function refuse(
  name: string,
  found: string,
  needed: string,
  vital: true | undefined,
  unsupported: string,
): void {
  const problem = `is not supported by ${found}`;
  if (unsupported === 'refuse' || vital) {
    const orWarn = vital ? '' : ", or set unsupported: 'warn' to continue without it";
    throw invalidArgument(name, problem, ` Leave it out, load the plugin with ${needed}${orWarn}.`);
  }
  const message = `The option '${name}' ${problem} and has no effect.`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_UNSUPPORTED_OPTION' });
}

/** The options of `load`, each with the tiers that support it. The documentation and the tests use it. */
export const LOAD_OPTIONS: Readonly<Record<string, readonly Isolation[]>> = Object.fromEntries(
  Object.keys(CHECKS).map((name) => [
    name,
    REACH[name as keyof LoadOptions]?.tiers ?? (['inline', 'thread', 'process'] as const),
  ]),
);
