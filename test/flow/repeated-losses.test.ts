/** Connections that are lost again and again before anything got through. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ConnectorContext, emptyFrame, failure, flow, World } from '../../src/flow/index.js';
import { Feed, lines, Store, until } from './doubles.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

/** No attempt after the first pause is made within a test. */
const reconnect = { first: 3_600_000, growth: 1, most: 3_600_000 };

function world(): World {
  const made = new World();
  onTestFinished(() => made.close());
  return made;
}

test('a sink that takes rows and is gone before it answers them is not connected in a hot loop', async () => {
  let connects = 0;
  class Gone {
    readonly #wake: () => void;
    constructor(_config: unknown, { wake }: ConnectorContext) {
      this.#wake = wake;
    }
    connect() {
      connects += 1;
      return undefined;
    }
    write() {
      setImmediate(this.#wake);
      return [{ what: 'pending' as const }];
    }
    contraflow(): never {
      throw failure('TENON_CLOSED', 'gone');
    }
  }
  const made = world().define('in', { plugin: new Feed(lines(3)).source });
  made.define('out', { plugin: Gone, reconnect });
  const running = await made.deploy(flow('gone').from('in').to('out'));
  await until(() => connects === 2 && running.metrics().sinks.out?.circuit === 'reconnecting');
  await sleep(20);
  expect(connects).toBe(2);
  await running.close();
});

test('a source that connects, is idle and is gone is not connected in a hot loop', async () => {
  let connects = 0;
  class Gone {
    readonly #wake: () => void;
    #pulls = 0;
    constructor(_config: unknown, { wake }: ConnectorContext) {
      this.#wake = wake;
    }
    connect() {
      connects += 1;
      this.#pulls = 0;
      return undefined;
    }
    pull() {
      this.#pulls += 1;
      if (this.#pulls > 1) throw failure('TENON_CLOSED', 'gone');
      setImmediate(this.#wake);
      return emptyFrame({ state: 'idle' });
    }
  }
  const made = world().define('in', { plugin: Gone, reconnect });
  made.define('out', { plugin: new Store().sink });
  const running = await made.deploy(flow('gone').from('in').to('out'));
  await until(() => connects === 2 && running.metrics().blockedOn?.why === 'closed');
  await sleep(20);
  expect(connects).toBe(2);
  await running.close();
});
