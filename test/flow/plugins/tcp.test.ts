/** Events over TCP: each connection is a stream, a source wakes its flow, and a sink connects again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { flow, Mark, World } from '../../../src/flow/index.js';
import { NativeSink, NativeSource } from '../../../src/flow/ports.js';
import { type Instance, PluginHost } from '../../../src/index.js';
import { compile, root, temporaryFolder, withAddon } from '../../support/index.js';
import { lacks } from '../../support/tools.js';
import { lines, Store, until } from '../doubles.js';
import { connectors, frameOf, TIERS } from './support.js';

/** Returns the port that the source reports. Without the addon, plugins cannot log. */
function portOf(host: PluginHost): Promise<number> {
  return new Promise((resolve) => {
    host.on('log', ({ message }) => {
      const found = /^tcp-source: listens on 127\.0\.0\.1, port (\d+)$/.exec(message);
      if (found !== null) resolve(Number(found[1]));
    });
  });
}

const dial = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
    onTestFinished(() => void socket.destroy());
  });

/** A server that keeps what it receives. */
async function listen(): Promise<{ server: Server; port: number; sockets: Socket[]; text: () => string }> {
  const sockets: Socket[] = [];
  let text = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, sockets, text: () => text };
}

/** Whether this machine can compile the interrupter, which needs Linux. */
const canInterrupt = process.platform === 'linux' && !lacks('cc');

/** Interrupts the system calls of all other threads until the test ends or the instance is closed. */
async function interrupter(): Promise<Instance> {
  const source = join(root, 'test', 'flow', 'fixtures', 'interrupter.c');
  const file = compile(temporaryFolder(), 'interrupter', readFileSync(source, 'utf8'), ['-D_GNU_SOURCE']);
  const host = new PluginHost();
  // It stays until the end of this process, because a signal may arrive after the instance is closed.
  process.on('SIGUSR2', () => undefined);
  onTestFinished(() => host.close());
  return await (await host.load(file)).new();
}

describe.runIf(withAddon)('tcp-source', () => {
  async function open(config: object = {}): Promise<{ source: NativeSource; port: number }> {
    const host = connectors();
    const port = portOf(host);
    const source = await new NativeSource(await host.load('tcp-source'), config).open();
    onTestFinished(() => source.close());
    await source.connect(new Map());
    return { source, port: await port };
  }

  /** Pulls until `count` bytes and `ends` ends of streams came. */
  async function take(
    source: NativeSource,
    count: number,
    ends: number,
    credit = { rows: 100, bytes: 1000 },
  ) {
    const streams = new Map<bigint, { text: string; mark: number; position: bigint }>();
    let [bytes, ended] = [0, 0];
    while (bytes < count || ended < ends) {
      const { wakes } = source;
      const frame = await source.pull(credit);
      expect(frame.rows).toBeLessThanOrEqual(credit.rows);
      expect(frame.size).toBeLessThanOrEqual(credit.bytes);
      bytes += frame.size;
      for (let row = 0; row < frame.rows; row++) {
        const { text } = streams.get(frame.streamOf(row)) ?? { text: '' };
        const mark = frame.markOf(row);
        if (mark === Mark.end || mark === Mark.broken) ended += 1;
        const position = frame.positionOf(row);
        streams.set(frame.streamOf(row), { text: text + frame.text(row), mark, position });
      }
      if (frame.state === 'idle' && (bytes < count || ended < ends)) await until(() => source.wakes > wakes);
    }
    return [...streams.values()];
  }

  test('has a stream for each connection, and keeps to the credit', async () => {
    const { source, port } = await open();
    const [one, two] = [await dial(port), await dial(port)];
    one.end('first connection');
    two.end('second');
    const streams = await take(source, 22, 2, { rows: 1, bytes: 5 });
    expect(streams.sort((a, b) => b.text.length - a.text.length)).toEqual([
      { text: 'first connection', mark: Mark.end, position: 16n },
      { text: 'second', mark: Mark.end, position: 6n },
    ]);
  });

  test('wakes its host for what comes later, and for another connection', async () => {
    const { source, port } = await open();
    const one = await dial(port);
    one.write('a');
    await take(source, 1, 0);
    one.write('b');
    const [first] = await take(source, 1, 0);
    expect(first).toEqual({ text: 'b', mark: Mark.piece, position: 2n });
    (await dial(port)).end('c');
    expect(await take(source, 1, 1)).toEqual([{ text: 'c', mark: Mark.end, position: 1n }]);
    one.resetAndDestroy();
    expect(await take(source, 0, 1)).toEqual([{ text: '', mark: Mark.broken, position: 2n }]);
  });

  test.runIf(canInterrupt)('is woken although signals have interrupted its wait', async () => {
    const { source, port } = await open();
    const one = await dial(port);
    one.write('a');
    await take(source, 1, 0);
    const signals = await interrupter();
    const rounds = (): bigint => Buffer.from(signals.callSync(new Uint8Array(0))).readBigUInt64LE();
    await until(() => rounds() > 5n);
    await signals.close();
    const { wakes } = source;
    one.write('b');
    await until(() => source.wakes > wakes);
    expect(await take(source, 1, 0)).toMatchObject([{ text: 'b' }]);
  });

  test('has so many connections at a time as its config says', async () => {
    const { source, port } = await open({ connections: 1 });
    const one = await dial(port);
    one.write('first ');
    await take(source, 6, 0);
    (await dial(port)).end('second');
    one.end('rest');
    const [rest, second] = await take(source, 10, 2);
    expect([rest?.text, second?.text]).toEqual(['rest', 'second']);
  });

  test('ends the streams of an earlier instance as cut off, and drains', async () => {
    const { source } = await open();
    await source.connect(
      new Map([
        [7n, 3n],
        [8n, 4n],
      ]),
    );
    const ended = await take(source, 0, 2);
    expect(ended.map(({ mark }) => mark)).toEqual([Mark.broken, Mark.broken]);
    await source.contraflow([{ what: 'drain' }]);
    expect((await source.pull({ rows: 1, bytes: 1 })).state).toBe('done');
  });

  test('says why it cannot listen', async () => {
    const { port } = await listen();
    const source = await new NativeSource(await connectors().load('tcp-source'), { port }).open();
    await expect(source.connect(new Map())).rejects.toMatchObject({
      ...{ status: 'TENON_CLOSED', message: expect.stringMatching(/cannot listen on 127\.0\.0\.1:\d+: /) },
    });
    await expect(source.pull({ rows: 1, bytes: 1 })).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    await source.close();
  });
});

describe('tcp-sink', () => {
  async function open(config: object): Promise<NativeSink> {
    const sink = await new NativeSink(await connectors().load('tcp-sink'), config).open();
    onTestFinished(() => sink.close());
    return sink;
  }
  const write = (sink: NativeSink, ...rows: string[]) => sink.write(frameOf(rows), 60_000);

  test('sends the bytes of all events, and notices that the other side has closed', async () => {
    const { port, sockets, text } = await listen();
    const sink = await open({ port });
    await expect(write(sink, 'x')).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    expect(await sink.connect()).toEqual({ replays: false, durable: false, remembers: false });
    expect(await write(sink, 'a\n', 'b\n')).toEqual([]);
    await until(() => text() === 'a\nb\n');
    sockets[0]?.end();
    const closed = async (): Promise<boolean> => {
      const answer = write(sink).then(
        () => undefined,
        (error: { status?: string }) => error.status,
      );
      return (await answer) === 'TENON_CLOSED';
    };
    while (!(await closed())) await new Promise((resolve) => setTimeout(resolve, 2));
    await sink.connect();
    await write(sink, 'c\n');
    await until(() => text() === 'a\nb\nc\n');
  });

  test.runIf(canInterrupt)('waits for room although signals interrupt that', async () => {
    // The server is another process, because a write in this tier blocks this one.
    const program = `require('node:net').createServer((socket) => {
      let bytes = 0;
      socket.pause().on('data', (part) => { bytes += part.length; }).on('end', () => console.log(bytes));
      setTimeout(() => socket.resume(), 200);
    }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void server.kill());
    const answer = async (): Promise<number> => Number(String((await once(server.stdout, 'data'))[0]));
    const sink = await open({ port: await answer() });
    await sink.connect();
    await interrupter();
    const size = 32 << 20; // more than the system takes while nothing is read
    expect(await write(sink, 'x'.repeat(size))).toEqual([]);
    const received = answer();
    await sink.close();
    expect(await received).toBe(size);
  });

  test('says why there is no connection', async () => {
    const { server, port } = await listen();
    await new Promise((resolve) => server.close(resolve));
    const sink = await open({ port });
    await expect(sink.connect()).rejects.toMatchObject({
      ...{ status: 'TENON_CLOSED', message: expect.stringMatching(/^.*127\.0\.0\.1:\d+: cannot connect: /s) },
    });
    await expect((await connectors().load('tcp-sink')).new({})).rejects.toThrow(/"port" is missing/);
  });
});

describe.runIf(withAddon).each(TIERS)('in the tier %s', (isolation) => {
  test('lines that one flow sends are the events of another', async () => {
    const path = join(temporaryFolder(), 'in.log');
    writeFileSync(
      path,
      lines(3000)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const host = connectors();
    const world = new World({ host, load: { isolation } });
    onTestFinished(() => world.close());
    const store = new Store();
    const found = portOf(host);
    world
      .define('receive', { plugin: 'tcp-source', preprocessors: ['lines'] })
      .define('store', { plugin: store.sink });
    const receiving = await world.deploy(flow('receive').from('receive').to('store'));
    world.define('in', { plugin: 'blaster', config: { path } });
    world.define('send', { plugin: 'tcp-sink', config: { port: await found }, postprocessors: ['lines'] });
    const sending = await world.deploy(flow('send').from('in').to('send'));
    expect(await sending.ended).toEqual([]);
    await until(() => receiving.metrics().delivered === 3000);
    expect(store.rows).toEqual(lines(3000));
    expect(await receiving.drain()).toEqual([]);
  });
});
