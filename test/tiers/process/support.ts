/** Helpers of the process tier tests: runners and their instances, without a host. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { LogLevel } from '../../../src/base/abi.js';
import { newTally } from '../../../src/tiers/call-tally.js';
import {
  type RunnerExit,
  RunnerProcess,
  type RunnerSettings,
} from '../../../src/tiers/process/runner-process.js';
import { DEFAULT_QUEUE, SOMETHING, type TierBinding, type TierInstance } from '../../../src/tiers/tier.js';
import { compile, root, withAddon, withRunner } from '../../support/index.js';

/** Whether the process tier can be tested, which needs Linux. Without the addon it uses a pipe. */
export const hasProcesses = withRunner && process.platform === 'linux';

const folder = mkdtempSync(join(tmpdir(), 'tenon-process-'));
const files = new Map<string, string>();
const started = new Set<RunnerProcess>();

afterEach(async () => {
  await Promise.all([...started].map((runner) => runner.stop(0)));
  started.clear();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FLAGS = ['-pthread', '-D_DEFAULT_SOURCE', '-O1'];

function built(name: string, source: string): string {
  let file = files.get(name);
  if (file === undefined) {
    file = compile(folder, name, readFileSync(join(root, source), 'utf8'), FLAGS);
    files.set(name, file);
  }
  return file;
}

/** Compiles a plugin that misbehaves as the first byte of its input requests. */
export const fixture = (): string => built('fixture', 'native/test/fixture.c');
export const puppet = (): string => built('puppet', 'test/tiers/fixtures/puppet.c');
/** Compiles a plugin whose calls take as long as their input requests. */
export const sleeper = (): string => built('sleeper', 'test/tiers/fixtures/sleeper.c');
/** Compiles a plugin that prints the number of lines in its input. */
export const printer = (): string => built('printer', 'test/tiers/fixtures/printer.c');
/** Compiles a plugin that starts processes and threads that outlive a call. */
export const parent = (): string => built('parent', 'test/tiers/fixtures/parent.c');

/** Compiles the hostile runner, which uses the real channel. */
export function hostileRunner(): string {
  let program = files.get('hostile_runner');
  if (program === undefined) {
    program = join(folder, 'hostile_runner');
    const own = ['hostile_runner', 'hostile_garbage'].map((part) => `test/${part}`);
    const parts = ['runner_end', 'own_memory', 'layout', 'ring', 'bell'].map((part) => `channel/${part}`);
    const sources = [...own, ...parts].map((part) => join(root, 'native', `${part}.cc`));
    const includes = ['include', 'native', 'native/test'].map((name) => `-I${join(root, name)}`);
    execFileSync('c++', ['-std=c++17', '-O1', ...includes, ...sources, '-o', program, '-pthread']);
    files.set('hostile_runner', program);
  }
  return program;
}

export interface Output {
  readonly stdout: string[];
  readonly stderr: string[];
  readonly exits: RunnerExit[];
}

export type Started = Output & { readonly runner: RunnerProcess };

let transport: RunnerSettings['transport'] = withAddon ? 'shared-memory' : 'pipe';

/** Sets the transport of all later runners, unless the settings of a test have another. */
export function useTransport(name: RunnerSettings['transport']): void {
  transport = name;
}

export function settingsFor(file: string, more: Partial<RunnerSettings> = {}): RunnerSettings {
  const { tally = newTally(), ...settings } = more;
  return {
    file,
    shown: file,
    plugin: basename(file, '.so'),
    abi: '1.0.0',
    generation: 1,
    profile: 'balanced',
    transport,
    timeout: undefined,
    startTimeout: 30_000,
    maxInFlight: 1024,
    whenFull: 'fail',
    queue: DEFAULT_QUEUE,
    limits: {},
    env: {},
    cwd: undefined,
    tally,
    ...settings,
  };
}

/** Starts a runner that is stopped when the test ends. */
export async function start(
  file: string,
  more: Partial<RunnerSettings> = {},
  listen: (line: string) => void = () => undefined,
): Promise<Started> {
  const output: Output = { stdout: [], stderr: [], exits: [] };
  const runner = await RunnerProcess.start(settingsFor(file, more), {
    stdout: (line) => {
      output.stdout.push(line);
      listen(line);
    },
    stderr: (line) => output.stderr.push(line),
    exit: (report) => output.exits.push(report),
  });
  started.add(runner);
  return { ...output, runner };
}

export interface Actor extends Started {
  readonly tier: TierInstance;
  readonly act: TierBinding;
  readonly events: Buffer[];
  readonly logs: { level: LogLevel; message: string }[];
  /** Calls with a string and returns the result as a string. */
  say(command: string): string;
}

/** Starts a runner and creates one instance in it. */
export async function actor(
  file: string,
  more: Partial<RunnerSettings> = {},
  config = '',
  listen?: (line: string) => void,
): Promise<Actor> {
  const begun = await start(file, more, listen);
  return { ...begun, ...(await instance(begun.runner, config)) };
}

/** Creates an instance in a runner. */
export async function instance(
  runner: RunnerProcess,
  config = '',
): Promise<Pick<Actor, 'tier' | 'act' | 'events' | 'logs' | 'say'>> {
  const events: Buffer[] = [];
  const logs: { level: LogLevel; message: string }[] = [];
  const tier = await runner.create(Buffer.from(config), {
    message: (data) => events.push(data),
    log: (entry) => logs.push(entry),
  });
  const act = tier.bind(SOMETHING);
  const say = (command: string) => act.callSync(Buffer.from(command)).toString();
  return { tier, act, events, logs, say };
}

/** Returns the number of open file descriptors of a process. */
export function openFiles(pid: number | 'self' = 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Returns whether a process exists and is not a zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Returns the reason with which a promise is rejected. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

/** Returns the error that a call throws. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}
