/** Connectors that are made again after a failure, and whose ends fail. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { flow, type SinkClass, type SinkConnector, World } from '../../src/flow/index.js';
import { Feed, lines, Store, until } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

const reconnect = { first: 1, most: 5 };

function worldOf(feed: Feed, sink: SinkClass): World {
  const world = new World();
  onTestFinished(() => world.close());
  return world.define('in', { plugin: feed.source, reconnect }).define('out', { plugin: sink, reconnect });
}

/** A class of sinks whose first objects never answer a write, and the objects that were made. */
function hanging(count: number, close: () => void | Promise<void>) {
  const store = new Store();
  const made: SinkConnector[] = [];
  class Hanging extends store.sink {
    readonly #number = made.push(this);
    override write(frame: Parameters<SinkConnector['write']>[0]) {
      return this.#number <= count ? new Promise<undefined>(() => undefined) : super.write(frame);
    }
    close = close;
  }
  return { store, made, sink: Hanging };
}

test('a sink that failed to close when it was replaced is still replaced', async () => {
  const feed = new Feed(lines(3));
  const { store, made, sink } = hanging(2, () => {
    throw new Error('cannot close');
  });
  const world = worldOf(feed, sink);
  const running = await world.deploy(flow('renewal').from('in').to('out', { ackTimeout: 20 }));
  expect(await running.ended).toEqual([]);
  expect(store.rows).toEqual(lines(3));
  expect(made).toHaveLength(3);
});

test('a connector that could not be made again is made at the next attempt', async () => {
  const feed = new Feed(lines(3));
  const { store, sink } = hanging(1, () => undefined);
  let made = 0;
  class Refusing extends sink {
    constructor(...args: ConstructorParameters<typeof sink>) {
      super(...args);
      made += 1;
      if (made === 2 || made === 3) throw new Error('not now');
    }
  }
  const world = worldOf(feed, Refusing);
  const running = await world.deploy(flow('renewal').from('in').to('out', { ackTimeout: 20 }));
  expect(await running.ended).toEqual([]);
  expect(store.rows).toEqual(lines(3));
});

test('a flow that ends while a sink is being replaced leaves no new object behind', async () => {
  const feed = new Feed(lines(3));
  let closing = 0;
  let release: () => void = () => undefined;
  const { made, sink } = hanging(9, () => {
    closing += 1;
    return new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  const world = worldOf(feed, sink);
  const running = await world.deploy(flow('renewal').from('in').to('out', { ackTimeout: 20 }));
  await until(() => closing === 1);
  await running.close();
  release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(made).toHaveLength(1);
});
