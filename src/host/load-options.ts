/** The options with which a plugin is loaded: what they mean, their defaults, and which tier can honour which. */
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
import type { CrashInputSettings, ProcessLimits } from '../tiers/process/settings.js';
import { DEFAULT_QUEUE, type Isolation, type QueueLimits } from '../tiers/tier.js';
import { type Transport, transports } from './capabilities.js';

/**
 * How the two sides of the process tier wait for each other: `latency` spins longest, `efficient` not at all, `balanced` in between.
 */
export type Profile = 'latency' | 'balanced' | 'efficient';

/** How a plugin is to run. Everything has a default. An option that its tier cannot honour is refused. */
export interface LoadOptions {
  /** Where the plugin's code runs: on the caller's thread (the default), on a thread per instance, or in a process per plugin. */
  readonly isolation?: Isolation;
  /**
   * What an option does that the tier cannot honour: `refuse` it (the default), or `warn` and go on without it, for programs that
   * switch tiers by configuration. `sandbox` and `limits` are always refused.
   */
  readonly unsupported?: 'refuse' | 'warn';
  /** Thread, process: milliseconds for `new` and for each call that has no timeout of its own. Default: none. */
  readonly timeout?: number;
  /** Bounds on events and log entries that wait to be delivered, per instance. Default: 1024 entries, 16 MiB. */
  readonly queue?: Partial<QueueLimits>;
  /** Thread, process: calls in flight at most (thread: per instance; process: per plugin). Default 1024. */
  readonly maxInFlight?: number;
  /** Thread, process: what a call beyond `maxInFlight` does: fail with TENON_BUSY (the default), or wait. */
  readonly whenFull?: 'fail' | 'wait';
  /** Process over shared memory: see {@link Profile}. Default `balanced`. */
  readonly profile?: Profile;
  /** Process: what calls travel over. Default: shared memory where the system and the addon have it, a pipe elsewhere. */
  readonly transport?: Transport;
  /** Process: restarts after a crash. Default: 5 within a minute. `false`: none. */
  readonly restart?: RestartOptions | false;
  /** Process: what a call does between a crash and the next start: fail at once (the default), or wait. */
  readonly whenDown?: 'fail' | 'wait';
  /** Process: see {@link ProcessLimits}. Default: no limits. */
  readonly limits?: ProcessLimits;
  /** Process, Linux: no new privileges, no network, no writing to files; reading only below `read`, if that is given. Default: none. */
  readonly sandbox?: boolean | { readonly read?: readonly string[] };
  /**
   * Process: its environment, either names of this process's variables to pass on, or all names and values. Default: PATH, LANG, LC_ALL,
   * LC_CTYPE, TZ, TMPDIR, LD_LIBRARY_PATH and SystemRoot are passed on.
   */
  readonly env?: readonly string[] | Readonly<Record<string, string>>;
  /** Process: its working directory. Default: the host's. */
  readonly cwd?: string;
  /**
   * Process: a folder in which the input of a call is kept that ends the process, and the config of its instance, so that the call can
   * be made again: the report has the command. The folder is made if it is missing, and nobody else may enter it, since inputs may be
   * secret. See {@link CrashInputOptions} for the bounds. Default: none are kept.
   */
  readonly crashInputs?: string | CrashInputOptions;
  /** Process: milliseconds from its start to its readiness. Default 10 000. */
  readonly startTimeout?: number;
  /** Process: milliseconds that it has for an orderly end before it is killed. Default 1000. */
  readonly grace?: number;
  /** Inline, thread: `demote` loads a plugin whose process died with it into a process of its own the next time. Default `none`. */
  readonly onCrash?: 'none' | 'demote';
}

/** What is kept of the inputs of calls that end the process of a plugin. */
export interface CrashInputOptions {
  readonly folder: string;
  /** The largest input that is kept, in bytes. Default 16 MiB. */
  readonly bytes?: number;
  /** How many are kept of a plugin; the oldest make way for new ones. Default 16. */
  readonly files?: number;
}

/** Options with their defaults. */
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
}

/** What most programs need to work as usual; secrets are rarely in these. */
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
const LIMITS = ['memory', 'cpu', 'files'] as const;

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
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

/** Each option: how it is checked, and its default. */
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
  checkKnown('limits', limits, LIMITS, 'limits.');
  for (const name of LIMITS) {
    const value = limits[name];
    if (value !== undefined) checkCount(`limits.${name}`, value, { most: Number.MAX_SAFE_INTEGER });
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

/** The tiers that honour an option; all others take it only in the value that asks for nothing. */
interface Reach {
  readonly tiers: readonly Isolation[];
  /** Whether this value asks for nothing, so that any tier honours it. */
  readonly idle?: (value: unknown) => boolean;
  /** Never only warned of: who relies on it is not protected. */
  readonly vital?: true;
}

const OUTSIDE = ['thread', 'process'] as const;
const PROCESS = ['process'] as const;

/** The options that not every tier honours. */
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
};

function isEmpty(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((one) => one === undefined)
  );
}

/** Refuses what was asked for and the tier does not have, or warns of it. @throws TenonError ERR_TENON_INVALID_ARGUMENT */
function checkTier(options: LoadOptions, { isolation, unsupported, transport }: LoadSettings): void {
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
  const problem = `cannot be honoured by ${found}`;
  if (unsupported === 'refuse' || vital) {
    const orWarn = vital ? '' : ", or set unsupported: 'warn' to go on without it";
    throw invalidArgument(name, problem, ` Leave it out, load the plugin with ${needed}${orWarn}.`);
  }
  const message = `The option '${name}' ${problem} and has no effect.`;
  process.emitWarning(message, { type: 'TenonWarning', code: 'TENON_UNSUPPORTED_OPTION' });
}

/** The options of `load`, each with the tiers that honour it: for the documentation and for the tests. */
export const LOAD_OPTIONS: Readonly<Record<string, readonly Isolation[]>> = Object.fromEntries(
  Object.keys(CHECKS).map((name) => [
    name,
    REACH[name as keyof LoadOptions]?.tiers ?? (['inline', 'thread', 'process'] as const),
  ]),
);
