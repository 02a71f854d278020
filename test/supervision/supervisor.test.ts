/** A supervisor with real plugins in separate processes. Most of the plugins crash. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { Batch } from '../../src/base/batch.js';
import { SOMETHING } from '../../src/tiers/tier.js';
import { faultFile, withRunner } from '../support/index.js';
import { sanitizable } from '../support/sanitized.js';
import { call, delivered, FAST, INPUT, isThere, newInstance, supervise, until } from './supervised-plugin.js';

/** Faults that end the process in a call, with the signal and the description of each. */
const DEATHS: [fault: string, signal: NodeJS.Signals | undefined, how: RegExp][] = [
  ['process-segfault', 'SIGSEGV', /was ended by SIGSEGV/],
  ['process-abort', 'SIGABRT', /was ended by SIGABRT/],
  ['process-illegal', 'SIGILL', /was ended by SIGILL/],
  ['process-divide', 'SIGFPE', /was ended by SIGFPE/],
  ['process-stack', 'SIGSEGV', /was ended by SIGSEGV/],
  ['process-heap', 'SIGABRT', /was ended by SIGABRT/],
  ['process-exit', undefined, /exited with 0 during a call: a plugin must never exit/],
  ['process-exit-now', undefined, /exited with 3 during a call/],
];

describe.runIf(withRunner)('a plugin that ends its process in a call', () => {
  test.each(sanitizable(DEATHS, ([fault]) => fault))(
    '%s: a typed error with a report, and the next generation runs',
    async (fault, signal, how) => {
      const { supervisor, states, reports } = await supervise(fault);
      const instance = await newInstance(supervisor);
      const error = await call(instance).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'ERR_TENON_CRASHED',
        plugin: fault,
        path: faultFile(fault),
        message: expect.stringMatching(how),
        report: {
          generation: 1,
          call: {
            method: 'something',
            stage: 'call',
            inputSize: INPUT.length,
            inputDigest: createHash('sha256').update(INPUT).digest('hex'),
            message: null,
          },
        },
      });
      expect((error as { signal?: string }).signal).toBe(signal);
      await supervisor.ready();
      expect(supervisor.generation).toBe(2);
      await expect(call(instance)).rejects.toMatchObject({
        code: 'ERR_TENON_CRASHED',
        report: { generation: 2 },
      });
      await supervisor.stop();
      await delivered();
      const round = ['starting', 'running', 'crashed', 'backing-off'];
      expect(states.slice(0, 9)).toEqual(['stopped', ...round, ...round]);
      expect(reports[0]).toMatchObject({ generation: 1, crashed: true });
    },
  );

  test.each(sanitizable(DEATHS, ([fault]) => fault))(
    '%s: the same for a blocking call',
    async (fault, signal, how) => {
      const { supervisor } = await supervise(fault);
      const binding = (await newInstance(supervisor)).bind(SOMETHING);
      let error: unknown;
      try {
        binding.callSync(INPUT);
      } catch (reason) {
        error = reason;
      }
      expect(error).toMatchObject({
        code: 'ERR_TENON_CRASHED',
        message: expect.stringMatching(how),
        report: { generation: 1, call: { method: 'something' } },
      });
      expect((error as { signal?: string }).signal).toBe(signal);
      await supervisor.ready();
      expect(supervisor.generation).toBe(2);
    },
  );

  test('the report of a segfault names the function and the address', async () => {
    const { supervisor, reports } = await supervise('process-segfault');
    const error = await call(await newInstance(supervisor)).catch((reason: unknown) => reason);
    await delivered();
    const [report] = reports;
    expect(report?.fault).toMatchObject({ mainThread: true, address: expect.any(BigInt) });
    expect(report?.fault?.frames[0]).toMatchObject({ function: 'call' });
    expect(String(error)).toMatch(
      /in something \(call 1, 10 bytes of input\), at call\+0x[0-9a-f]+ \(0x[0-9a-f]+\)(, \S+:\d+)?, address 0x/,
    );
    expect(report?.uptimeMs).toBeGreaterThan(0);
    expect(() => JSON.stringify(report)).not.toThrow();
  });

  test('the report of an endless recursion says so', async () => {
    const { supervisor, reports } = await supervise('process-stack');
    await expect(call(await newInstance(supervisor))).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
    await delivered();
    expect(reports[0]?.fault?.meaning).toMatch(/a stack overflow/);
  });

  test('a call that never returns is killed at its timeout, and the next generation runs', async () => {
    const { supervisor, reports } = await supervise('process-hang', undefined, {
      settings: { timeout: 100 },
    });
    const instance = await newInstance(supervisor);
    await expect(call(instance)).rejects.toMatchObject({ code: 'ERR_TENON_TIMEOUT' });
    await until(() => expect(supervisor.generation).toBe(2));
    await supervisor.ready();
    expect(() => instance.bind(SOMETHING).callSync(INPUT)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_TIMEOUT' }),
    );
    await until(() => expect(reports.length).toBe(2));
    expect(reports.map(({ reason }) => reason)).toEqual(['timeout', 'timeout']);
    expect(reports[0]?.summary).toMatch(/was killed because it did not return in time, in something/);
  });
});

describe.runIf(withRunner)('a plugin that crashes in its second call', () => {
  test('answers in each generation, and its instances and bindings stay valid', async () => {
    const { supervisor } = await supervise('second-call-segfaults', undefined, {
      restart: { max: 10, backoff: FAST },
      whenDown: 'wait',
    });
    const binding = (await newInstance(supervisor)).bind(SOMETHING);
    for (let generation = 1; generation <= 4; generation++) {
      expect(String(await binding.call(INPUT))).toBe('some input');
      await expect(binding.call(INPUT)).rejects.toMatchObject({
        code: 'ERR_TENON_CRASHED',
        signal: 'SIGSEGV',
        report: { generation },
      });
    }
  });

  test('fails permanently when the budget is used up, with all reasons', async () => {
    const { supervisor, states } = await supervise('second-call-segfaults', undefined, {
      restart: { max: 2, backoff: FAST },
      whenDown: 'wait',
    });
    const instance = await newInstance(supervisor);
    for (let generation = 1; generation <= 3; generation++) {
      await call(instance);
      await expect(call(instance)).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
    }
    await expect(call(instance)).rejects.toMatchObject({
      code: 'ERR_TENON_CRASHED',
      message: expect.stringMatching(/crashed too often.*\(1\).*\(2\).*\(3\)/),
    });
    expect(supervisor.reasons.map(({ signal }) => signal)).toEqual(['SIGSEGV', 'SIGSEGV', 'SIGSEGV']);
    await delivered();
    expect(states.at(-1)).toBe('failed');
    await supervisor.restart();
    expect(String(await call(instance))).toBe('some input');
  });

  test('fails all messages of a batch, and reports the one that crashed', async () => {
    const { supervisor } = await supervise('second-call-segfaults');
    const binding = (await newInstance(supervisor)).bind(SOMETHING);
    const batch = Batch.of([INPUT, INPUT, INPUT]);
    await expect(binding.callMany(batch)).rejects.toMatchObject({
      code: 'ERR_TENON_CRASHED',
      report: { call: { message: 1 } },
    });
    await supervisor.ready();
    await until(() =>
      expect(() => binding.callManySync(batch)).toThrow(
        expect.objectContaining({ report: expect.objectContaining({ generation: 2 }) }),
      ),
    );
  });
});

test.runIf(withRunner)('invalid inputs are refused by name, even while no process runs', async () => {
  const { supervisor } = await supervise('process-segfault', undefined, { whenDown: 'wait' });
  const binding = (await newInstance(supervisor)).bind(SOMETHING);
  const testInvalid = async () => {
    const timeout = { timeout: -1 };
    await expect(binding.call('text' as never)).rejects.toMatchObject({ argument: 'input' });
    await expect(binding.callMany('text' as never)).rejects.toMatchObject({ argument: 'batch' });
    await expect(binding.call(INPUT, timeout)).rejects.toMatchObject({ argument: 'timeout' });
  };
  await testInvalid();
  await expect(binding.call(INPUT)).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
  await testInvalid();
});

test.runIf(withRunner)('30 crashes in a row leave no process and no open file', async () => {
  const files = () => readdirSync('/proc/self/fd').length;
  const { supervisor, pids } = await supervise('process-segfault', undefined, {
    restart: { max: 100, backoff: FAST },
    whenDown: 'wait',
  });
  const instance = await newInstance(supervisor);
  await expect(call(instance)).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
  await supervisor.ready();
  const before = files();
  for (let i = 0; i < 30; i++)
    await expect(call(instance)).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
  await supervisor.ready();
  await until(() => expect(files()).toBeLessThanOrEqual(before));
  await until(() => expect([...pids].filter(isThere)).toEqual([supervisor.pid]));
  expect(pids.size).toBe(32);
});

test.runIf(withRunner)('the output of a plugin is captured, even if it crashes right after', async () => {
  const { supervisor } = await supervise('process-prints');
  const [out, err] = [vi.fn(), vi.fn()];
  supervisor.on('stdout', out).on('stderr', err);
  await call(await newInstance(supervisor));
  await until(() =>
    expect([out.mock.calls, err.mock.calls]).toEqual([
      [['process-prints on stdout']],
      [['process-prints on stderr']],
    ]),
  );
});

test.runIf(withRunner)('a crash in new or in drop is reported like one in a call', async () => {
  const inNew = await supervise('process-in-new', undefined, { restart: false });
  await expect(newInstance(inNew.supervisor)).rejects.toMatchObject({
    code: 'ERR_TENON_CRASHED',
    signal: 'SIGSEGV',
    report: { call: { stage: 'new' } },
  });
  const inDrop = await supervise('process-in-drop', undefined, { restart: false });
  await (await newInstance(inDrop.supervisor)).close();
  await until(() => expect(inDrop.supervisor.state).toBe('failed'));
  await delivered();
  expect(inDrop.reports[0]).toMatchObject({ signal: 'SIGSEGV', call: { stage: 'drop' } });
});
