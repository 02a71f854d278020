/** The limits of a flow: the credit of a source, attempts of connectors that fail, the event loop, buffers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  type Credit,
  type EventFrame,
  emptyFrame,
  type Flow,
  FrameBuilder,
  type FrameOptions,
  failure,
  flow,
  type RowOptions,
  type RunningFlow,
  type SinkConnector,
  type SourceConnector,
  World,
} from '../../src/flow/index.js';
import { Signal } from '../../src/flow/signal.js';
import { Feed, lines, Store, until } from './doubles.js';

/** No attempt after the first pause is made within a test. */
const NEVER = { first: 3_600_000, growth: 1, most: 3_600_000 };
const plan = flow('limits').from('in').to('out');

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

async function run(
  source: new () => SourceConnector,
  sink: new () => SinkConnector = new Store().sink as never,
  reconnect: object = NEVER,
  what: Flow = plan,
): Promise<RunningFlow> {
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: source, reconnect }).define('out', { plugin: sink, reconnect });
  return await world.deploy(what);
}

/** A class of sources that pull with a function. */
const pulling = (pull: (credit: Credit) => ReturnType<FrameBuilder['build']>, connect = () => undefined) =>
  class implements SourceConnector {
    connect = connect;
    pull = pull;
  };

const frameOf = (rows: readonly string[], options?: FrameOptions) => {
  const builder = new FrameBuilder();
  rows.forEach((row, index) => void builder.add(row, { position: BigInt(index) }));
  return builder.build(options);
};

test.each<[string, object, string[], string]>([
  ['rows', { rows: 3, bytes: 1000 }, ['a', 'b', 'c', 'd'], 'it has 4 rows, and the credit was 3'],
  [
    'bytes',
    { rows: 10, bytes: 5 },
    ['abc', 'def', 'g'],
    'it has 6 bytes before its last row, and the credit was 5',
  ],
])('a source that exceeds its credit of %s breaks the contract', async (_, inFlight, rows, message) => {
  const store = new Store();
  let pulls = 0;
  const source = pulling(() => {
    pulls += 1;
    return frameOf(rows);
  });
  const running = await run(
    source,
    store.sink as never,
    NEVER,
    flow('limits').from('in', { inFlight }).to('out'),
  );
  await until(() => running.metrics().blockedOn?.error !== undefined);
  expect(running.metrics().blockedOn?.error).toMatchObject({ code: 'ERR_TENON_CONTRACT' });
  expect(running.metrics().blockedOn?.error?.message).toContain(message);
  expect(pulls).toBe(1);
  await running.close();
  expect(store.rows).toEqual([]);
});

test('the last row may exceed the credit of bytes', async () => {
  const store = new Store();
  const source = pulling(() => frameOf(['abc', 'a very long row'], { state: 'done' }));
  const inFlight = { rows: 10, bytes: 5 };
  await (await run(source, store.sink as never, NEVER, flow('limits').from('in', { inFlight }).to('out')))
    .ended;
  expect(store.rows).toEqual(['abc', 'a very long row']);
});

test.each(['TENON_CLOSED', 'TENON_INVALID', 'TENON_POISONED'] as const)(
  'a source that connects, and whose pull answers %s, is not pulled in a hot loop',
  async (status) => {
    let [connects, pulls] = [0, 0];
    const source = pulling(
      () => {
        pulls += 1;
        throw failure(status, 'no');
      },
      () => {
        connects += 1;
        return undefined;
      },
    );
    const running = await run(source);
    await until(() => pulls === 2);
    await sleep(20);
    expect([connects, pulls]).toEqual([2, 2]);
    // A drain ends the pause, and makes one last attempt.
    expect(await running.drain({ timeout: 60_000 })).toEqual([]);
    expect([connects, pulls]).toEqual([3, 3]);
  },
);

test('a sink that connects, and whose write answers TENON_CLOSED, is not connected in a hot loop', async () => {
  const store = new Store();
  store.onWrite = () => {
    throw failure('TENON_CLOSED', 'no');
  };
  const feed = new Feed(lines(3));
  const running = await run(feed.source as never, store.sink as never);
  await until(() => store.writes === 2);
  await sleep(20);
  expect([store.connects, store.writes]).toEqual([2, 2]);
  const left = await running.drain({ timeout: 60_000 });
  expect(left).toEqual([{ source: 'in', stream: 0n, first: 1n, last: 3n, rows: 3 }]);
  expect([store.connects, store.writes]).toEqual([3, 3]);
});

test.each([
  ['returns rows', () => frameOf(['x'])],
  ['returns nothing', () => emptyFrame()],
])('a source that always %s at once leaves the event loop to others', async (_, make) => {
  let position = 0n;
  const source = pulling(() => {
    const frame = make();
    if (frame.rows === 0) return frame;
    position += 1n;
    return new FrameBuilder().add('x', { position }).build();
  });
  const running = await run(source);
  await sleep(30);
  const immediate = vi.fn();
  setImmediate(immediate);
  await sleep(30);
  expect(immediate).toHaveBeenCalled();
  await running.close();
});

test.each([
  ['source', true],
  ['sink', false],
])('a drain ends although a %s fails each call', async (_, isSource) => {
  const fails = (): never => {
    throw failure('TENON_FAILED', 'no');
  };
  const feed = new Feed(lines(2));
  const store = new Store();
  if (!isSource) store.onWrite = fails;
  const running = await run(isSource ? pulling(fails) : (feed.source as never), store.sink as never);
  await until(() => isSource || store.writes === 1);
  // The sink has no dead letters: its row blocks the flow, and is left over.
  expect(await running.drain({ timeout: 60_000 })).toHaveLength(isSource ? 0 : 1);
});

test('the next frame is pulled while stages work, within the credit, and is left over at the end', async () => {
  let [pulls, credit] = [0, 0];
  const source = pulling(({ rows }) => {
    pulls += 1;
    credit = rows;
    return new FrameBuilder().add('x', { position: BigInt(pulls) }).build();
  });
  const inFlight = { rows: 5, bytes: 1000 };
  const never = () => new Promise<never>(() => undefined);
  const stuck = flow('limits').from('in', { inFlight }).pipe(never).to('out');
  const running = await run(source, new Store().sink as never, NEVER, stuck);
  await until(() => pulls === 2);
  expect(credit).toBe(4);
  expect(await running.drain({ timeout: 50 })).toEqual([
    { source: 'in', stream: 0n, first: 1n, last: 1n, rows: 1 },
    { source: 'in', stream: 0n, first: 2n, last: 2n, rows: 1 },
  ]);
  expect(pulls).toBe(2);
});

test('a sink that wakes while it says that it is busy is written again at once', async () => {
  const store = new Store();
  store.onWrite = (frame) => {
    if (store.writes === 1) {
      store.wake();
      throw failure('TENON_BUSY', 'not yet');
    }
    store.take(frame);
    return undefined;
  };
  const feed = new Feed(lines(2));
  const to = flow('limits').from('in').to('out', { ackTimeout: 3_600_000 });
  await (await run(feed.source as never, store.sink as never, NEVER, to)).ended;
  expect(store.rows).toEqual(lines(2));
});

test('rows that fail while their write is still pending are written again', async () => {
  const store = new Store();
  let told = (): void => undefined;
  store.onContraflow = () => {
    const answer = store.writes === 1 ? [{ what: 'fail' as const, first: 2n }] : [];
    if (answer.length > 0) setImmediate(told);
    return answer;
  };
  store.onWrite = async (frame) => {
    if (store.writes > 1) {
      store.take(frame);
      return undefined;
    }
    await new Promise<void>((resolve) => {
      told = resolve;
      store.wake();
    });
    store.take(frame, 0, 1);
    return [{ what: 'ack', first: 1n }];
  };
  const feed = new Feed(lines(2));
  const to = flow('limits').from('in').to('out', { ackTimeout: 3_600_000 });
  await (await run(feed.source as never, store.sink as never, { first: 1, most: 1 }, to)).ended;
  expect(store.rows).toEqual(lines(2));
});

test('the buffer of an optional sink takes the part of a frame that it has room for', async () => {
  const feed = new Feed(lines(100));
  feed.ends = false;
  const [store, slow] = [new Store(), new Store()];
  slow.down = true;
  const world = new World();
  onTestFinished(() => world.close());
  world
    .define('in', { plugin: feed.source })
    .define('out', { plugin: store.sink })
    .define('slow', { plugin: slow.sink, reconnect: NEVER });
  const running = await world.deploy(
    flow('limits')
      .from('in')
      .to('out')
      .to('slow', { required: false, buffer: { rows: 30, whenFull: 'drop' } }),
  );
  await until(() => store.rows.length === 100);
  expect(running.metrics().sinks.slow).toMatchObject({ in: 100, dropped: 70, waiting: 30, delivered: 0 });
  feed.ends = true;
  feed.wake();
  // The source is done, and the flow does not wait for ever for a sink that it can do without.
  expect(await running.ended).toEqual([]);
  expect(running.metrics().sinks.slow).toMatchObject({ in: 100, dropped: 100, waiting: 0 });
});

test('the end of a flow gives an optional sink the time that it uses', async () => {
  const feed = new Feed(lines(8));
  feed.most = 1;
  const [store, slow] = [new Store(), new Store()];
  slow.onWrite = async (frame) => {
    await sleep(5);
    slow.take(frame);
    return undefined;
  };
  const world = new World();
  onTestFinished(() => world.close());
  world
    .define('in', { plugin: feed.source })
    .define('out', { plugin: store.sink })
    .define('slow', { plugin: slow.sink });
  const optional = { required: false, buffer: { rows: 100, whenFull: 'drop' } } as const;
  await (await world.deploy(flow('limits').from('in').to('out').to('slow', optional))).ended;
  expect(slow.rows).toEqual(lines(8));
});

test('waiting for a signal with a time limit leaves nothing behind', async () => {
  const signal = new Signal();
  for (let i = 0; i < 100; i++) await signal.next(0);
  expect(signal.waiters).toBe(0);
  const waiting = [signal.next(), signal.next(3_600_000)];
  expect(signal.waiters).toBe(2);
  signal.raise();
  await Promise.all(waiting);
  expect(signal.waiters).toBe(0);
});

const CIRCLE: { self?: unknown } = {};
CIRCLE.self = CIRCLE;

test.each<[string, RowOptions]>([
  ['stream', { stream: -1n }],
  ['stream', { stream: 1 as never }],
  ['position', { position: 2n ** 64n }],
  ['ingestNs', { ingestNs: 'now' as never }],
  ['mark', { mark: 3 }],
  ['mark', { mark: 1 }],
  ['meta', { meta: () => 1 }],
  ['meta', { meta: CIRCLE }],
  ['meta', { meta: 1n }],
])('a row with a wrong %s is refused, and not added', (argument, options) => {
  const builder = new FrameBuilder();
  expect(() => builder.add('x', options)).toThrow(
    expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
  );
  expect(builder.rows).toBe(0);
  expect(builder.add('y').build().strings()).toEqual(['y']);
});

test.each<[string, FrameOptions]>([
  ['state', { state: 'over' as never }],
  ['held', { held: -1n }],
  ['wakeNs', { wakeNs: 5 as never }],
])('a frame with a wrong %s is refused', (argument, options) => {
  expect(() => new FrameBuilder().build(options)).toThrow(
    expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
  );
});

test('an error that no part of a flow is to blame for ends it, and is the reason of its end', async () => {
  const feed = new Feed(lines(5));
  feed.most = 1;
  const spoilt = (frame: EventFrame): EventFrame =>
    frame.positionOf(0) < 3n
      ? frame
      : Object.defineProperty(frame, 'bytes', {
          get: () => {
            throw new RangeError('spoilt');
          },
        });
  const store = new Store();
  const running = await run(
    feed.source as never,
    store.sink as never,
    NEVER,
    flow('limits').from('in').pipe(spoilt).to('out'),
  );
  await expect(running.ended).rejects.toMatchObject({
    ...{ code: 'ERR_TENON_CALL_FAILED', message: 'Flow limits failed: spoilt' },
  });
  expect(running.state).toBe('ended');
  const leftover = await running.close();
  expect(leftover.at(-1)).toMatchObject({ source: 'in', stream: 0n, last: 3n });
});
