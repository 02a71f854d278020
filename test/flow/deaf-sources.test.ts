/** The drain of sources in TypeScript that cannot receive it. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { FrameBuilder, flow, World } from '../../src/flow/index.js';
import { Store, until } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

test.each([
  ['that replays is pulled no more', true],
  ['that cannot replay is pulled until it is idle', false],
])('a source without contraflow %s', async (_, replays) => {
  const store = new Store();
  /** The events that it has taken in. One that replays has more of them without an end. */
  let waiting = replays ? Number.POSITIVE_INFINITY : 5;
  let release: (() => void) | undefined;
  class Deaf {
    #at = 0n;
    connect() {
      return { replays };
    }
    async pull() {
      if (this.#at === 2n) await new Promise<void>((resolve) => (release = resolve));
      const frame = new FrameBuilder();
      if (waiting > 0) {
        waiting -= 1;
        this.#at += 1n;
        frame.add('x', { position: this.#at });
      }
      return frame.build({ state: waiting > 0 ? 'more' : 'idle' });
    }
  }
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: Deaf }).define('out', { plugin: store.sink });
  const running = await world.deploy(flow('deaf').from('in').to('out'));
  await until(() => store.rows.length === 2 && release !== undefined);
  const drained = running.drain({ timeout: 3_600_000 });
  release?.();
  expect(await drained).toEqual([]);
  expect(store.positions).toEqual(replays ? [1n, 2n, 3n] : [1n, 2n, 3n, 4n, 5n]);
});
