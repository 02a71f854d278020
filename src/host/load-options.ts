/** The options with which a plugin is loaded, checked once. */

import { invalidArgument } from '../base/errors.js';
import { checkRestart, type RestartOptions } from '../supervision/restart.js';
import type { ProcessLimits } from '../tiers/process/settings.js';
import { DEFAULT_QUEUE, type Isolation, type QueueLimits } from '../tiers/tier.js';
import { type Transport, transports } from './capabilities.js';

/** How the two sides of the process tier wait for each other: for speed, for the processor's sake, or in between. */
export type Profile = 'latency' | 'balanced' | 'idle';

/** How a plugin is to run. Everything has a default. */
export interface LoadOptions {
  /** Where its code runs: on the caller's thread (the default), on a thread of its own, or in a process of its own. */
  readonly isolation?: Isolation;
  /** Milliseconds for `new` and for each call that says nothing itself. Inline nothing can be stopped: it has no effect. */
  readonly deadline?: number;
  /** Bounds on events and log entries that wait to be delivered, per instance. */
  readonly queue?: Partial<QueueLimits>;
  /** Calls on their way at most (thread: per instance; process: per plugin). Default 1024. */
  readonly inFlight?: number;
  /** What a call beyond `inFlight` does: fail with TENON_BUSY (the default), or wait. */
  readonly whenFull?: 'error' | 'wait';
  /** Process: default `balanced`. */
  readonly profile?: Profile;
  /** Process: default shared memory where the system and the addon have it, a pipe elsewhere. */
  readonly transport?: Transport;
  /** Process: restarts after a crash. Default: 5 within a minute. `false`: none. */
  readonly restart?: RestartOptions | false;
  /** Process: what a call does between a crash and the next start: fail at once (the default), or wait. */
  readonly whenDown?: 'fail' | 'wait';
  /** Process: see {@link ProcessLimits}. */
  readonly limits?: ProcessLimits;
  /** Process, Linux: no new privileges, no network, no writing to files; reading only below `read`, if that is given. */
  readonly sandbox?: boolean | { readonly read?: readonly string[] };
  /** Process: its environment, either names of this process's variables to hand on, or all names and values. */
  readonly env?: readonly string[] | Readonly<Record<string, string>>;
  /** Process: its working directory. Default: the host's. */
  readonly cwd?: string;
  /** Process: milliseconds from its start to its readiness. Default 10000. */
  readonly startDeadline?: number;
  /** Process: milliseconds that it has for an orderly end before it is killed. Default 1000. */
  readonly grace?: number;
  /** Inline and thread: `demote` loads a plugin whose process died with it into a process of its own the next time. */
  readonly onCrash?: 'none' | 'demote';
}

/** Options with their defaults. */
export interface LoadSettings {
  readonly isolation: Isolation;
  readonly deadline: number | undefined;
  readonly queue: QueueLimits;
  readonly inFlight: number;
  readonly whenFull: 'error' | 'wait';
  readonly profile: Profile;
  readonly transport: Transport;
  readonly restart: RestartOptions | false;
  readonly whenDown: 'fail' | 'wait';
  readonly limits: ProcessLimits;
  readonly sandbox: boolean | { readonly read?: readonly string[] };
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly startDeadline: number;
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
/** The most that a timer of Node.js waits. */
const MAX_MS = 2 ** 31 - 1;
const MAX_COUNT = 2 ** 31 - 1;

/** @throws TenonError ERR_TENON_INVALID_ARGUMENT that names the option */
export function checkLoadOptions(options: LoadOptions): LoadSettings {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options', 'must be an object');
  const known: readonly string[] = Object.keys(TAKEN);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalidArgument(unknown, `is no option of load (${known.join(', ')})`);
  return Object.fromEntries(
    Object.entries(TAKEN).map(([name, take]) => [name, take(options as Record<string, never>)]),
  ) as unknown as LoadSettings;
}

type Taken = { readonly [Name in keyof LoadSettings]: (options: LoadOptions) => LoadSettings[Name] };

/** Each option: how it is checked, and its default. */
const TAKEN: Taken = {
  isolation: ({ isolation }) => oneOf('isolation', isolation, ['inline', 'thread', 'process']),
  deadline: ({ deadline }) => (deadline === undefined ? undefined : duration('deadline', deadline)),
  queue: ({ queue = {} }) => ({
    messages: count('queue.messages', object('queue', queue).messages ?? DEFAULT_QUEUE.messages),
    bytes: count('queue.bytes', queue.bytes ?? DEFAULT_QUEUE.bytes),
  }),
  inFlight: ({ inFlight = 1024 }) => count('inFlight', inFlight, 1_000_000),
  whenFull: ({ whenFull }) => oneOf('whenFull', whenFull, ['error', 'wait']),
  profile: ({ profile = 'balanced' }) => oneOf('profile', profile, ['latency', 'balanced', 'idle']),
  transport: ({ transport = transports()[0] ?? 'pipe' }) =>
    oneOf('transport', transport, ['shared-memory', 'pipe']),
  restart: ({ restart = {} }) => {
    checkRestart(restart);
    return restart;
  },
  whenDown: ({ whenDown }) => oneOf('whenDown', whenDown, ['fail', 'wait']),
  limits: ({ limits = {} }) => checkLimits(limits),
  sandbox: ({ sandbox = false }) => checkSandbox(sandbox),
  env: ({ env = ENV_BY_DEFAULT }) => checkEnvironment(env),
  cwd: ({ cwd }) => (cwd === undefined ? undefined : text('cwd', cwd)),
  startDeadline: ({ startDeadline = 10_000 }) => duration('startDeadline', startDeadline),
  grace: ({ grace = 1000 }) => duration('grace', grace, 0),
  onCrash: ({ onCrash }) => oneOf('onCrash', onCrash, ['none', 'demote']),
};

/** One of a few words, the first of which is the default. */
function oneOf<const T extends string>(name: string, value: T | undefined, words: readonly [T, ...T[]]): T {
  const found = value ?? words[0];
  if (words.includes(found)) return found;
  const list = words.map((word) => `'${word}'`).join(', ');
  throw invalidArgument(name, `must be one of ${list}, not ${JSON.stringify(value)}`);
}

function duration(name: string, value: number, least = Number.MIN_VALUE): number {
  if (typeof value === 'number' && value >= least && value <= MAX_MS) return value;
  throw invalidArgument(
    name,
    `must be milliseconds, ${least === 0 ? '0' : 'more than 0'} to ${MAX_MS}, not ${String(value)}`,
  );
}

function count(name: string, value: number, most = MAX_COUNT): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw invalidArgument(name, `must be an integer from 1 to ${most}, not ${String(value)}`);
}

function object<T extends object>(name: string, value: T): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalidArgument(name, `must be an object, not ${JSON.stringify(value)}`);
}

function text(name: string, value: string): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw invalidArgument(name, 'must be a text that is not empty');
}

function checkLimits(limits: ProcessLimits): ProcessLimits {
  for (const [name, value] of Object.entries(object('limits', limits))) {
    if (name !== 'memory' && name !== 'cpu' && name !== 'files') {
      throw invalidArgument(`limits.${name}`, 'is no limit (memory, cpu, files)');
    }
    if (value !== undefined) count(`limits.${name}`, value, Number.MAX_SAFE_INTEGER);
  }
  return limits;
}

function checkSandbox(sandbox: LoadSettings['sandbox']): LoadSettings['sandbox'] {
  if (typeof sandbox === 'boolean') return sandbox;
  const { read = [] } = object('sandbox', sandbox);
  if (!Array.isArray(read)) throw invalidArgument('sandbox.read', 'must be an array of paths');
  for (const path of read) text('sandbox.read', path);
  return sandbox;
}

function checkEnvironment(env: NonNullable<LoadOptions['env']>): Readonly<Record<string, string>> {
  const isList = Array.isArray(env);
  const pairs = isList
    ? env.map((name: string) => [name, process.env[text('env', name)]] as const)
    : Object.entries(object('env', env as Readonly<Record<string, string>>));
  const kept = pairs.filter(([, value]) => !isList || value !== undefined);
  for (const [name, value] of kept) {
    if (name.includes('=') || typeof value !== 'string' || value.includes('\0')) {
      throw invalidArgument(
        'env',
        `has no usable variable ${JSON.stringify(name)}: its value must be a text`,
      );
    }
  }
  return Object.fromEntries(kept) as Record<string, string>;
}
