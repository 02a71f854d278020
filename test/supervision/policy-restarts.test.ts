/** Restarts of a supervisor, failed starts and stops. The processes have no plugins. */
import { describe, expect, test, vi } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { call, crashed, FAST, newInstance, supervise, until } from './supervised-puppet.js';

describe('the budget of restarts', () => {
  test('is used up by crashes; then the plugin has failed permanently, with all reasons', async () => {
    const { supervisor, states } = supervise({ restart: { max: 2, backoff: FAST }, whenDown: 'wait' });
    await supervisor.start();
    const instance = await newInstance(supervisor, 'blue');
    for (const text of ['segv', 'exit', 'segv'])
      await expect(call(instance, text)).rejects.toMatchObject(crashed);
    await until(supervisor, 'failed');
    expect(supervisor.reasons.map(({ signal }) => signal)).toEqual(['SIGSEGV', undefined, 'SIGSEGV']);
    const final = {
      ...crashed,
      message: expect.stringMatching(
        /crashed too often.*\(1\).*SIGSEGV.*\(2\).*exited with 0.*\(3\).*SIGSEGV/,
      ),
    };
    await expect(call(instance, 'x')).rejects.toMatchObject(final);
    await expect(newInstance(supervisor, '')).rejects.toMatchObject(final);
    await expect(supervisor.ready()).rejects.toMatchObject(final);
    expect(supervisor.pid).toBeUndefined();
    await new Promise(process.nextTick);
    expect(states.slice(-3)).toEqual(['running', 'crashed', 'failed']);
  });

  test('is reset by an explicit restart, which the instances survive', async () => {
    const { supervisor } = supervise({ restart: { max: 0 } });
    await supervisor.start();
    const instance = await newInstance(supervisor, 'blue');
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    await until(supervisor, 'failed');
    await supervisor.restart();
    expect(supervisor.reasons).toEqual([]);
    expect(await call(instance, 'x')).toBe('2:blue:x');
    await supervisor.restart();
    expect(await call(instance, 'x')).toBe('3:blue:x');
  });

  test('does not count crashes before a healthy period', async () => {
    const { supervisor } = supervise({ restart: { max: 1, healthyAfter: 1, backoff: FAST } });
    await supervisor.start();
    const instance = await newInstance(supervisor, 'blue');
    for (let i = 1; i <= 4; i++) {
      await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
      await supervisor.ready();
      expect(await call(instance, 'x')).toBe(`${i + 1}:blue:x`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  test('is not used by instances whose recreation crashes, which have budgets of their own', async () => {
    const { supervisor } = supervise({ restart: { max: 3, backoff: FAST }, whenDown: 'wait' });
    await supervisor.start();
    const instance = await newInstance(supervisor, 'crash-later');
    const good = await newInstance(supervisor, 'good');
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    await expect(call(instance, 'x')).rejects.toMatchObject({
      ...crashed,
      message: expect.stringMatching(/could not be made again \(tried 4 times\).*not tried again.*SIGABRT/),
    });
    expect(supervisor.reasons).toHaveLength(1);
    expect(await call(good, 'x')).toBe('6:good:x');
  });

  test('with restart: false the first crash is final', async () => {
    const { supervisor } = supervise({ restart: false });
    await supervisor.start();
    await expect(call(await newInstance(supervisor, ''), 'exit')).rejects.toMatchObject(crashed);
    await until(supervisor, 'failed');
  });
});

describe('a failed start', () => {
  const refusal = new TenonError('ERR_TENON_BAD_VTABLE', 'The slot something is NULL.');

  test('is final if it is the first, with its original error', async () => {
    const { supervisor, states } = supervise({}, { beforeStart: () => Promise.reject(refusal) });
    await expect(supervisor.start()).rejects.toBe(refusal);
    await new Promise(process.nextTick);
    expect(states).toEqual(['stopped', 'starting', 'crashed', 'failed']);
    expect(supervisor.reasons).toEqual([refusal]);
  });

  test('is an ordinary crash if it is not the first', async () => {
    const beforeStart = async (generation: number) => {
      if (generation === 2) throw refusal;
    };
    const { supervisor } = supervise({ restart: { backoff: FAST }, whenDown: 'wait' }, { beforeStart });
    await supervisor.start();
    const instance = await newInstance(supervisor, 'blue');
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    expect(await call(instance, 'x')).toBe('3:blue:x');
    expect(supervisor.reasons.map(({ code }) => code)).toEqual(['ERR_TENON_CRASHED', 'ERR_TENON_BAD_VTABLE']);
  });

  test('with a foreign error is reported as a crash', async () => {
    const { supervisor } = supervise({}, { beforeStart: () => Promise.reject(new Error('no memory')) });
    await expect(supervisor.start()).rejects.toMatchObject({
      code: 'ERR_TENON_CRASHED',
      message: 'Cannot start a process for puppet: no memory',
    });
  });
});

describe('stop ends in stopped', () => {
  test('from running, once, and calls fail as closed', async () => {
    const { supervisor } = supervise();
    const exits = vi.fn();
    supervisor.on('exit', exits);
    await supervisor.start();
    const instance = await newInstance(supervisor, '');
    await Promise.all([supervisor.stop(), supervisor.stop()]);
    await supervisor.stop();
    expect(supervisor.state).toBe('stopped');
    await expect(call(instance, 'x')).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
    await new Promise(process.nextTick);
    expect(exits.mock.calls.map(([report]) => [report.reason, report.crashed])).toEqual([['stopped', false]]);
  });

  test('from starting: the started process is stopped', async () => {
    const { supervisor, states } = supervise();
    const starting = expect(supervisor.start()).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
    await supervisor.stop();
    await starting;
    await new Promise(process.nextTick);
    expect(states).toEqual(['stopped', 'starting', 'stopping', 'stopped']);
  });

  test('from backing-off: no process is started after that', async () => {
    const { supervisor } = supervise({ restart: { backoff: { initial: 60_000, max: 60_000 } } });
    await supervisor.start();
    const instance = await newInstance(supervisor, '');
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    await supervisor.ready();
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    await until(supervisor, 'backing-off');
    await supervisor.stop();
    expect([supervisor.state, supervisor.generation]).toEqual(['stopped', 2]);
  });

  test('from failed, and an explicit restart works from there', async () => {
    const { supervisor } = supervise({ restart: false });
    await supervisor.start();
    const instance = await newInstance(supervisor, 'blue');
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    await until(supervisor, 'failed');
    await supervisor.stop();
    expect(supervisor.state).toBe('stopped');
    await supervisor.restart();
    expect(await call(instance, 'x')).toBe('2:blue:x');
  });

  test('even during an explicit restart', async () => {
    const { supervisor } = supervise();
    await supervisor.start();
    const restarting = expect(supervisor.restart()).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
    await supervisor.stop();
    await restarting;
    expect([supervisor.state, supervisor.generation]).toEqual(['stopped', 1]);
  });
});
