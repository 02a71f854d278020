/** The connectors for JetStream, with a real server: redelivery, restarts, a full stream, messages of others. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Flow, flow, type RunningFlow, World } from '../../src/flow/index.js';
import { root, temporaryFolder } from '../support/index.js';
import { Feed, lines, Store, until } from './doubles.js';
import { NatsServer, withoutNats } from './nats.js';

vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

const reconnect = { first: 10, most: 100 };
const FAST = 3_600_000;

function worldOf(connectors: Record<string, { plugin: unknown; config?: object }>): World {
  const world = new World();
  onTestFinished(() => world.close());
  for (const [name, definition] of Object.entries(connectors))
    world.define(name, { reconnect, ...definition } as never);
  return world;
}

/** Runs a flow from a feed into a stream. */
async function storing(server: NatsServer, feed: Feed, plan: Flow = flow('store').from('in').to('out')) {
  const config = { servers: server.address, subject: 'events', retry: 10 };
  return await worldOf({ in: { plugin: feed.source }, out: { plugin: 'jetstream', config } }).deploy(plan);
}

/** Runs a flow from a stream into a store. */
async function reading(server: NatsServer, store: Store, options: object = {}): Promise<RunningFlow> {
  const config = { servers: server.address, stream: 'events', consumer: 'workers', ...options };
  const world = worldOf({ in: { plugin: 'jetstream', config }, out: { plugin: store.sink } });
  return await world.deploy(flow('read').from('in').to('out'));
}

describe.skipIf(withoutNats !== '')(`JetStream${withoutNats}`, () => {
  test('a flow stores frames, another reads them, and nothing is left in the consumer', async () => {
    const server = await NatsServer.start();
    const manager = await server.stream('events');
    const feed = new Feed(lines(1000));
    feed.most = 100;
    expect(await (await storing(server, feed)).ended).toEqual([]);
    expect((await manager.streams.info('events')).state.messages).toBe(10);
    const store = new Store();
    const running = await reading(server, store, { ackWait: FAST });
    await until(() => running.metrics().delivered === 1000);
    expect(await running.drain()).toEqual([]);
    expect(store.rows).toEqual(lines(1000));
    const { num_pending, num_ack_pending } = await manager.consumers.info('events', 'workers');
    expect([num_pending, num_ack_pending]).toEqual([0, 0]);
  });

  test('frames that are written again are dropped by the server', async () => {
    const server = await NatsServer.start();
    const manager = await server.stream('events');
    for (let round = 0; round < 2; round++) {
      const feed = new Feed(lines(10));
      feed.most = 2;
      await (await storing(server, feed)).ended;
    }
    expect((await manager.streams.info('events')).state.messages).toBe(5);
  });

  test('a frame that is too large is split, and a row that never fits is a dead letter', async () => {
    const server = await NatsServer.start();
    const manager = await server.stream('events');
    const feed = new Feed(['x'.repeat(700_000), 'y'.repeat(700_000), 'z'.repeat(2_000_000), 'end']);
    const dead = new Store();
    const config = { servers: server.address, subject: 'events' };
    const world = worldOf({
      in: { plugin: feed.source },
      out: { plugin: 'jetstream', config },
      dead: { plugin: dead.sink },
    });
    await (await world.deploy(flow('large').from('in').to('out').errorsTo('dead'))).ended;
    expect(dead.positions).toEqual([3n]);
    const store = new Store();
    const running = await reading(server, store);
    await until(() => running.metrics().delivered === 3);
    expect(store.rows.map((row) => row[0])).toEqual(['x', 'y', 'e']);
    expect((await manager.streams.info('events')).state.messages).toBeGreaterThan(1);
  });

  test('a full stream holds the flow back, and nothing is dropped', async () => {
    const server = await NatsServer.start();
    await server.stream('events', { retention: 'workqueue', discard: 'new', max_msgs: 3 } as never);
    const feed = new Feed(lines(200));
    feed.most = 10;
    const plan = flow('full')
      .from('in', { inFlight: { rows: 20, bytes: 10_000 } })
      .to('out');
    const writing = await storing(server, feed, plan);
    await until(() => writing.metrics().source.state === 'full');
    expect(writing.metrics().delivered).toBeLessThanOrEqual(40);
    const store = new Store();
    const running = await reading(server, store, { prefetch: 1 });
    expect(await writing.ended).toEqual([]);
    await until(() => running.metrics().delivered === 200);
    expect(store.rows).toEqual(lines(200));
  });

  test('a message of another program is one event, and a malformed frame, too, with its reason', async () => {
    const server = await NatsServer.start();
    await server.stream('events');
    const js = jetstream(await server.connection());
    await js.publish('events', 'plain');
    const head = headers();
    head.set('Tenon-Frame', '1');
    await js.publish('events', new Uint8Array(88).fill(255), { headers: head });
    await js.publish('events', '');
    const store = new Store();
    const running = await reading(server, store);
    await until(() => running.metrics().delivered === 3);
    expect([store.rows[0], store.rows[2]]).toEqual(['plain', '']);
    expect(JSON.parse(store.metas[1] ?? '')).toMatchObject({ code: 'ERR_TENON_CONTRACT' });
  });

  test('a message with more events than the credit is read in parts', async () => {
    const server = await NatsServer.start();
    const manager = await server.stream('events');
    await (await storing(server, new Feed(lines(100)))).ended;
    const config = { servers: server.address, stream: 'events', consumer: 'workers' };
    const store = new Store();
    const world = worldOf({ in: { plugin: 'jetstream', config }, out: { plugin: store.sink } });
    const plan = flow('small')
      .from('in', { inFlight: { rows: 7, bytes: 1000 } })
      .to('out');
    const running = await world.deploy(plan);
    await until(() => running.metrics().delivered === 100);
    expect(await running.drain()).toEqual([]);
    expect(store.rows).toEqual(lines(100));
    expect((await manager.consumers.info('events', 'workers')).num_ack_pending).toBe(0);
  });

  test('a server that is killed and started again in the middle loses nothing', async () => {
    const server = await NatsServer.start();
    await server.stream('events');
    const feed = new Feed(lines(2000));
    feed.most = 20;
    const store = new Store();
    const running = await reading(server, store, { ackWait: 2000 });
    const writing = await storing(server, feed);
    await until(() => store.rows.length > 200);
    await server.kill();
    await server.run();
    expect(await writing.ended).toEqual([]);
    await until(() => new Set(store.rows).size === 2000);
    expect(new Set(store.rows)).toEqual(new Set(lines(2000)));
    await running.close();
  });

  test('an outage is not a failure of the events: one attempt is enough to survive it', async () => {
    const server = await NatsServer.start();
    await server.stream('events');
    const feed = new Feed(lines(10));
    feed.most = 2;
    feed.ends = false;
    const plan = flow('outage').from('in').to('out', { attempts: 1 });
    const writing = await storing(server, feed, plan);
    await until(() => writing.metrics().delivered === 10);
    await server.kill();
    feed.add('during');
    await until(() => writing.metrics().sinks.out?.circuit === 'reconnecting' || writing.state === 'blocked');
    await server.run();
    await until(() => writing.metrics().delivered === 11 || writing.state === 'blocked');
    expect(writing.metrics()).toMatchObject({ delivered: 11, dead: 0 });
    expect(await writing.drain()).toEqual([]);
  });

  test.each(['killed', 'stopped'])('flows end although the server is %s', async (how) => {
    const server = await NatsServer.start();
    await server.stream('events');
    const feed = new Feed(lines(1));
    feed.ends = false;
    const [writing, running] = [await storing(server, feed), await reading(server, new Store())];
    await until(() => running.metrics().delivered === 1);
    if (how === 'killed') await server.kill();
    else await server.stop();
    expect(await writing.close()).toEqual([]);
    expect(await running.close()).toEqual([]);
  });

  test('without a server, the flow waits for it', async () => {
    const server = await NatsServer.start();
    await server.kill();
    const feed = new Feed(lines(3));
    const writing = await storing(server, feed);
    expect(writing.metrics().blockedOn).toMatchObject({ name: 'out', why: 'closed' });
    await server.run();
    await server.stream('events');
    expect(await writing.ended).toEqual([]);
  });

  test('of three hosts that share a consumer, one is killed: its frames go to the others', async () => {
    const server = await NatsServer.start();
    const manager = await server.stream('events');
    const total = 3000;
    const feed = new Feed(lines(total));
    feed.most = 10;
    await (await storing(server, feed)).ended;
    await manager.consumers.add('events', {
      durable_name: 'workers',
      ack_policy: 'explicit',
      ack_wait: 2e9,
    } as never);
    const folder = temporaryFolder();
    const workers = [1, 2, 3].map((index) => startWorker(folder, index, server.address));
    const rows = () => workers.flatMap(({ out }) => rowsOf(out));
    // The server does not promise a fair share: any of them may be the first.
    const busy = () => workers.find(({ out }) => rowsOf(out).length > 50);
    await until(() => busy() !== undefined);
    const killed = busy();
    killed?.child.kill('SIGKILL');
    await until(() => new Set(rows()).size === total);
    expect(new Set(rows())).toEqual(new Set(lines(total)));
    for (const worker of workers) {
      if (worker === killed) continue;
      worker.child.kill('SIGTERM');
      expect(await worker.ended).toBe(0);
    }
    expect((await manager.consumers.info('events', 'workers')).num_pending).toBe(0);
  });
});

const rowsOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];

/** Starts a host of its own that appends what it reads to a file. */
function startWorker(folder: string, index: number, servers: string) {
  const [file, out] = [join(folder, `${index}.mjs`), join(folder, `${index}.txt`)];
  const config = JSON.stringify({ servers, stream: 'events', consumer: 'workers', prefetch: 4 });
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    class Append {
      connect() { return { durable: true }; }
      async write(frame) {
        await sleep(2);
        appendFileSync(${JSON.stringify(out)}, frame.strings().map((row) => row + '\\n').join(''));
      }
    }
    export default {
      connectors: { in: { plugin: 'jetstream', config: ${config} }, out: { plugin: Append } },
      flow: { name: 'worker', from: 'in', inFlight: { rows: 40 }, to: ['out'] },
    };`,
  );
  const main = join(root, 'dist', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, 'run', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { child, ended, out };
}

test.each<[string, object, string]>([
  ['source', { consumer: 'c' }, 'config.stream'],
  ['source', { stream: 's', consumer: 'c', prefetch: 0 }, 'config.prefetch'],
  ['source', { stream: 's', consumer: 'c', ackWiat: 1 }, 'config.ackWiat'],
  ['sink', {}, 'config.subject'],
  ['sink', { subject: 's', retry: -1 }, 'config.retry'],
])('a %s with the config %j is refused at the deployment', async (which, config, argument) => {
  const jet = { plugin: 'jetstream', config };
  const world = worldOf(
    which === 'source'
      ? { in: jet, out: { plugin: new Store().sink } }
      : { in: { plugin: new Feed().source }, out: jet },
  );
  await expect(world.deploy(flow('x').from('in').to('out'))).rejects.toMatchObject({
    code: 'ERR_TENON_INVALID_ARGUMENT',
    argument,
  });
});

test('options of loading are refused for a connector in TypeScript', () => {
  expect(() => worldOf({ in: { plugin: 'jetstream', load: {} } as never })).toThrow(/only for plugins/);
});
