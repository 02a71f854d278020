/** Reloads at every moment: while something is loaded, made, called, restarted, closed or reloaded. */
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { extension, runNode, temporaryFolder, withAddon } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';
import { at, living, NONE, PLACES, PROCESSES, refusal, SINGLETON, STATE, text, version } from './living.js';

/** Versions that several tests use. */
const [one, two] = [version('1.0.0', STATE), version('2.0.0', STATE)];

describe.each(PLACES)('in the %s tier', (place) => {
  test('while the same file is loaded as another plugin', async () => {
    const { host, plugin, install, path } = await living(place, one);
    const instance = await plugin.new();
    await instance.call(NONE);
    install(two);
    const [report, other] = await Promise.all([plugin.reload(), host.load(path, at(place)), plugin.reload()]);
    expect(report).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
    expect(await text(instance.call(NONE))).toBe('2.0.0 2');
    expect(await text((await other.new()).call(NONE))).toBe('2.0.0 1');
  });

  test('while an instance is made, which then belongs to the new version', async () => {
    const { plugin, install } = await living(place, version('1.0.0', STATE, '-DSLOW_NEW'));
    install(version('2.0.0', STATE, '-DSLOW_NEW'));
    const reload = plugin.reload();
    const made = [];
    for (let over = false; !over && made.length < 4; ) {
      made.push(await plugin.new());
      over = await Promise.race([reload.then(() => true), delay(1, false)]);
    }
    expect(await reload).toMatchObject({ outcome: 'swapped' });
    for (const instance of made) expect(await text(instance.call(NONE))).toBe('2.0.0 1');
  });

  test('calls begin in the order in which they were made, before, during and after it', async () => {
    const { plugin, install } = await living(place, one, place === 'inline' ? {} : { whenFull: 'wait' });
    const instance = await plugin.new();
    install(two);
    const reload = plugin.reload();
    const answers: Promise<string>[] = [];
    const signal = new AbortController().signal;
    let over = false;
    const finished = reload.finally(() => {
      over = true;
    });
    // Calls that take different ways, made in every turn and in every step of microtasks.
    while (!over) {
      for (let i = 0; i < 5; i++) {
        answers.push(text(instance.call(NONE, i % 2 === 0 ? undefined : { signal })));
        await null;
      }
      await new Promise(setImmediate);
    }
    await finished;
    answers.push(text(instance.call(NONE)));
    const counts = (await Promise.all(answers)).map((answer) => Number(answer.split(' ')[1]));
    expect(counts).toEqual(counts.map((_, index) => index + 1));
  });

  test('of several plugins at the same time', async () => {
    const files = Array.from({ length: 6 }, (_, i) =>
      [1, 2].map((v) => version(`${v}.0.0`, STATE, `-DNAME="p${i}"`)),
    );
    const all = await Promise.all(files.map(([file = '']) => living(place, file)));
    const instances = await Promise.all(all.map(({ plugin }) => plugin.new()));
    await Promise.all(instances.map((instance) => instance.call(NONE)));
    for (const [index, { install }] of all.entries()) install(files[index]?.[1] ?? '');
    const reports = await Promise.all(all.map(({ plugin }) => plugin.reload()));
    for (const report of reports)
      expect(report).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
    const answers = await Promise.all(instances.map((instance) => text(instance.call(NONE))));
    expect(new Set(answers)).toEqual(new Set(['2.0.0 2']));
  });

  test('while it is closed: nothing of either version runs after that', async () => {
    for (const wait of [0, 5, 30]) {
      const { host, plugin, install, path } = await living(place, one);
      await plugin.new();
      install(two);
      const report = plugin.reload();
      await delay(wait);
      await host.close();
      const outcome = await report.catch(({ code }) => code);
      if (typeof outcome === 'string') expect(outcome).toBe('ERR_TENON_CLOSED');
      expect(runners(path)).toEqual([]);
    }
  });

  test('a singleton has no instance for a moment, and a call that blocks then says so', async () => {
    const { plugin, install } = await living(place, version('1.0.0', STATE, SINGLETON));
    const instance = await plugin.new();
    install(version('2.0.0', STATE, SINGLETON, '-DSLOW_NEW'));
    let over = false;
    const reload = plugin.reload().finally(() => {
      over = true;
    });
    let calls = 0;
    const problems = new Set<string>();
    while (!over) {
      for (let i = 0; i < 20; i++) {
        try {
          if (i % 2 === 0) instance.method('state/1', 0);
          instance.callSync(NONE);
          calls += 1;
        } catch (error) {
          problems.add((error as Error).message);
        }
        await null;
      }
      await new Promise(setImmediate);
    }
    expect(await reload).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
    for (const problem of problems)
      expect(problem).toMatch(
        /^Cannot call \S+ of plugin living synchronously: it is being reloaded, and a singleton \(TENON_SINGLETON\) has no instance meanwhile\. Asynchronous calls wait\.$/,
      );
    expect(await text(instance.call(NONE))).toBe(`2.0.0 ${calls + 1}`);
  });

  test('a plugin that becomes a singleton needs at most one instance, and keeps its place', async () => {
    const { plugin, install } = await living(place, one);
    const [first, second] = [await plugin.new(), await plugin.new()];
    install(version('2.0.0', STATE, SINGLETON));
    expect(await plugin.reload()).toMatchObject(
      refusal('ERR_TENON_NEW_FAILED', 'and the plugin has 2. Close the others'),
    );
    await second.close();
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
    await expect(plugin.new()).rejects.toMatchObject({ code: 'ERR_TENON_NEW_FAILED' });
    await first.close();
    const third = await plugin.new();
    install(version('3.0.0', STATE));
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
    expect(await text((await plugin.new()).call(NONE))).toBe('3.0.0 1');
    expect(await text(third.call(NONE))).toBe('3.0.0 1');
  });

  test.skipIf(place === 'inline')(
    'a new that hangs keeps the old version, and the next one is tried',
    async () => {
      const { plugin, install } = await living(place, one, { reload: { drain: 150 } });
      const instance = await plugin.new();
      install(version('2.0.0', STATE, '-DNEW_HANGS'));
      expect(await plugin.reload()).toMatchObject(
        refusal('ERR_TENON_TIMEOUT', 'new of version 2.0.0 did not return'),
      );
      expect(await text(instance.call(NONE))).toBe('1.0.0 1');
      install(version('3.0.0', STATE));
      expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
      expect(await text(instance.call(NONE))).toBe('3.0.0 2');
    },
  );

  test.skipIf(place === 'inline')(
    'a held call has the timeout of its plugin, and long timeouts do not end at once',
    async () => {
      const options = { timeout: 400, reload: { drain: 2 ** 40 } };
      const { plugin, install } = await living(place, version('1.0.0', STATE, '-DSLOW_SAVE'), {
        reload: options.reload,
      });
      const short = await living(place, version('1.0.0', STATE, '-DSLOW_SAVE'), options);
      for (const { timeout, living: now } of [
        { timeout: 2 ** 40, living: { plugin, install } },
        { timeout: undefined, living: short },
      ]) {
        const instance = await now.plugin.new();
        now.install(two);
        const reload = now.plugin.reload();
        let over = false;
        void reload.finally(() => {
          over = true;
        });
        const outcomes = new Set<string>();
        const calls: Promise<unknown>[] = [];
        while (!over) {
          const call = instance.call(NONE, timeout === undefined ? undefined : { timeout });
          calls.push(
            call.then(
              () => outcomes.add('answered'),
              ({ message }) => outcomes.add(message),
            ),
          );
          await delay(5);
        }
        await Promise.all(calls);
        const late =
          'something did not begin within 400 ms, because the plugin was being reloaded. Set a longer timeout.';
        expect([...outcomes].includes(late)).toBe(timeout === undefined);
        if (timeout !== undefined) expect([...outcomes]).toEqual(['answered']);
      }
    },
  );

  test('bindings and typed methods go on working although their instance was garbage collected', async () => {
    const path = join(temporaryFolder(), `living${extension}`);
    const ended = await runNode(
      `import { copyFileSync, renameSync } from 'node:fs';
      const [path, one, two] = ${JSON.stringify([path, one, two])};
      const install = (from) => { copyFileSync(from, path + '.new'); renameSync(path + '.new', path); };
      const collect = async () => { for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); } };
      const living = tenon.defineKind({ name: 'living', version: '1.0.0', methods: {
        add: tenon.method({ by: 'i32' }, { count: 'i32' }) } });
      install(one);
      const host = new tenon.PluginHost({ probe: { mode: 'never' } });
      const plugin = await host.load(path, ${JSON.stringify(at(place))});
      const all = [];
      all.push((await plugin.new()).method('living/1', 0), (await plugin.new()).as(living), (await plugin.new()).asSync(living).add);
      await collect();
      const by = Buffer.from([5, 0, 0, 0]);
      all[0].callSync(by);
      install(two);
      const { outcome, instances: { moved } } = await plugin.reload();
      await collect();
      const [method, api, add] = all;
      console.log(outcome, moved, method.callSync(by)[0], (await api.add({ by: 1 })).count, add({ by: 2 }).count);
      console.log(plugin.stats().instances);
      await host.close();`,
      { args: ['--expose-gc'] },
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'swapped 3 10 1 2\n3\n', stderr: '' });
  });

  test('an instance without a state that is restored is counted as fresh, and a closed one not at all', async () => {
    const { plugin, install } = await living(place, version('1.0.0'));
    const [instance, closed] = [await plugin.new(), await plugin.new()];
    install(version('2.0.0'));
    const reload = plugin.reload();
    await closed.close();
    expect(await reload).toMatchObject({ outcome: 'swapped', instances: { moved: 0, fresh: 1 } });
    expect(await text(instance.call(NONE))).toBe('2.0.0 1');
  });
});

/** Returns the runners of the plugin that was loaded from a path. */
function runners(path: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((id) => {
    try {
      return /^\d+$/.test(id) && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(`\0${path}\0`);
    } catch {
      return false;
    }
  });
}

describe.runIf(withAddon)('in this process', () => {
  test('versions that are mapped already do not count again', async () => {
    const { plugin, install } = await living('inline', one);
    const instance = await plugin.new();
    for (let i = 1; i <= 24; i++) {
      install(i % 2 === 0 ? one : two);
      expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
      expect(await text(instance.call(NONE))).toBe(`${(i % 2) + 1}.0.0 ${i}`);
    }
  });

  test.runIf(process.platform === 'linux')(
    'a version that is refused after it was mapped is counted and reported',
    async () => {
      const { plugin, install } = await living('inline', one);
      await plugin.new();
      for (let i = 2; i <= 20; i++) {
        install(version('2.0.0'), String(i));
        const report = await plugin.reload();
        expect(report).toMatchObject(refusal('ERR_TENON_MISSING_KIND'));
        expect(report.left.mapped).toBeGreaterThan(4096);
      }
      install(version('2.0.0'), '21');
      const report = await plugin.reload();
      expect(report).toMatchObject(refusal('ERR_TENON_UNSUPPORTED', '20 versions of it are mapped'));
      expect(report.left).toEqual({ mapped: 0, threads: 0 });
    },
  );

  test('a drop that hangs does not keep the reload from ending in the thread tier', async () => {
    const options = { reload: { drain: 100 } };
    const { plugin, install } = await living('thread', version('1.0.0', STATE, '-DDROP_HANGS'), options);
    const instance = await plugin.new();
    install(two);
    const report = await plugin.reload();
    expect(report).toMatchObject({ outcome: 'swapped' });
    if (process.platform === 'linux') expect(report.left.threads).toBe(1);
    if (process.platform === 'linux') expect(report.left.mapped).toBeGreaterThan(4096);
    expect(await text(instance.call(NONE))).toBe('2.0.0 1');
  });

  test('in a worker, with another plugin of the same file in the main thread', async () => {
    const path = join(temporaryFolder(), `living${extension}`);
    const ended = await runNode(`
      import { copyFileSync, renameSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      const [path, one, two] = ${JSON.stringify([path, one, two])};
      const install = (from) => { copyFileSync(from, path + '.new'); renameSync(path + '.new', path); };
      install(one);
      const body = \`
        import { parentPort } from 'node:worker_threads';
        import { PluginHost } from \${JSON.stringify(entry)};
        const host = new PluginHost({ probe: { mode: 'never' } });
        for (const isolation of ['inline', 'thread'${hasProcesses ? ", 'process'" : ''}]) {
          const plugin = await host.load(\${JSON.stringify(path)}, { isolation });
          const instance = await plugin.new();
          await instance.call(Buffer.alloc(0));
          parentPort.postMessage('install');
          await new Promise((resolve) => parentPort.once('message', resolve));
          const { outcome, instances } = await plugin.reload();
          parentPort.postMessage([isolation, outcome, instances.moved, String(await instance.call(Buffer.alloc(0)))].join(' '));
          await plugin.close();
          await new Promise((resolve) => parentPort.once('message', resolve));
        }
        await host.close();\`;
      const host = new tenon.PluginHost({ probe: { mode: 'never' } });
      const mine = await (await host.load(path)).new();
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(body)));
      worker.on('message', (text) => {
        if (text === 'install') install(two);
        else { console.log(text); install(one); }
        worker.postMessage('go on');
      });
      worker.on('error', ({ message }) => console.log(message));
      await new Promise((resolve) => worker.on('exit', resolve));
      console.log(String(await mine.call(Buffer.alloc(0))));
      await host.close();`);
    const expected = ['inline', 'thread', ...(hasProcesses ? ['process'] : [])].map(
      (tier) => `${tier} swapped 1 2.0.0 2\n`,
    );
    expect(ended).toMatchObject({ code: 0, stdout: `${expected.join('')}1.0.0 1\n`, stderr: '' });
  });
});

describe.each(PROCESSES)('with a process of its own: %s', (place) => {
  test.each([
    ['backing off', { restart: { backoff: { initial: 60_000, max: 60_000 } } }, 'backing-off'],
    ['failed', { restart: false }, 'failed'],
  ] as const)(
    'a version that crashed is replaced while it is %s, without its state',
    async (_what, options, state) => {
      const { plugin, install } = await living(place, one, options);
      const instance = await plugin.new();
      // The first restart is immediate.
      await vi.waitFor(
        async () => {
          await instance.call(Buffer.from('crash')).catch(() => undefined);
          expect(plugin.state).toBe(state);
        },
        { timeout: 20_000 },
      );
      install(two);
      const changes: string[] = [];
      plugin.on('state', ({ from, to }) => changes.push(`${from} ${to}`));
      expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 0, fresh: 1 } });
      expect(plugin.state).toBe('running');
      await new Promise(setImmediate);
      expect(changes.at(-1)).toBe(`${state} running`);
      expect(await text(instance.call(NONE))).toBe('2.0.0 1');
    },
  );

  test('while it is restarted, and while calls wait for that', async () => {
    const { plugin, install } = await living(place, one, { whenDown: 'wait' });
    const instance = await plugin.new();
    install(two);
    const crashed = instance.call(Buffer.from('crash')).catch(({ code }) => code);
    const waits = crashed.then(() => text(instance.call(NONE)));
    const restart = plugin.restart();
    const report = await plugin.reload();
    expect(report).toMatchObject({ outcome: 'swapped' });
    expect(await crashed).toMatch(/ERR_TENON_(CRASHED|CLOSED)/);
    expect(await waits).toMatch(/^[12]\.0\.0 1$/);
    await restart;
    expect(await text(instance.call(NONE))).toMatch(/^2\.0\.0 [12]$/);
  });

  test('calls that wait for a restart are answered, although the reload comes first', async () => {
    const restart = { backoff: { initial: 60_000, max: 60_000 } };
    const options = { restart, whenDown: 'wait', reload: { drain: 100, onState: 'discard' } } as const;
    const { plugin, install } = await living(place, one, options);
    const instance = await plugin.new();
    await vi.waitFor(
      async () => {
        await instance.call(Buffer.from('crash'), { timeout: 2000 }).catch(() => undefined);
        expect(plugin.state).toBe('backing-off');
      },
      { timeout: 20_000 },
    );
    const waits = [text(instance.call(NONE)), text(instance.call(NONE))];
    install(two);
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
    for (const answer of await Promise.all(waits)) expect(answer).toMatch(/^[12]\.0\.0 [12]$/);
  });

  test('a new version that crashes before it is in use is never used', async () => {
    const { plugin, install } = await living(place, version('1.0.0', STATE, '-DSLOW_SAVE'));
    const instances = [await plugin.new(), await plugin.new()];
    const once = join(temporaryFolder(), 'once');
    writeFileSync(once, '');
    install(version('2.0.0', STATE, `-DCRASHES_ONCE="${once}"`));
    // The process of the new version crashes while the old one still saves, and starts again by itself.
    expect(await plugin.reload()).toMatchObject(refusal('ERR_TENON_CRASHED'));
    for (const instance of instances) expect(await text(instance.call(NONE))).toBe('1.0.0 1');
  });

  test('a singleton is rolled back although its process was started again', async () => {
    const lock = `-DLOCK="${join(temporaryFolder(), 'lock')}"`;
    const { plugin, install, reports } = await living(place, version('1.0.0', STATE, SINGLETON, lock));
    const instance = await plugin.new();
    await instance.call(NONE);
    install(version('2.0.0', STATE, SINGLETON, lock));
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
    await instance.call(Buffer.from('crash')).catch(() => undefined);
    await vi.waitFor(() => expect(reports).toHaveLength(2), { timeout: 10_000 });
    expect(reports[1]).toMatchObject({ outcome: 'rolled-back', instances: { moved: 1 } });
    expect(await text(instance.call(NONE))).toBe('1.0.0 2');
  });

  test('what both versions print reaches the listeners', async () => {
    const { plugin, install } = await living(place, version('1.0.0', STATE, '-DPRINTS'));
    const printed: string[] = [];
    plugin.on('stdout', (line) => printed.push(line));
    await plugin.new();
    install(version('2.0.0', STATE, '-DPRINTS'));
    await plugin.reload();
    await vi.waitFor(() => expect(printed).toEqual(['1.0.0 makes', '2.0.0 makes', '1.0.0 drops']));
    await plugin.close();
    await vi.waitFor(() => expect(printed.at(-1)).toBe('2.0.0 drops'));
  });

  test.runIf(withAddon)('versions that are refused leave no copy', async () => {
    const cacheDir = temporaryFolder();
    const options = { reload: { probation: 0 } };
    const { plugin, install } = await living(place, one, options, { cacheDir });
    const libraries = () =>
      readdirSync(cacheDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(extension));
    for (const flags of [[], [STATE, '-DNAME="other"'], [STATE, '-DFLAGS=TENON_SINGLETON']]) {
      const instances = [await plugin.new(), await plugin.new()];
      install(version('2.0.0', ...flags));
      expect(await plugin.reload()).toMatchObject({ outcome: 'kept' });
      await Promise.all(instances.map((instance) => instance.close()));
    }
    expect(libraries()).toHaveLength(1);
  });

  test('the program ends although the probation and an old version are not over', async () => {
    const path = join(temporaryFolder(), `living${extension}`);
    const ended = await runNode(`
      import { copyFileSync, readdirSync, renameSync } from 'node:fs';
      const [path, one, two] = ${JSON.stringify([path, one, two])};
      const install = (from) => { copyFileSync(from, path + '.new'); renameSync(path + '.new', path); };
      install(one);
      const host = new tenon.PluginHost({ probe: { mode: 'never' } });
      const plugin = await host.load(path, ${JSON.stringify({ ...at(place), reload: { drain: 60_000 } })});
      const instance = await plugin.new();
      install(two);
      console.log((await plugin.reload()).outcome);
      (await host.watch()).unref();
      process.on('exit', () => console.log('ends'));`);
    expect(ended).toMatchObject({ code: 0, stdout: 'swapped\nends\n', stderr: '' });
  });
});

test.runIf(hasProcesses)(
  'a file that is replaced twice quickly is loaded once, as it is at last',
  async () => {
    const folder = temporaryFolder();
    const path = join(folder, `living${extension}`);
    const install = (from: string) => {
      copyFileSync(from, `${path}.new`);
      renameSync(`${path}.new`, path);
    };
    install(one);
    const host = new PluginHost({ paths: [folder], probe: { mode: 'never' } });
    onTestFinished(() => host.close());
    const plugin = await host.load(path, { isolation: 'process' });
    const instance = await plugin.new();
    await instance.call(NONE);
    const reports: unknown[] = [];
    plugin.on('reload', ({ outcome, to }) => reports.push([outcome, to?.version]));
    const files = ['2.0.0', '3.0.0', '4.0.0'].map((number) => version(number, STATE));
    await host.watch({ settle: 300, autoReload: true });
    for (const file of files) install(file);
    await vi.waitFor(() => expect(reports.at(-1)).toEqual(['swapped', '4.0.0']), { timeout: 20_000 });
    // Usually it is the only one. If this program was stopped in between, the others had settled.
    expect(reports).toEqual([...reports].sort());
    expect(await text(instance.call(NONE))).toBe('4.0.0 2');
  },
);
