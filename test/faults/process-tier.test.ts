/**
 * The fault corpus in the process tier. A fault that ends the host process in the inline tier is an error
 * here. All other faults have the same error as in the inline tier.
 */
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Instance, LoadOptions, Plugin, PluginHost, TenonError } from '../../src/index.js';
import { faultFile, pluginFile, temporaryFolder } from '../support/index.js';
import { compiled, FIXTURE, hasProcesses, openHost } from '../support/processes.js';
import { sanitizable } from '../support/sanitized.js';
import { callFault, confinement, expectToWork, refusal } from './support.js';
import { type FaultRow, faultsToTest } from './table.js';

const table = faultsToTest();
const INPUT = Buffer.from('some input');
/** The timeout of calls that never return, in milliseconds. */
const TIMEOUT = 200;
const UNTOUCHED = 5000;

/** The time from each fault to its error. The run prints these times and does not check them. */
const times: [name: string, ms: number][] = [];
afterAll(() => {
  if (times.length === 0) return;
  const lines = times.map(([name, ms]) => `  ${name.padEnd(28)}${ms.toFixed(1).padStart(8)} ms`);
  console.log(`from the fault to the error (hangs: timeout ${TIMEOUT} ms)\n${lines.join('\n')}`);
});

async function timed(name: string, action: () => unknown): Promise<TenonError> {
  const start = performance.now();
  const error = await refusal(action);
  times.push([name, performance.now() - start]);
  expect(performance.now() - start).toBeLessThan(UNTOUCHED);
  return error;
}

const loadFault = (
  host: PluginHost,
  { library, death }: FaultRow,
  options: LoadOptions = {},
): Promise<Plugin> =>
  host.load(faultFile(library), {
    isolation: 'process',
    grace: 100,
    ...confinement(),
    ...(death === 'hangs' ? { timeout: TIMEOUT } : {}),
    ...options,
  });

/** Checks that other plugins work in the inline tier and in the process tier. */
async function expectHostToWork(host: PluginHost): Promise<void> {
  await expectToWork(host);
  const plugin = await host.load(pluginFile('wordcount'), { isolation: 'process' });
  const instance = await plugin.new();
  const result = await instance.call(Buffer.from('one two\nthree\n'));
  await plugin.close();
  expect([0, 8, 16].map((offset) => Number(result.readBigUInt64LE(offset)))).toEqual([2, 3, 14]);
}

function expectIsolatedError(error: TenonError, row: FaultRow): void {
  const { code, message, status } = error;
  const { isolated, mentions = '', death } = row;
  expect({ code, message, status }).toMatchObject({
    code: isolated,
    message: expect.stringContaining(death === undefined ? mentions : ''),
    ...(row.status === undefined ? {} : { status: row.status }),
  });
  expect(error.plugin).toBe(row.library);
  if (death === undefined || death === 'hangs') return;
  if ('signal' in death) {
    expect(error.signal).toBe(death.signal);
    expect(message).toContain(death.signal);
  } else {
    expect(error.signal).toBeUndefined();
    expect(message).toContain(`exited with ${death.exit}`);
  }
}

const running = (plugin: Plugin) => vi.waitFor(() => expect(plugin.state).toBe('running'));

describe.runIf(hasProcesses)('a failing `new` is the same error as inline', () => {
  test.each(table.filter(({ where }) => where === 'new'))('$library, which $what', async (row) => {
    const host = openHost();
    const plugin = await loadFault(host, row);
    expectIsolatedError(await refusal(() => plugin.new()), row);
    expect(plugin.state).toBe('running');
    await expectHostToWork(host);
  });
});

describe.runIf(hasProcesses)('a failing call is the same error as inline', () => {
  const rows = table.filter(({ where, code }) => where === 'call' && code !== null);
  test.each(rows)('$library, which $what', async (row) => {
    const host = openHost();
    const plugin = await loadFault(host, row);
    const instance = await plugin.new();
    const call = () =>
      row.slot === undefined ? instance.call(INPUT) : instance.method('codec/1', row.slot).call(INPUT);
    expectIsolatedError(await refusal(call), row);
    if (row.next !== undefined) expect((await refusal(call)).code).toBe(row.next);
    const other = await plugin.new();
    expectIsolatedError(await refusal(() => callFault(other, row, INPUT)), row);
    expect(plugin.state).toBe('running');
    await expectHostToWork(host);
  });
});

describe.runIf(hasProcesses)('a fault that raises no error leaves the host and the process working', () => {
  const rows = table.filter(({ where, code }) => (where === 'call' || where === 'close') && code === null);
  test.each(rows)('$library, which $what', async (row) => {
    const host = openHost();
    const plugin = await loadFault(host, row);
    const instance = await plugin.new();
    await instance.call(INPUT);
    await instance.close();
    await (await plugin.new()).close();
    expect(plugin.state).toBe('running');
    await expectHostToWork(host);
  });
});

const inCall = (row: FaultRow) =>
  row.where === 'process' &&
  row.death !== undefined &&
  !['process-in-new', 'process-in-drop', 'second-load-aborts'].includes(row.library);

describe.runIf(hasProcesses)(
  'a fault that ends the process is an error of its call, and the plugin restarts',
  () => {
    const deadly = table.filter(inCall);

    /** Makes the calls that precede the one that ends the process. */
    const warmUp = async ({ library }: FaultRow, instance: Instance) => {
      if (library === 'second-call-segfaults') expect(String(await instance.call(INPUT))).toBe('some input');
    };

    test.each(sanitizable(deadly, ({ library }) => library))('$library, which $what', async (row) => {
      const host = openHost();
      const plugin = await loadFault(host, row);
      const exits: number[] = [];
      plugin.on('exit', ({ generation }) => exits.push(generation));
      const instance = await plugin.new();
      await warmUp(row, instance);
      expectIsolatedError(await timed(row.library, () => instance.call(INPUT)), row);
      // After a timeout, the end of the process is noticed later than the error.
      await vi.waitFor(() => expect(exits).toEqual([1]));
      await running(plugin);
      await expectHostToWork(host);
      // The same instance in the next generation, with a blocking call.
      await warmUp(row, instance);
      expectIsolatedError(await timed(`${row.library}, sync`, () => instance.callSync(INPUT)), row);
      await vi.waitFor(() => expect(exits).toEqual([1, 2]));
      await running(plugin);
      await (await plugin.new()).close();
    });
  },
);

describe.runIf(hasProcesses)(
  'a plugin that crashes on one input answers the next input after a restart',
  () => {
    const ways = [
      ['s', 'SIGSEGV'],
      ['o', 'SIGSEGV'],
      ['a', 'SIGABRT'],
      ['i', 'SIGILL'],
      ['d', 'SIGFPE'],
      ['t', 'SIGSEGV'],
      ['k', 'SIGKILL'],
      ['x', undefined],
      ['_', undefined],
    ] as const;

    test.each(ways)('crash %s, signal %s', async (how, signal) => {
      const host = openHost();
      const plugin = await host.load(compiled(FIXTURE), { isolation: 'process', whenDown: 'wait' });
      const instance = await plugin.new();
      const error = await timed(`input d${how}`, () => instance.call(Buffer.from(`d${how}`)));
      expect(error).toMatchObject({ code: 'ERR_TENON_CRASHED', plugin: 'fixture' });
      expect(error.signal).toBe(signal);
      expect(String(await instance.call(Buffer.from('eright')))).toBe('right');
      expect(String(instance.callSync(Buffer.from('eonce more')))).toBe('once more');
      expect(plugin.state).toBe('running');
    });

    test.each(['h', 'c'])('hang %s, ended by the timeout of the call', async (how) => {
      const host = openHost();
      const file = compiled(FIXTURE);
      const plugin = await host.load(file, { isolation: 'process', whenDown: 'wait' });
      const instance = await plugin.new();
      const hang = () => instance.call(Buffer.from(`d${how}`), { timeout: TIMEOUT });
      const error = await timed(`input d${how}`, hang);
      expect(error.code).toBe('ERR_TENON_TIMEOUT');
      expect(String(await instance.call(Buffer.from('eright')))).toBe('right');
    });
  },
);

describe.runIf(hasProcesses)('a crash outside of calls', () => {
  const find = (library: string): FaultRow => {
    const row = table.find((one) => one.library === library);
    if (row === undefined) throw new Error(`${library} is not in the table`);
    return row;
  };

  test('process-in-new: creating the instance fails, and the plugin restarts', async () => {
    const host = openHost();
    const row = find('process-in-new');
    const plugin = await loadFault(host, row);
    expectIsolatedError(await timed(row.library, () => plugin.new()), row);
    await running(plugin);
    expectIsolatedError(await refusal(() => plugin.new()), row);
    await expectHostToWork(host);
  });

  test('process-in-drop: close succeeds, the crash is reported, and the plugin restarts', async () => {
    const host = openHost();
    const row = find('process-in-drop');
    const plugin = await loadFault(host, row);
    const exit = vi.fn();
    plugin.on('exit', exit);
    const instance = await plugin.new();
    expect(await instance.call(INPUT)).toEqual(INPUT);
    await instance.close();
    await vi.waitFor(() => expect(exit).toHaveBeenCalledOnce());
    expect(exit.mock.calls[0]?.[0]).toMatchObject({ signal: 'SIGSEGV', call: { stage: 'drop' } });
    await running(plugin);
    expect(await (await plugin.new()).call(INPUT)).toEqual(INPUT);
    await expectHostToWork(host);
  });

  test('second-load-aborts: it is refused although it passed the probe', async () => {
    const counter = join(temporaryFolder(), 'counter');
    vi.stubEnv('TENON_FAULT_COUNTER', counter);
    onTestFinished(() => void vi.unstubAllEnvs());
    const host = openHost();
    const row = find('second-load-aborts');
    // It counts its loads in a file, which a sandbox forbids.
    const options: LoadOptions = { env: ['TENON_FAULT_COUNTER'], sandbox: false };
    const error = await timed(row.library, () => loadFault(host, row, options));
    expectIsolatedError(error, row);
    await expectHostToWork(host);
  });
});

// The host process never opens the file. With the probe mode 'never', the process of the plugin opens it
// first.
describe.runIf(hasProcesses)(
  'a plugin that is refused in the inline tier is refused with the same error and gate',
  () => {
    test.each(table.filter(({ where }) => where === 'load'))('$library, which $what', async (row) => {
      const host = openHost({ probe: { mode: 'never', timeout: 1000 } });
      const error = await refusal(() => loadFault(host, row));
      expect(error).toMatchObject({ code: row.code, gate: row.gate });
      expect(error.message).toContain(row.mentions ?? '');
      await expectHostToWork(host);
    });
  },
);

test.runIf(!hasProcesses)('without the runner the process tier is unsupported', async () => {
  const host = openHost();
  expect(host.capabilities.isolation).not.toContain('process');
  const error = await refusal(() => host.load(pluginFile('wordcount'), { isolation: 'process' }));
  expect(error.code).toBe('ERR_TENON_UNSUPPORTED');
});
