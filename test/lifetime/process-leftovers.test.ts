/**
 * The process of a plugin leaves nothing behind, however its host ends: no process (not even one that the
 * plugin started), no file, no shared memory and no file descriptor.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { faultFile, pluginFile, root, temporaryFolder } from '../support/index.js';
import {
  children,
  compiled,
  FIXTURE,
  hasProcesses,
  mappedMemory,
  openFiles,
  openHost,
  PARENT,
  processesWith,
} from '../support/processes.js';

const CYCLES = 1000;
const KILLS = 100;
const text = JSON.stringify;
const entry = pathToFileURL(join(root, 'dist', 'index.js')).href;
const PATIENCE = { timeout: 10_000, interval: 10 };

/** Returns an environment variable that marks all processes of one test. They are killed after the test. */
function mark(): string {
  const name = `TENON_TEST_MARK=${randomUUID()}`;
  onTestFinished(() => {
    for (const pid of processesWith(name)) process.kill(pid, 'SIGKILL');
  });
  return name;
}

const environmentOf = (name: string): Record<string, string> => {
  const [key = '', value = ''] = name.split('=');
  return { [key]: value };
};

const gone = (name: string) => vi.waitFor(() => expect(processesWith(name)).toEqual([]), PATIENCE);

interface HostChild {
  readonly child: ChildProcess;
  /** Fulfilled when the program prints `ready`. */
  readonly ready: Promise<void>;
  readonly ended: Promise<unknown>;
}

/**
 * Starts a host in its own Node.js process. `body` can use `tenon`, `host`, `load(file)` and `say(word)`, and
 * `stay()` to keep the process running.
 */
function startHost(name: string, cacheDir: string, body: string): HostChild {
  const env = environmentOf(name);
  const program = `import { writeSync } from 'node:fs';
    import * as tenon from ${text(entry)};
    const host = new tenon.PluginHost({ cacheDir: ${text(cacheDir)} });
    const load = (file, more) => host.load(file, { isolation: 'process', env: ${text(env)}, ...more });
    const say = (word) => writeSync(1, word + '\\n');
    const stay = () => setInterval(() => {}, 1000);
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => line === 'ready' && resolve());
    void ended.then(() => reject(new Error(`the host ended before it was ready: ${printed}`)));
  });
  ready.catch(() => undefined);
  return { child, ready, ended };
}

/**
 * Returns a program with four plugins: an idle one, one with a child process, one in a call that never
 * returns, and one that crashes repeatedly.
 */
const busyHost = (parent: string, fixture: string): string => `
  const parent = await load(${text(parent)});
  const family = await parent.new();
  await family.call(Buffer.from('x'));
  const counter = await (await load(${text(pluginFile('wordcount'))})).new();
  await counter.call(Buffer.from('one two'));
  const hanging = await (await load(${text(faultFile('process-hang'))})).new();
  hanging.call(Buffer.from('x')).catch(() => {});
  const shaky = await (await load(${text(fixture)})).new();
  say('ready');
  stay();
  for (;;) await shaky.call(Buffer.from('ds')).catch(() => new Promise((resolve) => setTimeout(resolve, 1)));`;

describe.runIf(hasProcesses)('a host that keeps running', () => {
  test(`has no more descriptors, memory or processes after ${CYCLES} cycles of load and close`, {
    timeout: 300_000,
  }, async () => {
    const name = mark();
    const cacheDir = temporaryFolder();
    const host = openHost({ cacheDir });
    const cycle = async () => {
      const options = { isolation: 'process', env: environmentOf(name) } as const;
      const plugin = await host.load(pluginFile('wordcount'), options);
      const instance = await plugin.new();
      expect((await instance.call(Buffer.from('one two'))).readBigUInt64LE(8)).toBe(2n);
      // The runner and its keeper.
      expect(processesWith(name)).toHaveLength(2);
      expect(processesWith(name)).toContain(plugin.process?.pid);
      await plugin.close();
    };
    await cycle();
    await vi.waitFor(() => expect(children()).toEqual([]), PATIENCE);
    const before = [openFiles(), mappedMemory(), children()];
    for (let i = 1; i < CYCLES; i++) await cycle();
    await vi.waitFor(() => expect([openFiles(), mappedMemory(), children()]).toEqual(before), PATIENCE);
    await gone(name);
    expect(host.plugins).toEqual([]);
    const [own = '', ...others] = readdirSync(cacheDir);
    expect([others, readdirSync(join(cacheDir, own)).length]).toEqual([[], 1]);
  });

  test('has no more descriptors, memory or processes after closing twenty plugins at once', async () => {
    const name = mark();
    const host = openHost();
    const file = compiled(PARENT);
    const load = () => host.load(file, { isolation: 'process', env: environmentOf(name) });
    await (await load()).close();
    await vi.waitFor(() => expect(children()).toEqual([]), PATIENCE);
    const before = [openFiles(), mappedMemory(), children()];
    const plugins = await Promise.all(Array.from({ length: 20 }, load));
    await Promise.all(plugins.map(async (plugin) => (await plugin.new()).call(Buffer.from('x'))));
    // Each plugin has a runner, a keeper and a child.
    expect(processesWith(name).length).toBe(60);
    await host.close();
    await gone(name);
    await vi.waitFor(() => expect([openFiles(), mappedMemory(), children()]).toEqual(before), PATIENCE);
  });

  test.each(['crash', 'hang', 'exit', 'away crash', 'away hang', 'away exit'])(
    'has no processes of a plugin with a child process after %s',
    async (how) => {
      const name = mark();
      const plugin = await openHost().load(compiled(PARENT), {
        ...{ isolation: 'process', env: environmentOf(name), restart: false, timeout: 200 },
      });
      await expect((await plugin.new()).call(Buffer.from(how))).rejects.toThrow();
      await gone(name);
    },
  );

  test('ends children that left their group, session and parent when it closes the plugin', async () => {
    const name = mark();
    const plugin = await openHost().load(compiled(PARENT), {
      isolation: 'process',
      env: environmentOf(name),
    });
    const instance = await plugin.new();
    for (let i = 0; i < 20; i++) await instance.call(Buffer.from('away'));
    expect(processesWith(name).length).toBe(22);
    await plugin.close();
    expect(processesWith(name)).toEqual([]);
  });

  test('has no processes of a plugin whose process was killed', async () => {
    const name = mark();
    const options = { isolation: 'process', env: environmentOf(name), restart: false } as const;
    const plugin = await openHost().load(compiled(PARENT), options);
    const instance = await plugin.new();
    await instance.call(Buffer.from('away'));
    const exit = once(plugin, 'exit');
    process.kill(plugin.process?.pid ?? 0, 'SIGKILL');
    expect((await exit)[0]).toMatchObject({ reason: 'crashed', signal: 'SIGKILL' });
    await gone(name);
  });

  test('has no processes of plugins that were starting when the host was closed', async () => {
    const name = mark();
    const host = openHost();
    const options = { isolation: 'process', env: environmentOf(name) } as const;
    const starts = Array.from({ length: 8 }, () =>
      host.load(pluginFile('wordcount'), options).catch(() => undefined),
    );
    await sleep(3);
    await host.close();
    await Promise.all(starts);
    await gone(name);
  });
});

describe.runIf(hasProcesses)('a host that is killed', () => {
  test(`leaves nothing behind, ${KILLS} times, during calls and starts`, { timeout: 600_000 }, async () => {
    const name = mark();
    const cacheDir = temporaryFolder();
    const folder = temporaryFolder();
    const body = busyHost(compiled(PARENT, folder), compiled(FIXTURE, folder));
    let left = KILLS;
    let grandchildren = 0;
    const kill = async () => {
      while (left-- > 0) {
        const { child, ready, ended } = startHost(name, cacheDir, body);
        if (left % 4 === 0) await sleep(60 + Math.random() * 150);
        else await ready;
        if (left % 4 !== 0) grandchildren++;
        child.kill('SIGKILL');
        await ended;
      }
    };
    await Promise.all([kill(), kill()]);
    expect(grandchildren).toBeGreaterThan(0);
    await gone(name);
    expect(readdirSync(cacheDir).length).toBeGreaterThan(0);
    const host = openHost({ cacheDir });
    await host.load(pluginFile('wordcount'), { isolation: 'process' });
    expect(readdirSync(cacheDir).filter((entry) => !entry.startsWith(`p${process.pid}-`))).toEqual([]);
  });

  test.each([
    ['hang', 'shared-memory'],
    ['print', 'shared-memory'],
    ['away hang', 'shared-memory'],
    ['away print', 'shared-memory'],
    ['away hang', 'pipe'],
    ['away print', 'pipe'],
  ])('leaves no process of a plugin with a child during %s, over %s', async (how, transport) => {
    const name = mark();
    const file = compiled(PARENT);
    for (let i = 0; i < 5; i++) {
      const body = `const plugin = await load(${text(file)}, { transport: ${text(transport)} });
        plugin.on('stderr', () => say('ready'));
        stay();
        (await plugin.new()).call(Buffer.from(${text(how)})).catch(() => {});`;
      const { child, ready, ended } = startHost(name, temporaryFolder(), body);
      await ready;
      child.kill('SIGKILL');
      await ended;
      await gone(name);
    }
  });

  test('leaves no process behind even if its runner is stopped', async () => {
    const name = mark();
    const body = `const plugin = await load(${text(pluginFile('wordcount'))});
      process.kill(plugin.process.pid, 'SIGSTOP');
      stay();
      say('ready');`;
    const { child, ready, ended } = startHost(name, temporaryFolder(), body);
    await ready;
    child.kill('SIGKILL');
    await ended;
    await gone(name);
  });
});

describe.runIf(hasProcesses)('a host that ends by itself leaves no process behind', () => {
  const ways = {
    'process.exit': 'process.exit(0);',
    'an uncaught exception': `setImmediate(() => { throw new Error('on purpose'); });`,
    'process.abort': 'process.abort();',
    SIGTERM: `process.kill(process.pid, 'SIGTERM');`,
    SIGINT: `process.kill(process.pid, 'SIGINT');`,
    'host.close': 'await host.close(); process.exit(0);',
  };

  test.each(Object.entries(ways))('during a call, by %s', async (_, end) => {
    const name = mark();
    const cacheDir = temporaryFolder();
    const body = `
      const family = await (await load(${text(compiled(PARENT))})).new();
      await family.call(Buffer.from('x'));
      family.call(Buffer.from('hang')).catch(() => {});
      say('ready');
      stay();
      ${end}`;
    const { ready, ended } = startHost(name, cacheDir, body);
    await ready;
    await ended;
    await gone(name);
  });

  test('when it has nothing left to do: an idle plugin does not keep it alive', async () => {
    const name = mark();
    const body = `
      const counter = await (await load(${text(pluginFile('wordcount'))})).new();
      await counter.call(Buffer.from('x'));
      say('ready');`;
    const { ready, ended } = startHost(name, temporaryFolder(), body);
    await ready;
    expect(await ended).toEqual([0, null]);
    await gone(name);
  });
});

describe.runIf(hasProcesses)('a worker', () => {
  /** Returns a program that runs five workers one by one, each with a plugin that has a child process. */
  const inWorkers = (file: string, name: string, end: string) => `
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const source = \`
      import('node:worker_threads').then(async ({ parentPort, workerData }) => {
        const tenon = await import(workerData.entry);
        const { file, env } = workerData;
        const plugin = await new tenon.PluginHost().load(file, { isolation: 'process', env });
        await (await plugin.new()).call(Buffer.from('x'));
        parentPort.postMessage('ready');
        ${end === 'terminate' ? 'setInterval(() => {}, 1000);' : end}
      });\`;
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(source, { eval: true, workerData: ${text({ entry, file, env: environmentOf(name) })} });
      const exit = once(worker, 'exit');
      await once(worker, 'message');
      ${end === 'terminate' ? 'await worker.terminate();' : 'await exit;'}
    }
    stay();
    say('ready');`;

  test.each([
    ['terminate', 'terminate'],
    ['process.exit', 'process.exit(0);'],
    ['return', ''],
  ])('that ends by %s leaves no process of its plugin, and the host keeps running', async (_, end) => {
    const name = mark();
    // Only the processes of plugins have the mark, because the host keeps running.
    const body = inWorkers(compiled(PARENT), name, end);
    const { child, ready } = startHost('TENON_TEST_HOST=1', temporaryFolder(), body);
    onTestFinished(() => void child.kill('SIGKILL'));
    await ready;
    await gone(name);
    expect(child.exitCode).toBeNull();
  });
});
