/** Events and stages that make their dead letters or their sink fail. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { EventFrame, FrameBuilder, failure, flow, World } from '../../src/flow/index.js';
import type { SinkPort } from '../../src/flow/ports.js';
import { shaperOf } from '../../src/flow/shaper.js';
import type { Refused } from '../../src/flow/shipment.js';
import { SinkManager } from '../../src/flow/sink-manager.js';
import type { FlowStage } from '../../src/flow/stage.js';
import { Store, until } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

/** A source of one event whose metadata can be parsed, but is nested too deeply to be written. */
const DEPTH = 100_000;
const NESTED = '['.repeat(DEPTH) + ']'.repeat(DEPTH);
class Nested {
  connect() {
    return { replays: true };
  }
  pull() {
    const frame = new FrameBuilder().add('x', { position: 1n, meta: 'M'.repeat(NESTED.length - 2) });
    const bytes = Buffer.from(frame.build({ state: 'done' }).bytes);
    bytes.write(NESTED, bytes.indexOf('"MM'));
    return new EventFrame(bytes);
  }
}

test.each(['sink', 'stage'])(
  'metadata that a %s refuses is kept as text if it cannot be nested',
  async (where) => {
    const [store, dead] = [new Store(), new Store()];
    const refuse = (): never => {
      throw failure('TENON_INVALID', 'no');
    };
    store.onWrite = refuse;
    const world = new World();
    onTestFinished(() => world.close());
    world.define('in', { plugin: Nested }).define('out', { plugin: store.sink });
    world.define('dead', { plugin: dead.sink });
    const plan = flow('nested').from('in').to('out').errorsTo('dead');
    const running = await world.deploy(where === 'stage' ? plan.pipe(refuse) : plan);
    expect(await running.ended).toEqual([]);
    expect(running.metrics()).toMatchObject({ in: 1, dead: 1, inFlight: 0 });
    expect((JSON.parse(dead.metas[0] ?? '{}') as { meta?: unknown }).meta).toBe(NESTED);
  },
);

test('a postprocessor that cannot be started again gives its events up', async () => {
  const fails = async (): Promise<never> => {
    throw new Error('cannot be started again');
  };
  const stage: FlowStage = {
    name: 'stage',
    perStream: true,
    process: fails,
    finish: fails,
    close: async () => {},
  };
  const port: SinkPort = {
    ...{ wakes: 0, onWake: () => undefined, onLost: () => undefined },
    ...{ contraflow: async () => [], renew: async () => undefined, close: async () => undefined },
    connect: async () => ({ replays: false, durable: true, remembers: false }),
    write: async () => [],
  };
  const refused: Refused[] = [];
  const settings = {
    name: 'out',
    required: true,
    ackTimeout: 1000,
    attempts: 1,
    bufferRows: 10,
    reconnect: {},
  };
  const manager = new SinkManager(port, settings, (one) => void refused.push(one), shaperOf([stage]));
  await manager.start();
  manager.offer(new FrameBuilder().add('a').add('b').build(), () => undefined);
  await until(() => refused.length > 0);
  expect(refused).toMatchObject([{ rows: [0, 1], error: { code: 'ERR_TENON_CALL_FAILED' } }]);
  await manager.close();
});
