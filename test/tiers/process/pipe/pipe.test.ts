/** The process tier over a pipe: the tests of shared memory, and the differences. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PluginHost } from '../../../../src/index.js';
import { encodeRecord, FrameReader } from '../../../../src/tiers/process/pipe/frames.js';
import { PipeOperation } from '../../../../src/tiers/process/pipe/inbox.js';
import { Operation } from '../../../../src/tiers/process/protocol.js';
import type { RunnerExit } from '../../../../src/tiers/process/runner-process.js';
import { buildDir, pluginFile, root, runNode } from '../../../support/index.js';
import { error, until } from '../puppet.js';
import {
  actor,
  failure,
  fixture,
  hasProcesses,
  isRunning,
  openFiles,
  puppet,
  settingsFor,
  thrown,
  useTransport,
} from '../support.js';

useTransport('pipe');
/** The runner of the build, which is used even in the runs that must not use the addon. */
const program = join(buildDir, 'Release', 'tenon-runner');
const MEGABYTE = 1 << 20;
const reportOf = (found: unknown): RunnerExit => (found as Error).cause as RunnerExit;

describe('over a pipe', async () => {
  await import('../process.test.js');
  await import('../crash.test.js');
  await import('../timeout.test.js');
  await import('../prints.test.js');
});

describe.runIf(existsSync(program))('a pipe', () => {
  test('works without the addon', async () => {
    const { act, say, runner, events } = await actor(puppet(), { program });
    expect(say('ehello')).toBe('hello');
    expect((await act.call(Buffer.from('Eone'))).toString()).toBe('');
    await until(() => events.length === 1);
    expect(await runner.stop(10_000)).toMatchObject({ reason: 'stopped', code: 0 });
    const crash = await actor(fixture(), { program });
    const found = thrown(() => crash.act.callSync(Buffer.from('ds')));
    expect(reportOf(found)).toMatchObject({
      signal: 'SIGSEGV',
      fault: { address: 8n },
      call: { stage: 'call' },
    });
  });
});

/** Returns the header of a request without bytes, modified by `change`. */
function badRequest(change: (record: Buffer) => void): Buffer {
  const record = encodeRecord({ operation: 7, size: 0, number: 1, instance: 0, method: 0, detail: 0 });
  change(record);
  return record;
}

describe.runIf(existsSync(program))('the runner', () => {
  const options = ['--abi', '1.0.0', '--name', 'echo', '--parent', String(process.pid)];
  const spawned = (...more: string[]) => {
    const child = spawn(program, ['serve', pluginFile('echo'), ...options, ...more], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const exit = once(child, 'exit');
    const [pipe, bell] = [child.stdio[3] as Duplex, child.stdio[4] as Duplex];
    for (const stream of [pipe, bell]) stream.on('error', () => undefined).resume();
    return { pipe, bell, exit };
  };

  test.each<[string, (record: Buffer) => void]>([
    ['in parts', (record) => record.writeUInt32LE(1, 4)],
    ['with two different lengths', (record) => record.writeUInt32LE(5, 8)],
    ['with an impossible length', (record) => record.fill(0xff, 8, 24)],
  ])('exits after a request %s', async (_what, change) => {
    const { pipe, exit } = spawned('--in', '3', '--out', '3');
    pipe.write(badRequest(change));
    expect(await exit).toEqual([1, null]);
  });

  test('rings its bell once, and again only after the host has listened', async () => {
    const { pipe, bell, exit } = spawned('--in', '3', '--out', '3', '--bell', '4');
    const rings: string[] = [];
    bell.on('data', (bytes: Buffer) => rings.push(String(bytes)));
    let answers = 0;
    const reader = new FrameReader({
      check: () => null,
      take: ({ operation }) => {
        if (operation === Operation.PING) answers++;
      },
    });
    pipe.on('data', (bytes: Buffer) => reader.push(bytes));
    const header = { size: 0, instance: 0, method: 0, detail: 0 };
    for (const number of [1, 2, 3])
      pipe.write(encodeRecord({ ...header, operation: Operation.PING, number }));
    await until(() => answers === 3 && rings.length > 0);
    pipe.write(encodeRecord({ ...header, operation: PipeOperation.LISTENING, number: 0 }));
    // Every earlier ring would have come before this one.
    await until(() => rings.join('').length > 1);
    expect(rings.join('')).toBe('!!');
    pipe.destroy();
    await exit;
  });

  test('is killed when the pipe is closed', async () => {
    const { pipe, exit } = spawned('--in', '3', '--out', '3');
    await once(pipe, 'data');
    pipe.destroy();
    expect(await exit).toEqual([null, 'SIGKILL']);
  });

  test.each([[['--in', '3']], [['--out', '3']], [['--in', '2', '--out', '3']]])(
    'refuses the arguments %j',
    async (more) => {
      expect(await spawned(...more).exit).toEqual([2, null]);
    },
  );
});

describe.runIf(hasProcesses)('a pipe', () => {
  test('carries large messages in both directions at once, and a synchronous call', async () => {
    const { act } = await actor(puppet(), { whenFull: 'wait' });
    const input = Buffer.alloc(24 * MEGABYTE, 'e0123456789');
    const calls = Array.from({ length: 8 }, () => act.call(input));
    expect(act.callSync(input).equals(input.subarray(1))).toBe(true);
    for (const result of await Promise.all(calls)) expect(result.equals(input.subarray(1))).toBe(true);
  });

  test('does not block the event loop if the runner does not read', async () => {
    const { act, runner } = await actor(puppet());
    process.kill(runner.pid, 'SIGSTOP');
    const large = Buffer.alloc(32 * MEGABYTE, 'e');
    const call = act.call(large);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    process.kill(runner.pid, 'SIGCONT');
    expect((await call).length).toBe(large.length - 1);
    process.kill(runner.pid, 'SIGSTOP');
    expect(await failure(act.call(large, { timeout: 50 }))).toEqual(error('ERR_TENON_TIMEOUT'));
    const sync = await actor(puppet());
    process.kill(sync.runner.pid, 'SIGSTOP');
    expect(thrown(() => sync.act.callSync(large, { timeout: 50 }))).toEqual(error('ERR_TENON_TIMEOUT'));
  });

  test('delivers events that arrived during a synchronous call', async () => {
    const { act, say, events } = await actor(puppet());
    const before = act.call(Buffer.from('ebefore'));
    say('Eone');
    say('Etwo');
    expect(events).toEqual([]);
    await until(() => events.length === 2);
    expect(events.map(String)).toEqual(['one', 'two']);
    expect((await before).toString()).toBe('before');
  });

  test('reports the call in which a process was killed', async () => {
    const { act } = await actor(fixture());
    const input = Buffer.from('dk');
    const { call, signal, fault } = reportOf(thrown(() => act.callSync(input)));
    const inputDigest = createHash('sha256').update(input).digest('hex');
    expect({ call, signal, fault }).toMatchObject({
      signal: 'SIGKILL',
      call: { method: 'something', stage: 'call', inputSize: 2, inputDigest },
      fault: null,
    });
  });

  test('leaves no file open after a stop or a crash', async () => {
    const cycle = async (i: number): Promise<void> => {
      const { act, runner } = await actor(fixture());
      if (i % 3 === 0) await runner.stop(10_000);
      else if (i % 3 === 1) await failure(act.call(Buffer.from('ds')));
      else thrown(() => act.callSync(Buffer.from('ds')));
    };
    for (let i = 0; i < 6; i++) await cycle(i);
    const before = openFiles();
    for (let i = 0; i < 60; i++) await cycle(i);
    await until(() => openFiles() <= before);
  });

  test('is used by a plugin loaded with that transport, and by its next generation', async () => {
    await using host = new PluginHost();
    const loaded = await host.load(fixture(), { isolation: 'process', transport: 'pipe' });
    const instance = await loaded.new();
    expect(await failure(instance.call(Buffer.from('ds')))).toEqual(
      error('ERR_TENON_CRASHED', { signal: 'SIGSEGV' }),
    );
    await until(() => loaded.state === 'running');
    const next = await loaded.new();
    expect((await next.call(Buffer.from('ehello'))).toString()).toBe('hello');
    expect(next.callSync(Buffer.from('ehello')).toString()).toBe('hello');
  });

  test('is the only file of the runner except its standard streams', async () => {
    const { runner } = await actor(fixture());
    expect(openFiles(runner.pid)).toBe(4);
  });
});

const module = (file: string): string =>
  JSON.stringify(pathToFileURL(join(root, 'build', 'modules', file)).href);
const prelude = (): string => `
  const { RunnerProcess } = await import(${module('tiers/process/runner-process.js')});
  const { SOMETHING } = await import(${module('tiers/tier.js')});
  const settings = ${JSON.stringify(settingsFor(pluginFile('echo')))};
  const runner = await RunnerProcess.start(settings, { stdout() {}, stderr() {}, exit() {} });
  const tier = await runner.create(Buffer.alloc(0), { message() {}, log() {} });
  const echo = tier.bind(SOMETHING);`;

describe.runIf(hasProcesses && existsSync(join(root, 'build/modules/tiers/process/pipe/channel.js')))(
  'the host',
  () => {
    test('exits while a process of a plugin runs if no call is pending', async () => {
      const ended = await runNode(`${prelude()}
      console.log(String(await echo.call(Buffer.from('done'))));
      console.log(String(echo.callSync(Buffer.from('done'))));`);
      expect(ended).toMatchObject({ code: 0, stdout: 'done\ndone\n', stderr: '' });
    });

    test('leaves no process of a plugin when it is killed', async () => {
      const ended = await runNode(`${prelude()}
      console.log(runner.pid);
      process.kill(process.pid, 'SIGKILL');`);
      expect(ended.signal).toBe('SIGKILL');
      await until(() => !isRunning(Number(ended.stdout)));
    });

    test('can run a plugin from a worker, which leaves no process when it ends', async () => {
      const ended = await runNode(`
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const source = ${JSON.stringify(`import('node:worker_threads').then(async ({ parentPort }) => {${prelude()}
        parentPort.postMessage([runner.pid, String(echo.callSync(Buffer.from('sync'))), String(await echo.call(Buffer.from('async')))]);
      });`)};
      const worker = new Worker(source, { eval: true });
      const exit = once(worker, 'exit');
      const [message] = await once(worker, 'message');
      await exit;
      console.log(JSON.stringify(message));`);
      const [pid, ...answers] = JSON.parse(ended.stdout) as [number, ...string[]];
      expect(answers).toEqual(['sync', 'async']);
      await until(() => !isRunning(pid));
    });
  },
);
