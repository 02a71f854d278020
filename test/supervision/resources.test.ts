/** Starts for which the system lacks a resource. They concern no plugin and use no restart budget. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { lackError } from '../../src/base/resources.js';
import { Supervisor, type SupervisorOptions } from '../../src/supervision/supervisor.js';
import { newTally } from '../../src/tiers/call-tally.js';
import { SOMETHING } from '../../src/tiers/tier.js';
import { Puppet } from './puppet.js';

const FAST = { initial: 1, max: 1, jitter: 0 };
const lacking = { code: 'ERR_TENON_NO_RESOURCES', plugin: 'puppet' };

/** Supervises a process that cannot be started in the generations for which `lacks` returns true. */
function supervise(
  lacks: (generation: number) => boolean,
  options: Partial<Omit<SupervisorOptions, 'tally'>> = {},
): { supervisor: Supervisor; failed: unknown[] } {
  const failed: unknown[] = [];
  const beforeStart = async (generation: number): Promise<void> => {
    if (lacks(generation)) throw lackError('Cannot run puppet', 'EAGAIN', { plugin: 'puppet' });
  };
  const supervisor = new Supervisor(
    (generation, handlers) => Puppet.start(generation, handlers, { beforeStart }),
    {
      ...{ plugin: 'puppet', path: '/plugins/puppet.so', tally: newTally() },
      onFailed: (error) => failed.push(error),
      ...options,
    },
  );
  onTestFinished(() => supervisor.stop());
  return { supervisor, failed };
}

const events = { message: () => undefined, log: () => undefined };

describe('a lack of a resource', () => {
  test('is retried for as long as it lasts, without using the budget', async () => {
    const { supervisor, failed } = supervise((generation) => generation > 1 && generation < 30, {
      restart: { max: 1, backoff: FAST },
      whenDown: 'wait',
    });
    await supervisor.start();
    const act = (await supervisor.create(Buffer.from('blue'), events)).bind(SOMETHING);
    await expect(act.call(Buffer.from('segv'))).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
    expect(String(await act.call(Buffer.from('hello')))).toBe('30:blue:hello');
    expect([supervisor.state, failed]).toEqual(['running', []]);
  });

  test('is the error of calls that do not wait, with the advice', async () => {
    let lack = false;
    const { supervisor, failed } = supervise(() => lack, { restart: { max: 1, backoff: FAST } });
    await supervisor.start();
    const act = (await supervisor.create(Buffer.from('blue'), events)).bind(SOMETHING);
    lack = true;
    await expect(act.call(Buffer.from('segv'))).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
    await vi.waitFor(() => expect(supervisor.generation).toBeGreaterThan(5), { timeout: 20_000 });
    for (const message of [/no more processes or threads are allowed/, /not at fault/, /tried again/])
      await expect(act.call(Buffer.from('x'))).rejects.toMatchObject({
        ...lacking,
        message: expect.stringMatching(message),
      });
    expect(() => act.callSync(Buffer.from('x'))).toThrow(/lacks a resource/);
    lack = false;
    await vi.waitFor(() => expect(supervisor.state).toBe('running'), { timeout: 20_000 });
    expect(await act.call(Buffer.from('x'))).toBeTruthy();
    expect([supervisor.reasons.length, failed]).toEqual([1, []]);
  });

  test('at the first start is the error of its caller, and the plugin is not blamed', async () => {
    let lack = true;
    const { supervisor, failed } = supervise(() => lack);
    await expect(supervisor.start()).rejects.toMatchObject(lacking);
    expect([supervisor.state, failed]).toEqual(['failed', []]);
    lack = false;
    await supervisor.restart();
    expect(supervisor.state).toBe('running');
  });

  test('does not prevent an orderly stop', async () => {
    let lack = false;
    const { supervisor } = supervise(() => lack, { restart: { backoff: { initial: 60_000, max: 60_000 } } });
    await supervisor.start();
    const act = (await supervisor.create(Buffer.from('blue'), events)).bind(SOMETHING);
    lack = true;
    await expect(act.call(Buffer.from('segv'))).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
    await vi.waitFor(() => expect(supervisor.state).toBe('backing-off'), { timeout: 20_000 });
    await supervisor.stop();
    expect(supervisor.state).toBe('stopped');
  });
});
