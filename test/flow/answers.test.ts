/** The answers of sinks, and the fate of the rows: delivered, written again, dead, or in the way. */
import { expect, test } from 'vitest';
import { failure, flow, type RunningFlow, type ToOptions, World } from '../../src/flow/index.js';
import { temporaryFolder } from '../support/index.js';
import { Feed, lines, Store, until } from './doubles.js';

interface Setting {
  readonly feed: Feed;
  readonly store: Store;
  readonly dead?: Store;
  readonly to?: ToOptions;
  readonly state?: string;
}

async function deploy({ feed, store, dead, to, state = temporaryFolder() }: Setting): Promise<RunningFlow> {
  const world = new World({ state });
  const reconnect = { first: 1, most: 5 };
  world.define('in', { plugin: feed.source, reconnect }).define('out', { plugin: store.sink, reconnect });
  let plan = flow('answers').from('in').to('out', to);
  if (dead !== undefined) {
    world.define('dead', { plugin: dead.sink });
    plan = plan.errorsTo('dead');
  }
  return await world.deploy(plan);
}

test('an answer out of order acknowledges nothing beyond the first open row', async () => {
  const state = temporaryFolder();
  const feed = new Feed(lines(10));
  const store = new Store();
  store.onWrite = (frame) => {
    store.take(frame);
    return [
      { what: 'ack', first: 7n },
      { what: 'ack', first: 1n, last: 3n },
    ];
  };
  const running = await deploy({ feed, store, state });
  await until(() => running.metrics().inFlight === 6);
  await until(() => feed.acked.length > 0);
  expect(feed.acked).toEqual([3n]);
  expect(await running.drain({ timeout: 50 })).toEqual([
    { source: 'in', stream: 0n, first: 4n, last: 6n, rows: 3 },
    { source: 'in', stream: 0n, first: 8n, last: 10n, rows: 3 },
  ]);
  const again = await deploy({ feed, store: new Store(), state });
  await again.ended;
  expect(feed.resumed.at(-1)).toEqual(new Map([[0n, 3n]]));
});

test('rows that are answered later stay in flight until then', async () => {
  const feed = new Feed(lines(6));
  const store = new Store();
  const pending: bigint[] = [];
  store.onWrite = (frame) => {
    store.take(frame);
    for (let row = 0; row < frame.rows; row++) pending.push(frame.positionOf(row));
    setImmediate(() => store.wake());
    return [{ what: 'pending' }];
  };
  store.onContraflow = () => {
    if (pending.length > 0) setImmediate(() => store.wake());
    return pending.splice(0, 2).map((position) => ({ what: 'ack' as const, first: position }));
  };
  const running = await deploy({ feed, store });
  expect(await running.ended).toEqual([]);
  expect(store.rows).toEqual(lines(6));
  expect(running.metrics()).toMatchObject({ delivered: 6, redelivered: 0 });
});

test('rows without an answer are written again, and answers to unknown positions are ignored', async () => {
  const feed = new Feed(lines(3));
  const store = new Store();
  store.onWrite = (frame) => {
    store.take(frame);
    return store.writes === 1
      ? [
          { what: 'ack', first: 2n },
          { what: 'ack', first: 40n, last: 50n },
          { what: 'ack', stream: 9n, first: 1n },
        ]
      : undefined;
  };
  const running = await deploy({ feed, store, to: { ackTimeout: 20 } });
  expect(await running.ended).toEqual([]);
  expect(store.positions).toEqual([1n, 2n, 3n, 1n, 3n]);
  expect(running.metrics()).toMatchObject({ delivered: 3, redelivered: 2 });
});

test('a failed frame is written again before what comes after it', async () => {
  const feed = new Feed(lines(8));
  feed.most = 4;
  const store = new Store();
  store.onWrite = (frame) => {
    if (store.writes <= 2) throw failure('TENON_FAILED', 'not now');
    store.take(frame);
    return undefined;
  };
  const running = await deploy({ feed, store });
  await running.ended;
  expect(store.rows).toEqual(lines(8));
  expect(running.metrics()).toMatchObject({ delivered: 8, redelivered: 8 });
});

test('a row that is never accepted becomes a dead letter with the reason', async () => {
  const feed = new Feed(lines(5));
  const store = new Store();
  const dead = new Store();
  store.onWrite = (frame) => {
    store.take(frame, 0, 2);
    store.take(frame, 3, 5);
    return [
      { what: 'ack', first: 1n, last: 2n },
      { what: 'fail', status: 'TENON_INVALID', first: 3n },
      { what: 'ack', first: 4n, last: 5n },
    ];
  };
  const running = await deploy({ feed, store, dead });
  expect(await running.ended).toEqual([]);
  expect(dead.rows).toEqual(['line 3']);
  expect(JSON.parse(dead.metas[0] ?? '')).toMatchObject({
    ...{ flow: 'answers', source: 'in', stream: '0', position: '3', at: 'out', status: 'TENON_INVALID' },
  });
  expect(running.metrics()).toMatchObject({ in: 5, delivered: 4, dead: 1, inFlight: 0 });
  expect(feed.acked.at(-1)).toBe(5n);
});

test('a frame that is refused as a whole is searched for the rows at fault', async () => {
  const feed = new Feed(lines(6));
  const store = new Store();
  const dead = new Store();
  store.onWrite = (frame) => {
    if (frame.strings().includes('line 4')) throw failure('TENON_INVALID', 'no fours');
    store.take(frame);
    return undefined;
  };
  const running = await deploy({ feed, store, dead });
  await running.ended;
  expect(store.rows).toEqual(lines(6).filter((line) => line !== 'line 4'));
  expect(dead.rows).toEqual(['line 4']);
  expect(running.metrics()).toMatchObject({ delivered: 5, dead: 1 });
});

test('without dead letters, a row that is never accepted blocks the flow, which names it', async () => {
  const feed = new Feed(lines(4));
  const store = new Store();
  store.onWrite = (frame) => {
    if (frame.strings().includes('line 2')) throw failure('TENON_INVALID', 'no twos');
    store.take(frame);
    return undefined;
  };
  const running = await deploy({ feed, store });
  await until(() => running.state === 'blocked');
  expect(running.metrics().blockedOn).toMatchObject({ name: 'out', why: 'row', stream: 0n, position: 2n });
  expect(running.metrics().blockedOn?.error?.message).toContain('no twos');
  expect(await running.drain()).toEqual([{ source: 'in', stream: 0n, first: 2n, last: 4n, rows: 3 }]);
  expect(store.rows).toEqual(['line 1']);
});

test('a slow sink that is not required delays nothing, and its buffer drops by name', async () => {
  const feed = new Feed(lines(100));
  feed.most = 10;
  const fast = new Store();
  const slow = new Store();
  const release = new Promise<void>((resolve) => {
    slow.wake = resolve;
  });
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  void release;
  slow.onWrite = async (frame) => {
    await gate;
    slow.take(frame);
    return undefined;
  };
  await using world = new World({ state: temporaryFolder() });
  world
    .define('in', { plugin: feed.source })
    .define('fast', { plugin: fast.sink })
    .define('slow', { plugin: slow.sink });
  const plan = flow('two')
    .from('in')
    .to('fast')
    .to('slow', { required: false, buffer: { rows: 30, whenFull: 'drop' } });
  const running = await world.deploy(plan);
  await until(() => fast.rows.length === 100);
  await until(() => running.metrics().delivered === 100);
  const { slow: metrics, fast: quick } = running.metrics().sinks;
  expect(metrics).toMatchObject({ in: 100, waiting: 30, dropped: 70, delivered: 0, required: false });
  expect(quick).toMatchObject({ in: 100, delivered: 100, dropped: 0 });
  open();
  await running.ended;
  expect(slow.rows).toEqual(lines(30));
  expect(running.metrics()).toMatchObject({ delivered: 100, dropped: 70 });
});

test('of two required sinks, the slow one is named while the source waits', async () => {
  const feed = new Feed(lines(20));
  feed.most = 5;
  const fast = new Store();
  const slow = new Store();
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  slow.onWrite = async (frame) => {
    await gate;
    slow.take(frame);
    return undefined;
  };
  await using world = new World({ state: temporaryFolder() });
  world
    .define('in', { plugin: feed.source })
    .define('fast', { plugin: fast.sink })
    .define('slow', { plugin: slow.sink });
  const plan = flow('both')
    .from('in', { inFlight: { rows: 10 } })
    .to('fast')
    .to('slow');
  const running = await world.deploy(plan);
  await until(() => running.metrics().source.state === 'full');
  expect(running.metrics().blockedOn).toMatchObject({ name: 'slow', why: 'slow' });
  expect(running.metrics().inFlight).toBe(10);
  open();
  await running.ended;
  expect(slow.rows).toEqual(lines(20));
  expect(fast.rows).toEqual(lines(20));
});
