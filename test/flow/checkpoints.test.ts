/** Checkpoints: their one writer, and what happens when they cannot be written. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Checkpoint } from '../../src/flow/checkpoints.js';
import { flow, World } from '../../src/flow/index.js';
import { temporaryFolder } from '../support/index.js';
import { Feed, lines, Store, until } from './doubles.js';

const KEY = { flow: 'x', source: 'in', plugin: 'p', config: {} };

function warnings() {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => warn.mockRestore());
  return (code: string): string[] =>
    warn.mock.calls
      .filter(([, options]) => (options as { code?: string } | undefined)?.code === code)
      .map(([message]) => String(message));
}

test('of many that open a checkpoint at once, one gets it; after its end, another', async () => {
  const folder = temporaryFolder();
  for (let round = 0; round < 5; round++) {
    const tried = await Promise.allSettled(Array.from({ length: 8 }, () => Checkpoint.open(folder, KEY)));
    const got = tried.filter((one) => one.status === 'fulfilled');
    expect(got).toHaveLength(1);
    for (const one of tried)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT' });
    const [{ value }] = got as [PromiseFulfilledResult<Checkpoint>];
    await value.close();
    expect(existsSync(`${value.path}.lock`)).toBe(false);
  }
});

test.each(['-1', '18446744073709551616', '1.5', ''])('the position %j is malformed', async (position) => {
  const folder = temporaryFolder();
  const checkpoint = await Checkpoint.open(folder, KEY);
  checkpoint.set(0n, 2n ** 64n - 1n);
  await checkpoint.close();
  await (await Checkpoint.open(folder, KEY)).close();
  const streams = { 0: position };
  writeFileSync(checkpoint.path, JSON.stringify({ format: 'tenon-checkpoint-1', streams }));
  await expect(Checkpoint.open(folder, KEY)).rejects.toMatchObject({ code: 'ERR_TENON_UNREADABLE' });
});

test('a folder that cannot be made is an error that names the checkpoint', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  await expect(Checkpoint.open(file, KEY)).rejects.toThrow(/Cannot make the folder of the checkpoint/);
});

test('a checkpoint that cannot be written is announced once, tried again, and harms nothing', async () => {
  const warned = warnings();
  const state = temporaryFolder();
  const feed = new Feed(lines(3));
  feed.ends = false;
  const store = new Store();
  const world = new World({ state });
  onTestFinished(() => world.close());
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
  const obstacle = join(state, 'x', 'in.checkpoint.json.tmp');
  mkdirSync(dirname(obstacle));
  mkdirSync(obstacle);
  const running = await world.deploy(flow('x').from('in').to('out'));
  await until(() => warned('TENON_FLOW_CHECKPOINT').length > 0);
  expect(warned('TENON_FLOW_CHECKPOINT')).toEqual([
    expect.stringMatching(
      /^Cannot write the checkpoint .*\. After a crash, flow x would repeat .* tried again every 100 ms\.$/,
    ),
  ]);
  rmdirSync(obstacle);
  await until(() => running.metrics().checkpoints > 0);
  mkdirSync(obstacle);
  feed.add('more');
  await until(() => warned('TENON_FLOW_CHECKPOINT').length > 1);
  expect(await running.drain()).toEqual([]);
  expect(store.rows).toEqual([...lines(3), 'more']);
  expect(warned('TENON_FLOW_CHECKPOINT').at(-1)).not.toContain('tried again');
});

test('a sink that connects late and is not durable is announced', async () => {
  const warned = warnings();
  const feed = new Feed(lines(1));
  const store = new Store();
  store.durable = false;
  store.down = true;
  const world = new World({ state: temporaryFolder() });
  onTestFinished(() => world.close());
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink, reconnect: { first: 1 } });
  const running = await world.deploy(flow('x').from('in').to('out'));
  expect(warned('TENON_FLOW_NOT_DURABLE')).toEqual([]);
  store.down = false;
  await running.ended;
  expect(warned('TENON_FLOW_NOT_DURABLE')).toEqual([expect.stringMatching(/sink out is not durable/)]);
});

test('a source that connects late is judged, too', async () => {
  const warned = warnings();
  const feed = new Feed(lines(1));
  feed.replays = false;
  feed.down = true;
  const world = new World({ state: temporaryFolder() });
  onTestFinished(() => world.close());
  world
    .define('in', { plugin: feed.source, reconnect: { first: 1 } })
    .define('out', { plugin: new Store().sink });
  const running = await world.deploy(flow('x').from('in').to('out'));
  expect(warned('TENON_FLOW_NOT_DURABLE')).toEqual([]);
  feed.down = false;
  await running.ended;
  expect(warned('TENON_FLOW_NOT_DURABLE')).toEqual([expect.stringMatching(/source in cannot replay/)]);
});

test('a source that remembers needs no checkpoint, and may begin its streams again', async () => {
  const warned = warnings();
  const feed = new Feed(lines(3));
  feed.remembers = true;
  feed.ends = false;
  const store = new Store();
  const state = temporaryFolder();
  for (const world of [new World(), new World({ state })]) {
    onTestFinished(() => world.close());
    world
      .define('in', { plugin: feed.source, reconnect: { first: 1 } })
      .define('out', { plugin: store.sink });
    const running = await world.deploy(flow('x').from('in').to('out'));
    await until(() => running.metrics().delivered === 3);
    feed.down = true;
    feed.wake();
    await until(() => running.metrics().source.state === 'connecting');
    feed.down = false;
    await until(() => running.metrics().source.reconnects === 1);
    await until(() => running.metrics().delivered === 6);
    await running.drain();
    expect(running.metrics().checkpoints).toBe(0);
  }
  expect(existsSync(join(state, 'x', 'in.checkpoint.json'))).toBe(false);
  expect(warned('TENON_FLOW_NOT_DURABLE')).toEqual([]);
});

test('a weak sink after such a source is refused, and the advice does not name the state folder', async () => {
  const feed = new Feed(lines(1));
  feed.remembers = true;
  const store = new Store();
  store.durable = false;
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
  const deploying = world.deploy(flow('x').from('in').to('out'));
  await expect(deploying).rejects.toThrow(/sink out is not durable: .* add a durable one\.$/);
});
