/** A supervisor with a real plugin in a separate process. */
import { expect, onTestFinished, vi } from 'vitest';
import type { CrashReport } from '../../src/supervision/crash-report.js';
import {
  Supervisor,
  type SupervisorOptions,
  type SupervisorState,
} from '../../src/supervision/supervisor.js';
import { newTally } from '../../src/tiers/call-tally.js';
import { RunnerProcess, type RunnerSettings } from '../../src/tiers/process/runner-process.js';
import { DEFAULT_QUEUE, type InstanceEvents, SOMETHING, type TierInstance } from '../../src/tiers/tier.js';
import { faultFile, withAddon } from '../support/index.js';

export const NO_EVENTS: InstanceEvents = { message: () => undefined, log: () => undefined };
export const INPUT = Buffer.from('some input');
export const FAST = { initial: 1, max: 1, jitter: 0 };

export function settingsFor(plugin: string, file: string): Omit<RunnerSettings, 'generation'> {
  return {
    file,
    shown: file,
    plugin,
    abi: '1.0.0',
    profile: 'balanced',
    transport: withAddon ? 'shared-memory' : 'pipe',
    timeout: 10_000,
    startTimeout: 10_000,
    maxInFlight: 64,
    whenFull: 'fail',
    queue: DEFAULT_QUEUE,
    limits: {},
    env: {},
    cwd: undefined,
    tally: newTally(),
  };
}

export interface Supervised {
  readonly supervisor: Supervisor;
  readonly states: SupervisorState[];
  readonly reports: CrashReport[];
  /** The ids of all processes. */
  readonly pids: Set<number>;
}

/**
 * Starts a supervisor of a plugin. The end of the test stops it and checks that all of its processes are
 * gone.
 */
export async function supervise(
  plugin: string,
  file = faultFile(plugin),
  options: Partial<Omit<SupervisorOptions, 'tally'>> & { settings?: Partial<RunnerSettings> } = {},
): Promise<Supervised> {
  const pids = new Set<number>();
  const { settings: more, ...rest } = options;
  const settings = { ...settingsFor(plugin, file), ...more };
  const supervisor = new Supervisor(
    async (generation, handlers) => {
      const runner = await RunnerProcess.start({ ...settings, generation }, handlers);
      pids.add(runner.pid);
      return runner;
    },
    { plugin, path: file, timeout: settings.timeout, tally: settings.tally, ...rest },
  );
  const states: SupervisorState[] = [supervisor.state];
  const reports: CrashReport[] = [];
  supervisor.on('state', ({ to }) => states.push(to)).on('exit', (report) => reports.push(report));
  onTestFinished(async () => {
    await supervisor.stop();
    expect(supervisor.state).toBe('stopped');
    await until(() => expect([...pids].filter(isThere)).toEqual([]));
  });
  await supervisor.start();
  return { supervisor, states, reports, pids };
}

export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits with a long timeout, so that the result of a test does not depend on the speed of the machine. */
export const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 2 });

export const delivered = (): Promise<void> => new Promise(process.nextTick);

export const newInstance = (supervisor: Supervisor, config = ''): Promise<TierInstance> =>
  supervisor.create(Buffer.from(config), NO_EVENTS);

export const call = (instance: TierInstance, input = INPUT): Promise<Buffer> =>
  instance.bind(SOMETHING).call(input);
