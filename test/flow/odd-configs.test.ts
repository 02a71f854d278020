/** Configs and options that are unusual: refused with their name, or as good as any other. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { emptyFrame, flow, MessageBus, type RunningFlow, World } from '../../src/flow/index.js';
import { temporaryFolder } from '../support/index.js';
import { Feed, lines, Store, until } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

const circle: { me?: object } = {};
circle.me = circle;

test.each<[what: string, config: object, other: object]>([
  ['a bigint', { from: 5n }, { from: 6n }],
  ['a circle', { circle }, { circle: {} }],
  ['a date', { from: new Date(0) }, { from: new Date(1) }],
  ['a client', { client: new Map([[1, 2]]) }, { client: new Set() }],
])('the config of a class with %s has a checkpoint', async (_, config, other) => {
  const state = temporaryFolder();
  const feed = new Feed(lines(3));
  const store = new Store();
  const run = async (given: object): Promise<RunningFlow> => {
    const world = new World({ state });
    onTestFinished(() => world.close());
    world.define('in', { plugin: feed.source, config: given }).define('out', { plugin: store.sink });
    const running = await world.deploy(flow('odd').from('in').to('out'));
    await running.ended;
    return running;
  };
  await run(config);
  await run(config);
  expect(store.rows).toEqual(lines(3));
  expect(feed.resumed[1]).toEqual(new Map([[0n, 3n]]));
  await expect(run(other)).rejects.toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT', argument: 'config' });
});

test.each<[options: object, argument: string]>([
  [{ timout: 5 }, 'timout'],
  [{ timeout: '5s' }, 'timeout'],
  [{ timeout: -1 }, 'timeout'],
  [{ timeout: Number.NaN }, 'timeout'],
])('drain refuses the options %o, and the flow goes on', async (options, argument) => {
  const feed = new Feed(lines(1));
  feed.ends = false;
  const store = new Store();
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink });
  const running = await world.deploy(flow('drains').from('in').to('out'));
  await expect(running.drain(options)).rejects.toMatchObject({
    code: 'ERR_TENON_INVALID_ARGUMENT',
    argument,
  });
  feed.add('line 2');
  await until(() => store.rows.length === 2);
  expect(running.state).toBe('running');
});

test('a flow whose world is closed while it is deployed does not run', async () => {
  let connect: () => void = () => undefined;
  class Slow extends new Store().sink {
    override connect() {
      return new Promise<{ durable: boolean }>((resolve) => {
        connect = () => resolve({ durable: true });
      }) as never;
    }
  }
  class Idle {
    connect() {
      return undefined;
    }
    pull() {
      return emptyFrame({ state: 'idle' });
    }
  }
  const world = new World().define('in', { plugin: Idle }).define('out', { plugin: Slow });
  const deployed = world.deploy(flow('late').from('in').to('out'));
  const refused = expect(deployed).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
  await new Promise((resolve) => setImmediate(resolve));
  await world.close();
  connect();
  await refused;
  expect(world.registry.names).toEqual([]);
});

test.each(['reload', [1, 2], undefined])('a message bus refuses the message %o', async (message) => {
  await expect(new MessageBus().send(message as never)).rejects.toMatchObject({
    code: 'ERR_TENON_INVALID_ARGUMENT',
    argument: 'message',
  });
});
