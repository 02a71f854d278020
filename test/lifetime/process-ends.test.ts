/**
 * The end of a plugin's process is noticed and cleaned up even if someone else collects its exit status, ends
 * its keeper, or hides /proc.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parentOf } from '../../src/base/process-id.js';
import { type LoadOptions, type Plugin, PluginHost } from '../../src/index.js';
import { pluginFile, runNode } from '../support/index.js';
import {
  compiled,
  hasProcesses,
  openHost,
  PARENT,
  processesWith,
  REAPS,
  withoutCalls,
} from '../support/processes.js';

const transports = new PluginHost().capabilities.transports;
const PATIENCE = { timeout: 10_000, interval: 10 };
const ENOSYS = 38;
const PIDFD_OPEN = 434;
const text = JSON.stringify;

/** Returns an environment variable that marks all processes of one test. They are killed after the test. */
function mark(): { name: string; env: Record<string, string> } {
  const value = randomUUID();
  const name = `TENON_TEST_MARK=${value}`;
  onTestFinished(() => {
    for (const pid of processesWith(name)) process.kill(pid, 'SIGKILL');
  });
  return { name, env: { TENON_TEST_MARK: value } };
}

const gone = (name: string) => vi.waitFor(() => expect(processesWith(name)).toEqual([]), PATIENCE);

describe.runIf(hasProcesses).each(transports)('over %s', (transport) => {
  const options = { isolation: 'process', transport, whenDown: 'wait' } as const;
  const family = async (env: Record<string, string>, more: LoadOptions = {}) => {
    const plugin = await openHost().load(compiled(PARENT), { ...options, env, restart: false, ...more });
    const instance = await plugin.new();
    await instance.call(Buffer.from('x'));
    return { plugin, instance, runner: plugin.process?.pid ?? 0 };
  };
  /** Kills or stops the keeper of a runner, which is its parent. */
  const signalKeeper = (runner: number, signal: NodeJS.Signals) => {
    const keeper = parentOf(runner) ?? 0;
    expect(parentOf(keeper)).toBe(process.pid);
    process.kill(keeper, signal);
  };
  const exitOf = async (plugin: Plugin) => (await once(plugin, 'exit'))[0] as { reason: string };

  test('a killed keeper takes its runner and the children of the plugin with it', async () => {
    const { name, env } = mark();
    const { plugin, runner } = await family(env);
    const exit = exitOf(plugin);
    signalKeeper(runner, 'SIGKILL');
    expect((await exit).reason).toBe('crashed');
    await gone(name);
    await plugin.close();
  });

  test('so do a keeper and a runner that are killed together', async () => {
    const { name, env } = mark();
    const { plugin, runner } = await family(env);
    const exit = exitOf(plugin);
    const keeper = parentOf(runner) ?? 0;
    for (const pid of [runner, keeper]) process.kill(pid, 'SIGSTOP');
    for (const pid of [keeper, runner]) process.kill(pid, 'SIGKILL');
    expect((await exit).reason).toBe('crashed');
    await gone(name);
  });

  test('no other signal ends a keeper', async () => {
    const { name, env } = mark();
    const { plugin, instance, runner } = await family(env);
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGPIPE', 'SIGUSR1', 'SIGALRM'] as const)
      signalKeeper(runner, signal);
    await instance.call(Buffer.from('x'));
    expect(plugin.state).toBe('running');
    await plugin.close();
    await gone(name);
  });

  test('a stopped keeper and a stopped runner end with the plugin, with all that it started', async () => {
    const { name, env } = mark();
    const { plugin, instance, runner } = await family(env, { grace: 100 });
    await instance.call(Buffer.from('away'));
    signalKeeper(runner, 'SIGSTOP');
    process.kill(runner, 'SIGSTOP');
    await plugin.close();
    await gone(name);
  });

  test.each([
    ['inline', 'waits for any child', 'w'],
    ['thread', 'waits for any child', 'w'],
    ['inline', 'ignores SIGCHLD', 'i'],
    ['thread', 'ignores SIGCHLD', 'i'],
  ])('a crash is noticed although an %s plugin %s', async (isolation, _, what) => {
    const { name, env } = mark();
    const ended = await runNode(`
      import { once } from 'node:events';
      const stay = setInterval(() => {}, 1000);
      const host = new tenon.PluginHost();
      const options = ${text({ ...options, env, restart: { backoff: { initial: 5 } } })};
      const plugin = await host.load(${text(pluginFile('echo'))}, options);
      const instance = await plugin.new();
      const thief = await (await host.load(${text(compiled(REAPS))}, { isolation: ${text(isolation)} })).new();
      for (let i = 0; i < 3; i++) {
        const exit = once(plugin, 'exit');
        if (${text(what)} === 'i') await thief.call(Buffer.from('i'));
        process.kill(plugin.process.pid, 'SIGKILL');
        if (${text(what)} === 'w') await thief.call(Buffer.from('w'));
        const [report] = await exit;
        console.log(report.reason !== 'stopped', String(await instance.call(Buffer.from('again'))));
      }
      const other = await host.load(${text(pluginFile('wordcount'))}, { isolation: 'process' });
      console.log(other.state);
      await host.close();
      clearInterval(stay);`);
    expect(ended).toMatchObject({ code: 0, stdout: `${'true again\n'.repeat(3)}running\n` });
    await gone(name);
  });

  test('a crash is noticed by a kernel without pidfd', async () => {
    const { name, env } = mark();
    const body = `
      import { once } from 'node:events';
      const stay = setInterval(() => {}, 1000);
      const host = new tenon.PluginHost();
      const plugin = await host.load(${text(compiled(PARENT))}, ${text({ ...options, env })});
      const instance = await plugin.new();
      for (const how of ['SIGKILL', 'crash', 'exit']) {
        const exit = once(plugin, 'exit');
        await instance.call(Buffer.from('x'));
        if (how === 'SIGKILL') process.kill(plugin.process.pid, how);
        else await instance.call(Buffer.from(how)).catch(() => {});
        const [{ signal, code }] = await exit;
        console.log(signal, code);
      }
      await host.close();
      clearInterval(stay);`;
    const ended = await runNode(body, { under: withoutCalls(ENOSYS, PIDFD_OPEN) });
    expect(ended).toMatchObject({ code: 0, stdout: 'SIGKILL null\nSIGSEGV null\nnull 0\n', stderr: '' });
    await gone(name);
  });

  const hidden = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'];
  const canHide = spawnSync('unshare', [...hidden.slice(1), 'mount -t tmpfs none /proc']).status === 0;
  test.runIf(canHide)('without /proc, groups are killed, and the rest is missing', async () => {
    const { name, env } = mark();
    const body = `
      const stay = setInterval(() => {}, 1000);
      const host = new tenon.PluginHost();
      const options = ${text({ ...options, env, restart: { backoff: { initial: 5 } }, grace: 100 })};
      for (const how of ['x', 'crash', 'exit']) {
        const plugin = await host.load(${text(compiled(PARENT))}, options);
        const instance = await plugin.new();
        await instance.call(Buffer.from(how)).catch(() => {});
        console.log(plugin.process.missing.includes('orphans'));
        await plugin.close();
      }
      await host.close();
      clearInterval(stay);`;
    const under = [...hidden, 'mount -t tmpfs none /proc && exec "$@"', 'sh'];
    const ended = await runNode(body, { under });
    expect(ended).toMatchObject({ stdout: 'true\ntrue\ntrue\n', code: 0 });
    await gone(name);
  });

  test.each(['terminate', 'exit', 'close'])(
    'a worker that ends by %s leaves no defunct keeper',
    async (how) => {
      const ended = await runNode(`
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      import { readdirSync, readFileSync } from 'node:fs';
      const children = () => readdirSync('/proc/self/task').flatMap((task) => {
        try { return readFileSync('/proc/self/task/' + task + '/children', 'utf8').split(' ').filter(Boolean); }
        catch { return []; }
      });
      const source = \`
        import('node:worker_threads').then(async ({ parentPort, workerData }) => {
          const { PluginHost } = await import(workerData.entry);
          const host = new PluginHost();
          const plugin = await host.load(workerData.file, workerData.options);
          await (await plugin.new()).call(Buffer.from('x'));
          parentPort.postMessage('ready');
          if (workerData.how === 'close') await host.close();
          if (workerData.how !== 'terminate') process.exit(0);
          setInterval(() => {}, 1000);
        });\`;
      for (let i = 0; i < 5; i++) {
        const workerData = ${text({ file: pluginFile('echo'), options, how })};
        const worker = new Worker(source, { eval: true, workerData: { ...workerData, entry } });
        const exit = once(worker, 'exit');
        await once(worker, 'message');
        if (${text(how)} === 'terminate') await worker.terminate();
        await exit;
      }
      while (children().length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      console.log('none');`);
      expect(ended).toMatchObject({ code: 0, stdout: 'none\n', stderr: '' });
    },
  );
});
