/** A supervisor of processes without plugins, for tests of its reactions. */
import { expect, onTestFinished, vi } from 'vitest';
import type { SupervisorState } from '../../src/supervision/states.js';
import { Supervisor, type SupervisorOptions } from '../../src/supervision/supervisor.js';
import { newTally } from '../../src/tiers/call-tally.js';
import { type InstanceEvents, SOMETHING, type TierInstance } from '../../src/tiers/tier.js';
import { Puppet, type PuppetOptions, started } from './puppet.js';

export const NO_EVENTS: InstanceEvents = { message: () => undefined, log: () => undefined };
export const FAST = { initial: 1, max: 1, jitter: 0 };

export interface Watched {
  readonly supervisor: Supervisor;
  readonly states: SupervisorState[];
}

export function supervise(
  options: Partial<Omit<SupervisorOptions, 'tally'>> = {},
  puppet: PuppetOptions = {},
): Watched {
  const supervisor = new Supervisor((generation, handlers) => Puppet.start(generation, handlers, puppet), {
    plugin: 'puppet',
    path: '/plugins/puppet.so',
    tally: newTally(),
    ...options,
  });
  const states: SupervisorState[] = [supervisor.state];
  supervisor.on('state', ({ from, to }) => {
    expect(states.at(-1)).toBe(from);
    states.push(to);
  });
  onTestFinished(async () => {
    await supervisor.stop();
    await vi.waitFor(() => expect(started.filter(isAlive)).toEqual([]), { timeout: 20_000, interval: 2 });
  });
  return { supervisor, states };
}

export const newInstance = (
  supervisor: Supervisor,
  config: string,
  events = NO_EVENTS,
): Promise<TierInstance> => supervisor.create(Buffer.from(config), events);

export async function call(instance: TierInstance, text: string, signal?: AbortSignal): Promise<string> {
  return String(await instance.bind(SOMETHING).call(Buffer.from(text), signal && { signal }));
}

export const until = (supervisor: Supervisor, state: SupervisorState): Promise<void> =>
  vi.waitFor(() => expect(supervisor.state).toBe(state), { timeout: 20_000, interval: 2 });

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const crashed = { code: 'ERR_TENON_CRASHED', plugin: 'puppet' };
