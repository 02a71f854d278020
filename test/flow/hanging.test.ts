/** Connectors whose methods never return. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ConnectorContext, flow, type SinkClass, World } from '../../src/flow/index.js';
import { Feed, lines, Store } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

const forever = () => new Promise<undefined>(() => undefined);

function worldOf(feed: Feed, sink: SinkClass): World {
  const world = new World();
  onTestFinished(() => world.close());
  return world.define('in', { plugin: feed.source }).define('out', { plugin: sink, reconnect: { first: 1 } });
}

test('a flow ends although its source and its sink never finish to close', async () => {
  const store = new Store();
  class Out extends store.sink {
    close = forever;
  }
  const world = worldOf(new Feed(lines(3)), Out);
  class In extends new Feed(lines(3)).source {
    close = forever;
  }
  world.define('in', { plugin: In });
  const running = await world.deploy(flow('hanging').from('in').to('out'));
  expect(await running.ended).toEqual([]);
  expect(running.state).toBe('ended');
});

test('a flow whose source is done ends although its sink never answers the drain', async () => {
  const store = new Store();
  class Deaf extends store.sink {
    override contraflow = forever as never;
  }
  const world = worldOf(new Feed(lines(3)), Deaf);
  const running = await world.deploy(flow('hanging').from('in').to('out', { ackTimeout: 20 }));
  expect(await running.ended).toEqual([]);
  expect(store.rows).toEqual(lines(3));
});

test('a sink that was asked without success is asked again after it is connected again', async () => {
  const feed = new Feed(lines(3));
  let made = 0;
  class Late {
    readonly #wake: () => void;
    readonly #first = ++made === 1;
    constructor(_config: unknown, { wake }: ConnectorContext) {
      this.#wake = wake;
    }
    write() {
      setImmediate(this.#wake);
      return [{ what: 'pending' as const }];
    }
    contraflow() {
      return this.#first ? forever() : [{ what: 'ack' as const, first: 0n, last: 100n }];
    }
  }
  const world = worldOf(feed, Late);
  const running = await world.deploy(flow('hanging').from('in').to('out', { ackTimeout: 50 }));
  expect(await running.ended).toEqual([]);
  expect(running.metrics()).toMatchObject({ delivered: 3, redelivered: 3 });
  expect(made).toBe(2);
});
