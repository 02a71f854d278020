/** A sink that answers each row alone. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { FrameBuilder, flow, World } from '../../src/flow/index.js';
import { Store } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

test('a sink may answer each row of a large frame alone, of many streams and in any order', async () => {
  const rows = 60_000;
  const store = new Store();
  store.onWrite = (frame) =>
    Array.from({ length: frame.rows }, (_, index) => {
      const row = frame.rows - 1 - index;
      return { what: 'ack' as const, stream: frame.streamOf(row), first: frame.positionOf(row) };
    });
  class Streams {
    connect() {
      return { replays: true };
    }
    pull() {
      const builder = new FrameBuilder();
      for (let row = 0; row < rows; row++)
        builder.add('x', { stream: BigInt(row % 3), position: BigInt(row >> 1) * 3n + BigInt(row % 3) });
      return builder.build({ state: 'done' });
    }
  }
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: Streams }).define('out', { plugin: store.sink });
  const running = await world.deploy(flow('each').from('in').to('out'));
  expect(await running.ended).toEqual([]);
  expect(running.metrics()).toMatchObject({ in: rows, delivered: rows, inFlight: 0, redelivered: 0 });
});
