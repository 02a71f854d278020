/** The exchange of instances while a user makes another one. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CallCounter } from '../../src/host/call-stats.js';
import { Exchange } from '../../src/host/exchange.js';

type Parameters = ConstructorParameters<typeof Exchange>;

test('waits in turns of the event loop for an instance that is being made', async () => {
  let making = 1;
  const owner = {
    name: 'plugin',
    load: {},
    counter: new CallCounter(),
    closed: false,
    members: () => [],
    get making() {
      return making;
    },
  };
  const version = { manifest: {}, tier: {} };
  const exchange = new Exchange(
    owner as unknown as Parameters[0],
    version as unknown as Parameters[1],
    version as unknown as Parameters[2],
  );
  const finished = { making: -1 };
  const moved = exchange.move(true, () => {
    finished.making = making;
  });
  await delay(20);
  making = 0;
  await moved;
  expect(finished.making).toBe(0);
});
