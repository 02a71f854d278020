/** The drain of a flow that is full. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { failure, flow, World } from '../../src/flow/index.js';
import { Feed, lines, Store, until } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

test.each<[what: string, answer: 'TENON_CLOSED' | 'TENON_INVALID']>([
  ['has no connection', 'TENON_CLOSED'],
  ['is blocked by a row', 'TENON_INVALID'],
])('a drain does not wait for its timeout if the flow is full and its sink %s', async (_, answer) => {
  const [feed, store] = [new Feed(lines(10)), new Store()];
  store.onWrite = () => {
    throw failure(answer, 'no');
  };
  const world = new World();
  onTestFinished(() => world.close());
  world.define('in', { plugin: feed.source });
  world.define('out', { plugin: store.sink, reconnect: { first: 3_600_000, most: 3_600_000 } });
  const running = await world.deploy(
    flow('full')
      .from('in', { inFlight: { rows: 2 } })
      .to('out'),
  );
  await until(() => running.metrics().source.state === 'full');
  await until(() => running.metrics().blockedOn?.why === (answer === 'TENON_CLOSED' ? 'closed' : 'row'));
  const left = await running.drain({ timeout: 3_600_000 });
  expect(left).toEqual([{ source: 'in', stream: 0n, first: 1n, last: 2n, rows: 2 }]);
});
