/** Plugins in processes of their own, for the tests of that tier. */
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

/** The tier is for Linux; without the addon it works over a pipe. */
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

/** Misbehaves as the first byte of its input says. */
export const fixture = (): string => built('fixture', 'native/test/fixture.c');
export const puppet = (): string => built('puppet', 'test/tiers/fixtures/puppet.c');
/** Prints as many lines as it is told. */
export const printer = (): string => built('printer', 'test/tiers/fixtures/printer.c');
/** Runs programs and threads that outlive what they should not. */
export const parent = (): string => built('parent', 'test/tiers/fixtures/parent.c');

/** A program in the place of the runner that knows the channel. */
export function double(source: string): string {
  const name = basename(source, '.cc');
  let program = files.get(name);
  if (program === undefined) {
    program = join(folder, name);
    const parts = ['channel/runner_end', 'channel/layout', 'channel/ring', 'channel/bell'].map((part) =>
      join(root, 'native', `${part}.cc`),
    );
    const includes = [`-I${join(root, 'include')}`, `-I${join(root, 'native')}`];
    execFileSync('c++', [
      '-std=c++17',
      '-O1',
      ...includes,
      join(root, source),
      ...parts,
      '-o',
      program,
      '-pthread',
    ]);
    files.set(name, program);
  }
  return program;
}

export interface Said {
  readonly stdout: string[];
  readonly stderr: string[];
  readonly exits: RunnerExit[];
}

export type Started = Said & { readonly runner: RunnerProcess };

let transport: RunnerSettings['transport'] = withAddon ? 'shared-memory' : 'pipe';

/** From here on, unless a test says otherwise. */
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

/** A runner that is stopped when the test ends. */
export async function start(
  file: string,
  more: Partial<RunnerSettings> = {},
  listen: (line: string) => void = () => undefined,
): Promise<Started> {
  const said: Said = { stdout: [], stderr: [], exits: [] };
  const runner = await RunnerProcess.start(settingsFor(file, more), {
    stdout: (line) => {
      said.stdout.push(line);
      listen(line);
    },
    stderr: (line) => said.stderr.push(line),
    exit: (report) => said.exits.push(report),
  });
  started.add(runner);
  return { ...said, runner };
}

export interface Actor extends Started {
  readonly tier: TierInstance;
  readonly act: TierBinding;
  readonly events: Buffer[];
  readonly logs: { level: LogLevel; message: string }[];
  /** Calls with text, returns text. */
  say(command: string): string;
}

/** An instance in a runner of its own. */
export async function actor(
  file: string,
  more: Partial<RunnerSettings> = {},
  config = '',
  listen?: (line: string) => void,
): Promise<Actor> {
  const begun = await start(file, more, listen);
  return { ...begun, ...(await instance(begun.runner, config)) };
}

/** An instance of a runner. */
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

/** Files of a process, by what they are. */
export function openFiles(pid: number | 'self' = 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Whether a process is there and not a zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** How a promise failed. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** How a call failed. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}
