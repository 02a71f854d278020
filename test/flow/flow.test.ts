/** Flows between connectors in TypeScript: the way of an event from the source to its end. */
import { expect, test } from 'vitest';
import { type EventFrame, filterFrame, flow, World } from '../../src/flow/index.js';
import { temporaryFolder } from '../support/index.js';
import { Feed, lines, Store, until } from './doubles.js';

test('events reach the sink in order, and the source is acknowledged', async () => {
  const feed = new Feed(lines(1000));
  feed.most = 64;
  const store = new Store();
  const folder = temporaryFolder();
  await using world = new World({ state: folder });
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
  const running = await world.deploy(flow('lines').from('in').to('out'));
  expect(world.registry.get('lines')).toBe(running);
  expect(await running.ended).toEqual([]);
  expect(store.rows).toEqual(lines(1000));
  expect(feed.acked.at(-1)).toBe(1000n);
  expect(running.metrics()).toMatchObject({
    in: 1000,
    delivered: 1000,
    dead: 0,
    filtered: 0,
    inFlight: 0,
    state: 'ended',
  });
  expect(world.registry.names).toEqual([]);
});

test('a flow that runs again continues after what was acknowledged', async () => {
  const state = temporaryFolder();
  const feed = new Feed(lines(10));
  const store = new Store();
  for (const more of [[], ['a', 'b']]) {
    feed.items.push(...more);
    await using world = new World({ state });
    world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
    await (await world.deploy(flow('again').from('in').to('out'))).ended;
  }
  expect(feed.resumed).toEqual([new Map(), new Map([[0n, 10n]])]);
  expect(store.rows).toEqual([...lines(10), 'a', 'b']);
});

test('what a stage leaves out is filtered, and acknowledged', async () => {
  const feed = new Feed(lines(100));
  const store = new Store();
  await using world = new World({ state: temporaryFolder() });
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
  const even = (frame: EventFrame) => filterFrame(frame, (row) => frame.positionOf(row) % 2n === 0n);
  const running = await world.deploy(flow('even').from('in').pipe(even).to('out'));
  await running.ended;
  expect(store.rows).toEqual(lines(100).filter((_, index) => index % 2 === 1));
  expect(running.metrics()).toMatchObject({ in: 100, filtered: 50, delivered: 50, out: 50 });
  expect(feed.acked.at(-1)).toBe(100n);
});

test('a source that is idle is pulled when it wakes, and drains', async () => {
  const feed = new Feed(['one']);
  feed.ends = false;
  const store = new Store();
  await using world = new World({ state: temporaryFolder() });
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
  const running = await world.deploy(flow('idle').from('in').to('out'));
  await until(() => store.rows.length === 1);
  feed.add('two', 'three');
  await until(() => store.rows.length === 3);
  expect(await running.drain()).toEqual([]);
  expect(store.messages).toMatchObject([{ what: 'drain' }]);
  expect(running.state).toBe('ended');
});
