/** The ends of flows: drains with sinks that are away or hang, circuits, and connectors that come and go. */
import { expect, test } from 'vitest';
import { type EventFrame, flow, World } from '../../src/flow/index.js';
import { temporaryFolder } from '../support/index.js';
import { Feed, lines, Store, until } from './doubles.js';

function worldOf(feed: Feed, store: Store, first = 1): World {
  const world = new World({ state: temporaryFolder() });
  const reconnect = { first, most: 600_000 };
  return world
    .define('in', { plugin: feed.source, reconnect })
    .define('out', { plugin: store.sink, reconnect });
}

test('a drain cuts the pause of a sink short, makes one last attempt, and returns what is left', async () => {
  const feed = new Feed(lines(5));
  const store = new Store();
  store.down = true;
  await using world = worldOf(feed, store, 600_000);
  const running = await world.deploy(flow('away').from('in').to('out'));
  await until(() => running.metrics().inFlight === 5 && store.connects === 2);
  expect(running.metrics().blockedOn).toMatchObject({ name: 'out', why: 'closed' });
  expect(await running.drain({ timeout: 60_000 })).toEqual([
    { source: 'in', stream: 0n, first: 1n, last: 5n, rows: 5 },
  ]);
  expect(store.connects).toBe(3);
});

test('the last attempt of a drain can succeed', async () => {
  const feed = new Feed(lines(5));
  const store = new Store();
  store.down = true;
  await using world = worldOf(feed, store, 600_000);
  const running = await world.deploy(flow('back').from('in').to('out'));
  await until(() => store.connects === 2);
  store.down = false;
  expect(await running.drain({ timeout: 60_000 })).toEqual([]);
  expect(store.rows).toEqual(lines(5));
});

test('a drain of a source that is away makes one last attempt', async () => {
  const feed = new Feed(lines(5));
  feed.down = true;
  const store = new Store();
  await using world = worldOf(feed, store, 600_000);
  const running = await world.deploy(flow('far').from('in').to('out'));
  await until(() => running.metrics().blockedOn?.name === 'in');
  feed.down = false;
  expect(await running.drain({ timeout: 60_000 })).toEqual([]);
  expect(store.rows).toEqual(lines(5));
});

test('a drain with a sink that hangs returns at its timeout with exact ranges', async () => {
  const feed = new Feed(lines(6));
  feed.most = 2;
  const store = new Store();
  store.onWrite = (frame) => {
    if (store.writes === 2) return new Promise(() => undefined);
    store.take(frame);
    return undefined;
  };
  await using world = worldOf(feed, store);
  const running = await world.deploy(flow('hung').from('in').to('out'));
  await until(() => running.metrics().inFlight === 4);
  expect(await running.drain({ timeout: 50 })).toEqual([
    { source: 'in', stream: 0n, first: 3n, last: 6n, rows: 4 },
  ]);
  expect(feed.acked.at(-1)).toBe(2n);
});

test('a source that loses its connection continues without a loss or a duplicate', async () => {
  const feed = new Feed(lines(4));
  feed.ends = false;
  const store = new Store();
  await using world = worldOf(feed, store);
  const running = await world.deploy(flow('lost').from('in').to('out'));
  await until(() => store.rows.length === 4);
  feed.down = true;
  feed.add('five');
  await until(() => running.metrics().blockedOn?.name === 'in');
  feed.down = false;
  await until(() => store.rows.length === 5);
  feed.add('six');
  expect(await running.drain()).toEqual([]);
  expect(store.rows).toEqual([...lines(4), 'five', 'six']);
  expect(feed.resumed).toEqual([new Map(), new Map([[0n, 4n]])]);
  expect(running.metrics().source.reconnects).toBe(1);
});

test('a sink stops and opens the circuit, and repeats itself', async () => {
  const feed = new Feed(lines(2));
  feed.ends = false;
  const store = new Store();
  const say: ('close' | 'open')[] = [];
  store.onContraflow = () => say.splice(0).map((what) => ({ what }));
  await using world = worldOf(feed, store);
  const running = await world.deploy(flow('circuit').from('in').to('out'));
  await until(() => store.rows.length === 2);
  say.push('close', 'close');
  store.wake();
  await until(() => running.metrics().sinks['out']?.circuit === 'stopped');
  feed.add('three');
  await until(() => running.metrics().inFlight === 1);
  expect(running.metrics().blockedOn).toEqual({ name: 'out', why: 'stopped' });
  say.push('open', 'open');
  store.wake();
  await until(() => store.rows.length === 3);
  expect(running.metrics().sinks['out']?.circuit).toBe('working');
  expect(await running.drain()).toEqual([]);
});

test('a sink that was stopped when its connection was lost is open after it is connected again', async () => {
  const feed = new Feed(lines(1));
  feed.ends = false;
  const store = new Store();
  store.onWrite = (frame) => {
    store.take(frame);
    return [
      { what: 'ack', first: 1n, last: 100n },
      ...(store.writes === 1 ? [{ what: 'close' as const }] : []),
    ];
  };
  let answer: (() => void) | undefined;
  await using world = worldOf(feed, store);
  const running = await world.deploy(flow('stale').from('in').to('out'));
  await until(() => running.metrics().sinks['out']?.circuit === 'stopped');
  store.onContraflow = () => {
    answer?.();
    throw new Error('the connection is gone');
  };
  store.wake();
  feed.add('two');
  await until(() => store.rows.length === 2);
  expect(store.connects).toBe(2);
  store.onContraflow = undefined;
  expect(await running.drain()).toEqual([]);
});

test('a flow can be paused and resumed', async () => {
  const feed = new Feed(lines(1));
  feed.ends = false;
  const store = new Store();
  await using world = worldOf(feed, store);
  const running = await world.deploy(flow('pause').from('in').to('out'));
  await until(() => store.rows.length === 1);
  await running.pause();
  await until(() => running.state === 'paused');
  feed.add('two');
  await running.resume();
  await until(() => store.rows.length === 2);
  expect(await running.drain()).toEqual([]);
});

test('a drain with a stage that hangs lists what is inside it', async () => {
  const feed = new Feed(lines(6));
  feed.most = 3;
  const store = new Store();
  await using world = worldOf(feed, store);
  let calls = 0;
  const hang = (frame: EventFrame) => (++calls === 1 ? frame : new Promise<EventFrame>(() => undefined));
  const running = await world.deploy(flow('stuck').from('in').pipe(hang).to('out'));
  await until(() => calls === 2 && store.rows.length === 3);
  expect(await running.drain({ timeout: 50 })).toEqual([
    { source: 'in', stream: 0n, first: 4n, last: 6n, rows: 3 },
  ]);
});
