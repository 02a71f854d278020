/** A supervisor with real plugins in separate processes. Most of the plugins crash. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Batch } from '../../src/base/batch.js';
import { bindKindSync, defineKind, method } from '../../src/kinds/kind.js';
import type { CrashReport } from '../../src/supervision/crash-report.js';
import {
  Supervisor,
  type SupervisorOptions,
  type SupervisorState,
} from '../../src/supervision/supervisor.js';
import { newTally } from '../../src/tiers/call-tally.js';
import { RunnerProcess, type RunnerSettings } from '../../src/tiers/process/runner-process.js';
import { DEFAULT_QUEUE, type InstanceEvents, SOMETHING, type TierInstance } from '../../src/tiers/tier.js';
import { faultFile, pluginFile, withAddon, withRunner } from '../support/index.js';
import { sanitizable } from '../support/sanitized.js';

const NO_EVENTS: InstanceEvents = { message: () => undefined, log: () => undefined };
const INPUT = Buffer.from('some input');
const FAST = { initial: 1, max: 1, jitter: 0 };

function settingsFor(plugin: string, file: string): Omit<RunnerSettings, 'generation'> {
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

interface Supervised {
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
async function supervise(
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

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits with a long timeout, so that the result of a test does not depend on the speed of the machine. */
const until = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 2 });

const delivered = (): Promise<void> => new Promise(process.nextTick);

const newInstance = (supervisor: Supervisor, config = ''): Promise<TierInstance> =>
  supervisor.create(Buffer.from(config), NO_EVENTS);

const call = (instance: TierInstance, input = INPUT): Promise<Buffer> => instance.bind(SOMETHING).call(input);

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

describe.runIf(withRunner)('queued calls of a process that crashes', () => {
  test('go to the next generation, with their original input, if calls wait', async () => {
    const { supervisor } = await supervise('second-call-segfaults', undefined, {
      settings: { maxInFlight: 1, whenFull: 'wait' },
      whenFull: 'wait',
      whenDown: 'wait',
      restart: { max: 10, backoff: FAST },
    });
    const binding = (await newInstance(supervisor)).bind(SOMETHING);
    const input = Buffer.from('one');
    const calls = [binding.call(input), binding.call(Buffer.from('two')), binding.call(input)];
    const batch = binding.callMany(Batch.of([input]));
    const refused = expect(batch).rejects.toMatchObject({
      code: 'ERR_TENON_CRASHED',
      report: { generation: 2 },
    });
    input.write('xxx');
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map((one) => (one.status === 'fulfilled' ? String(one.value) : one.reason.code))).toEqual(
      ['one', 'ERR_TENON_CRASHED', 'one'],
    );
    await refused;
  });

  test('fail like calls in flight otherwise', async () => {
    const { supervisor } = await supervise('second-call-segfaults', undefined, {
      settings: { maxInFlight: 1, whenFull: 'wait' },
      whenFull: 'wait',
    });
    const binding = (await newInstance(supervisor)).bind(SOMETHING);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => binding.call(INPUT)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'ERR_TENON_CRASHED', report: { generation: 1 } } });
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

describe.runIf(withRunner)('instances of good plugins survive crashes of their process', () => {
  /** Kills the process with SIGKILL, as the system would, and waits for the next one. */
  async function killAndWait({ supervisor }: Supervised): Promise<void> {
    const { generation } = supervisor;
    process.kill(supervisor.pid ?? 0, 'SIGKILL');
    await until(() => expect(supervisor.generation).toBe(generation + 1));
    await supervisor.ready();
  }

  test('each with its config', async () => {
    const supervised = await supervise('wordcount', pluginFile('wordcount'), { whenDown: 'wait' });
    const { supervisor } = supervised;
    const all = await newInstance(supervisor);
    const long = await newInstance(supervisor, '{"minLength":5}');
    const text = Buffer.from('a few words, some of them longer');
    const before = await Promise.all([call(all, text), call(long, text)]);
    expect(before[0].equals(before[1])).toBe(false);
    for (let round = 0; round < 3; round++) {
      await killAndWait(supervised);
      expect(await Promise.all([call(all, text), call(long, text)])).toEqual(before);
    }
    expect(supervised.reports[0]).toMatchObject({ signal: 'SIGKILL', reason: 'crashed', call: null });
  });

  test('with their events', async () => {
    const supervised = await supervise('metronome', pluginFile('metronome'));
    const events: string[] = [];
    const instance = await supervised.supervisor.create(Buffer.from('{"interval":5}'), {
      ...NO_EVENTS,
      message: (data) => events.push(String(data)),
    });
    instance.ref();
    await until(() => expect(events.length).toBeGreaterThan(2));
    await killAndWait(supervised);
    const seen = events.length;
    await until(() => expect(events.length).toBeGreaterThan(seen + 2));
    await instance.close();
  });

  test('with their typed methods, whose memory stays the same', async () => {
    const math = defineKind({
      name: 'math',
      version: '1.0.0',
      methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
    });
    const supervised = await supervise('math', pluginFile('math'));
    const instance = await newInstance(supervised.supervisor);
    const api = bindKindSync(math, instance, null);
    expect(api.min({ a: 3, b: -4 })).toEqual({ result: -4 });
    for (let round = 0; round < 3; round++) {
      process.kill(supervised.supervisor.pid ?? 0, 'SIGKILL');
      // Without a pause, so that the next process cannot become ready in between.
      const untilItFails = () => {
        for (;;) api.min({ a: 1, b: 2 });
      };
      expect(untilItFails).toThrow(expect.objectContaining({ code: 'ERR_TENON_CRASHED' }));
      await until(() => expect(api.min({ a: 7, b: 5 + round })).toEqual({ result: 5 + round }));
    }
  });
});
