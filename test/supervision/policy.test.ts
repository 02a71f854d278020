/** The reactions of a supervisor to crashes, and calls while no process runs. The processes have no plugins. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SupervisorOptions } from '../../src/supervision/supervisor.js';
import { SOMETHING } from '../../src/tiers/tier.js';
import { call, crashed, NO_EVENTS, newInstance, supervise, until } from './supervised-puppet.js';

describe('a crash', () => {
  test('rejects the call with the signal and the report, and the next generation answers', async () => {
    const { supervisor, states } = supervise();
    await supervisor.start();
    const instance = await newInstance(supervisor, 'blue');
    expect(await call(instance, 'hello')).toBe('1:blue:hello');
    const first = supervisor.pid;
    await expect(call(instance, 'segv')).rejects.toMatchObject({
      ...crashed,
      signal: 'SIGSEGV',
      report: { generation: 1, signal: 'SIGSEGV', reason: 'crashed', pid: first, stderr: 'about to crash\n' },
    });
    await supervisor.ready();
    expect(await call(instance, 'hello')).toBe('2:blue:hello');
    expect(supervisor.generation).toBe(2);
    expect(supervisor.pid).not.toBe(first);
    await supervisor.stop();
    await new Promise(process.nextTick);
    expect(states).toEqual([
      'stopped',
      'starting',
      'running',
      'crashed',
      'backing-off',
      'starting',
      'running',
      'stopping',
      'stopped',
    ]);
  });

  test('is reported by the events exit, restart and stderr and by the diagnostics channels', async () => {
    const { supervisor } = supervise();
    const reported: unknown[] = [];
    const onCrash = (message: unknown) => reported.push(message);
    subscribe('tenon.crash', onCrash);
    subscribe('tenon.restart', onCrash);
    const [exits, restarts, lines] = [vi.fn(), vi.fn(), vi.fn()];
    supervisor.on('exit', exits).on('restart', restarts).on('stderr', lines);
    await supervisor.start();
    await expect(call(await newInstance(supervisor, ''), 'exit')).rejects.toMatchObject({
      ...crashed,
      message: expect.stringContaining('exited with 0'),
    });
    await supervisor.ready();
    await expect(call(await newInstance(supervisor, ''), 'segv')).rejects.toMatchObject(crashed);
    await supervisor.stop();
    await new Promise(process.nextTick);
    unsubscribe('tenon.crash', onCrash);
    unsubscribe('tenon.restart', onCrash);
    expect(exits.mock.calls.map(([report]) => [report.generation, report.reason, report.signal])).toEqual([
      [1, 'exited', null],
      [2, 'crashed', 'SIGSEGV'],
    ]);
    expect(restarts.mock.calls).toEqual([
      [{ generation: 2, delay: 0 }],
      [{ generation: 3, delay: expect.any(Number) }],
    ]);
    expect(lines.mock.calls).toEqual([['about to crash']]);
    expect(reported).toMatchObject([
      { report: { generation: 1 } },
      { plugin: 'puppet', generation: 2, delay: 0 },
      { report: { generation: 2 } },
      { plugin: 'puppet', generation: 3 },
    ]);
  });

  test('has its report even if that comes after the call has failed', async () => {
    const { supervisor } = supervise({}, { beforeExit: () => new Promise((done) => setTimeout(done, 30)) });
    await supervisor.start();
    const error = await call(await newInstance(supervisor, ''), 'segv').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ ...crashed, report: { generation: 1 } });
  });

  test('fails all calls in flight, and all instances are recreated with their configs', async () => {
    const { supervisor } = supervise();
    await supervisor.start();
    const logs: string[] = [];
    const events = { ...NO_EVENTS, log: ({ message }: { message: string }) => void logs.push(message) };
    const red = await newInstance(supervisor, 'red', events);
    const blue = await newInstance(supervisor, 'blue', events);
    const calls = [call(red, 'segv'), call(red, 'two'), call(blue, 'three')];
    for (const one of await Promise.allSettled(calls))
      expect(one).toMatchObject({ status: 'rejected', reason: { ...crashed, signal: 'SIGSEGV' } });
    await supervisor.ready();
    expect(await Promise.all([call(red, 'x'), call(blue, 'y')])).toEqual(['2:red:x', '2:blue:y']);
    expect(logs.sort()).toEqual([
      ...Array(2).fill('made in generation 1'),
      ...Array(2).fill('made in generation 2'),
    ]);
  });

  test('leaves bindings as they are, and closed instances closed', async () => {
    const { supervisor } = supervise();
    await supervisor.start();
    const instance = await newInstance(supervisor, 'kept');
    const closed = await newInstance(supervisor, 'closed');
    const binding = instance.bind(SOMETHING);
    expect(instance.methodCount('any/1')).toBe(1);
    expect(() => instance.bind({ kind: 'codec/1', slot: 0, name: 'encode' })).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_MISSING_KIND' }),
    );
    closed.close();
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    expect(instance.methodCount('any/1')).toBe(1);
    await supervisor.ready();
    expect(String(await binding.call(Buffer.from('again')))).toBe('2:kept:again');
    await expect(binding.call(Buffer.from('segv'))).rejects.toMatchObject(crashed);
    expect(() => closed.bind(SOMETHING)).toThrow(expect.objectContaining({ code: 'ERR_TENON_CLOSED' }));
  });

  test('an instance that cannot be recreated fails with the reason, the others still work, and the next generation tries again', async () => {
    const { supervisor } = supervise();
    await supervisor.start();
    const bad = await newInstance(supervisor, 'bad-later');
    const good = await newInstance(supervisor, 'good');
    await expect(call(good, 'segv')).rejects.toMatchObject(crashed);
    await supervisor.ready();
    for (let i = 0; i < 2; i++)
      await expect(call(bad, 'x')).rejects.toMatchObject({
        code: 'ERR_TENON_NEW_FAILED',
        message: expect.stringMatching(/could not be made again.*new failed/),
      });
    expect(() => bad.bind(SOMETHING).callSync(Buffer.from('x'))).toThrow('new failed');
    expect(await call(good, 'x')).toBe('2:good:x');
  });
});

describe('a call while no process runs', () => {
  /** Returns a supervisor whose second generation starts when `go` is called. */
  async function down(options: Partial<SupervisorOptions>) {
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { supervisor } = supervise(options, {
      beforeStart: async (generation) => (generation === 2 ? held : undefined),
    });
    onTestFinished(() => go());
    await supervisor.start();
    const instance = await newInstance(supervisor, 'blue');
    await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
    await until(supervisor, 'starting');
    return { supervisor, instance, go };
  }

  test('fails immediately by default, with the last crash', async () => {
    const { supervisor, instance } = await down({});
    const expected = {
      ...crashed,
      signal: 'SIGSEGV',
      report: { generation: 1 },
      message: expect.stringContaining('starting'),
    };
    await expect(call(instance, 'x')).rejects.toMatchObject(expected);
    await expect(newInstance(supervisor, '')).rejects.toMatchObject(expected);
    expect(() => instance.bind(SOMETHING).callSync(Buffer.from('x'))).toThrow(
      expect.objectContaining(crashed),
    );
    expect(() => supervisor.createSync(Buffer.alloc(0), NO_EVENTS)).toThrow(expect.objectContaining(crashed));
  });

  test("waits for the next generation with whenDown: 'wait'", async () => {
    const { supervisor, instance, go } = await down({ whenDown: 'wait' });
    const late = instance.bind(SOMETHING);
    const waiting = [call(instance, 'x'), newInstance(supervisor, 'new').then((made) => call(made, 'y'))];
    const bound = late.call(Buffer.from('z'));
    go();
    expect(await Promise.all(waiting)).toEqual(['2:blue:x', '2:new:y']);
    expect(String(await bound)).toBe('2:blue:z');
  });

  test('waits at most until its timeout or the abort of its signal', async () => {
    const { instance } = await down({ whenDown: 'wait', timeout: 40 });
    await expect(call(instance, 'x')).rejects.toMatchObject({ code: 'ERR_TENON_TIMEOUT', plugin: 'puppet' });
    const reason = new Error('enough');
    const controller = new AbortController();
    const waiting = call(instance, 'x', controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(call(instance, 'x', controller.signal)).rejects.toBe(reason);
  });

  test('is refused when as many calls wait as may be in flight', async () => {
    const { instance, go } = await down({ whenDown: 'wait', maxInFlight: 2 });
    const waiting = [call(instance, 'a'), call(instance, 'b')];
    await expect(call(instance, 'c')).rejects.toMatchObject({
      code: 'ERR_TENON_CALL_FAILED',
      status: 'TENON_BUSY',
    });
    go();
    expect(await Promise.all(waiting)).toEqual(['2:blue:a', '2:blue:b']);
  });

  test('fails, if it waits, when the supervisor is stopped', async () => {
    const { supervisor, instance, go } = await down({ whenDown: 'wait' });
    const waiting = call(instance, 'x');
    const stopped = supervisor.stop();
    go();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
    await stopped;
    expect(supervisor.state).toBe('stopped');
  });
});

test('a listener that throws does not disturb the supervisor', async () => {
  const { supervisor } = supervise();
  const thrown: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  supervisor.once('exit', () => {
    throw new Error('of the listener');
  });
  await supervisor.start();
  const instance = await newInstance(supervisor, 'blue');
  await expect(call(instance, 'segv')).rejects.toMatchObject(crashed);
  await supervisor.ready();
  expect(await call(instance, 'x')).toBe('2:blue:x');
  process.removeAllListeners('uncaughtException');
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(thrown).toMatchObject([{ message: 'of the listener' }]);
});
