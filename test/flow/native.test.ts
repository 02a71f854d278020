/** Flows whose connectors are plugins in processes of their own, which crash. */
import { appendFileSync, copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { flow, type RunningFlow, World } from '../../src/flow/index.js';
import { PluginHost } from '../../src/index.js';
import { compile, root, temporaryFolder, withRunner } from '../support/index.js';
import { lacks } from '../support/tools.js';
import { Feed, lines, Store, until } from './doubles.js';

const process = { load: { isolation: 'process' as const }, reconnect: { first: 1, most: 20 } };

interface Setting {
  readonly folder: string;
  readonly world: World;
  readonly host: PluginHost;
  readonly out: string;
  readonly sink: object;
  readonly source: object;
}

/** Compiles the fixtures and makes a world with them. */
function setting(): Setting {
  const folder = temporaryFolder();
  for (const name of ['counter', 'recorder'])
    compile(folder, name, readFileSync(join(root, 'test', 'flow', 'fixtures', `${name}.c`), 'utf8'), [
      '-D_GNU_SOURCE',
    ]);
  const host = new PluginHost({ paths: [folder] });
  const world = new World({ host, state: join(folder, 'state') });
  onTestFinished(async () => {
    await world.close();
    await host.close();
  });
  const out = join(folder, 'out.txt');
  const sink = { path: out, crash: join(folder, 'crash-sink') };
  const source = { crash: join(folder, 'crash-source'), hostile: join(folder, 'hostile') };
  return { folder, world, host, out, sink, source };
}

const written = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];

const kill = (host: PluginHost, name: string): void => {
  const pid = host.plugins.find((plugin) => plugin.name === name)?.process?.pid;
  if (pid === undefined || pid === null) throw new Error(`${name} has no process`);
  try {
    globalThis.process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already, and its host does not know it yet.
  }
};

const settled = (running: RunningFlow, count: number): Promise<void> =>
  until(() => running.metrics().delivered === count);

describe.runIf(withRunner && !lacks('cc'))('connectors in processes', () => {
  test('a sink that is killed within a frame gets all of it again, before later rows', async () => {
    const { world, out, sink } = setting();
    const feed = new Feed(lines(30));
    feed.most = 10;
    writeFileSync(sink['crash' as keyof typeof sink], '');
    world.define('in', { plugin: feed.source });
    world.define('out', { plugin: 'recorder', config: sink, ...process });
    const running = await world.deploy(flow('killed').from('in').to('out'));
    expect(await running.ended).toEqual([]);
    const all = lines(30);
    expect(written(out)).toEqual([...all.slice(0, 5), ...all]);
    expect(running.metrics()).toMatchObject({ delivered: 30, redelivered: 10, dead: 0 });
  });

  test('a row that ends the process of a sink twice is a dead letter with the crash report', async () => {
    const { world, out, sink, host } = setting();
    const feed = new Feed(['a', 'b', 'poison', 'c', 'd']);
    const dead = new Store();
    world.define('in', { plugin: feed.source }).define('dead', { plugin: dead.sink });
    world.define('out', { plugin: 'recorder', config: { ...sink, poison: 'poison' }, ...process });
    const running = await world.deploy(flow('poison').from('in').to('out').errorsTo('dead'));
    let failed = false;
    host.on('state', ({ to }) => {
      failed ||= to === 'failed';
    });
    expect(await running.ended).toEqual([]);
    expect(dead.rows).toEqual(['poison']);
    expect(JSON.parse(dead.metas[0] ?? '')).toMatchObject({
      ...{ at: 'out', position: '3', code: 'ERR_TENON_CRASHED', report: { signal: 'SIGABRT' } },
    });
    expect(failed).toBe(false);
    expect(written(out)).toEqual(['a', 'b', 'a', 'b', 'c', 'd']);
    expect(running.metrics()).toMatchObject({ in: 5, delivered: 4, dead: 1 });
    expect(feed.acked.at(-1)).toBe(5n);
  });

  test('an idle source that is killed continues without a loss or a duplicate', async () => {
    const { world, host, source } = setting();
    const store = new Store();
    world.define('in', { plugin: 'counter', config: { ...source, total: 25 }, ...process });
    world.define('out', { plugin: store.sink });
    const running = await world.deploy(flow('source').from('in').to('out'));
    await settled(running, 25);
    await until(() => running.metrics().source.state === 'idle');
    kill(host, 'counter');
    await until(() => running.metrics().source.reconnects === 1);
    expect(await running.drain()).toEqual([]);
    expect(store.rows).toEqual(lines(25));
  });

  test('connectors that are reloaded, idle or busy, go on without a loss or a duplicate', async () => {
    const { world, host, source, out, folder } = setting();
    world.define('in', { plugin: 'counter', config: { ...source, total: 60_000 }, ...process });
    world.define('out', { plugin: 'recorder', config: { path: out }, ...process });
    const running = await world.deploy(flow('reloaded').from('in').to('out'));
    const reload = async (name: string) => {
      const plugin = host.plugins.find((one) => one.name === name);
      const file = join(folder, basename(plugin?.manifest.source ?? ''));
      copyFileSync(file, `${file}.new`);
      appendFileSync(`${file}.new`, 'next');
      renameSync(`${file}.new`, file);
      expect(await plugin?.reload()).toMatchObject({ outcome: 'swapped', instances: { fresh: 1 } });
    };
    await until(() => running.metrics().delivered > 100);
    for (const name of ['counter', 'recorder', 'counter']) await reload(name);
    await settled(running, 60_000);
    await until(() => running.metrics().source.state === 'idle');
    const { reconnects } = running.metrics().source;
    await reload('counter');
    await until(() => running.metrics().source.reconnects > reconnects);
    expect(await running.drain()).toEqual([]);
    expect(written(out)).toEqual(lines(60_000));
  });

  test('a frame of a source that is killed within a pull never counts', async () => {
    const { world, source } = setting();
    const store = new Store();
    writeFileSync(source['crash' as keyof typeof source], '');
    world.define('in', { plugin: 'counter', config: { ...source, total: 25 }, ...process });
    world.define('out', { plugin: store.sink });
    const running = await world.deploy(flow('half').from('in').to('out'));
    await settled(running, 25);
    expect(store.rows).toEqual(lines(25));
    expect(running.metrics().source).toMatchObject({ reconnects: 1, rows: 25 });
    expect(await running.drain()).toEqual([]);
  });

  test('a hostile frame reaches no sink, and the source begins again where it was', async () => {
    const { world, source } = setting();
    const store = new Store();
    writeFileSync(source['hostile' as keyof typeof source], '');
    world.define('in', { plugin: 'counter', config: { ...source, total: 25 }, ...process });
    world.define('out', { plugin: store.sink });
    const running = await world.deploy(flow('hostile').from('in').to('out'));
    await settled(running, 25);
    expect(store.rows).toEqual(lines(25));
    expect(running.metrics().source.reconnects).toBe(1);
    expect(await running.drain()).toEqual([]);
  });

  test('a sink that answers late wakes its host', async () => {
    const { world, out, sink } = setting();
    const feed = new Feed(lines(20));
    feed.most = 5;
    world.define('in', { plugin: feed.source });
    world.define('out', { plugin: 'recorder', config: { ...sink, late: true }, ...process });
    const running = await world.deploy(flow('late').from('in').to('out'));
    expect(await running.ended).toEqual([]);
    expect(written(out)).toEqual(lines(20));
    expect(running.metrics()).toMatchObject({ delivered: 20, redelivered: 0 });
  });

  test('a sink is killed again and again: nothing is lost, and the order is kept', async () => {
    const { world, host, out, source, sink } = setting();
    world.define('in', { plugin: 'counter', config: { ...source, total: 3000, most: 50 }, ...process });
    world.define('out', { plugin: 'recorder', config: sink, ...process });
    const running = await world.deploy(flow('again').from('in').to('out'));
    for (let kills = 0; kills < 5; kills++) {
      const before = running.metrics().delivered;
      await until(() => running.metrics().delivered >= Math.min(3000, before + 300));
      kill(host, 'recorder');
    }
    await settled(running, 3000);
    expect(await running.drain()).toEqual([]);
    const rows = written(out);
    expect([...new Set(rows)]).toEqual(lines(3000));
    expect(rows.length).toBeLessThanOrEqual(3000 + 5 * 50);
  });
});
