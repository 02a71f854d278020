/** The memory of frames is used again only when nothing can read it any more. */
import { tracingChannel } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventFrame, flow, type SinkConnector } from '../../../src/flow/index.js';
import type { CallTrace } from '../../../src/index.js';
import { temporaryFolder } from '../../support/index.js';
import { Store } from '../doubles.js';
import { connectors, TIERS, worldWith } from './support.js';

/** Long lines, so that every frame is larger than what is recycled. */
const all = Array.from({ length: 4000 }, (_, index) => `${index} `.padEnd(1000, `${index % 10}`));

function input(): { folder: string; path: string } {
  const folder = temporaryFolder();
  const path = join(folder, 'in.log');
  writeFileSync(path, all.map((line) => `${line}\n`).join(''));
  return { folder, path };
}

const source = (path: string) => ({
  plugin: 'blaster',
  config: { path, piece: 100_000 },
  preprocessors: ['lines'],
});

/** Returns a class of sinks that keep all frames. */
function keeper(kept: EventFrame[]): new () => SinkConnector {
  return class {
    connect() {
      return { durable: true };
    }

    write(frame: EventFrame): undefined {
      kept.push(frame);
    }
  };
}

const strings = (frames: readonly EventFrame[]): string[] => frames.flatMap((frame) => frame.strings());

describe.each(TIERS)('in the tier %s', (isolation) => {
  test('a sink in TypeScript can keep every frame', async () => {
    const { path } = input();
    const kept: EventFrame[] = [];
    const world = worldWith(connectors(), isolation);
    world.define('in', source(path)).define('out', { plugin: keeper(kept) });
    const running = await world.deploy(flow('kept').from('in').to('out', {}));
    expect(await running.ended).toEqual([]);
    expect(kept.length).toBeGreaterThan(3);
    expect(strings(kept)).toEqual(all);
    expect(
      kept.flatMap((frame) => Array.from({ length: frame.rows }, (_, row) => frame.positionOf(row))),
    ).toEqual(all.map((_, index) => BigInt((index + 1) * 1001)));
  });

  test('a sink keeps frames that another one, a plugin, is done with, even if the first is not required', async () => {
    const { path } = input();
    const kept: EventFrame[] = [];
    const world = worldWith(connectors(), isolation);
    world.define('in', source(path)).define('fast', { plugin: 'blackhole', config: { print: false } });
    world.define('out', { plugin: keeper(kept) });
    const both = flow('both')
      .from('in')
      .to('fast')
      .to('out', { required: false, buffer: { rows: 10_000 } });
    const running = await world.deploy(both);
    expect(await running.ended).toEqual([]);
    expect(strings(kept)).toEqual(all);
    expect(running.metrics().delivered).toBe(all.length);
  });

  test('a stage in TypeScript can keep what it gets and what it returns', async () => {
    const { folder, path } = input();
    const kept: EventFrame[] = [];
    const out = join(folder, 'out.log');
    const world = worldWith(connectors(), isolation);
    world.define('in', source(path));
    world.define('out', { plugin: 'file', config: { path: out }, postprocessors: ['lines'] });
    const keep = (frame: EventFrame) => {
      kept.push(frame);
      return frame;
    };
    const running = await world.deploy(flow('stage').from('in').pipe(keep).to('out'));
    expect(await running.ended).toEqual([]);
    expect(strings(kept)).toEqual(all);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(path, 'utf8'));
  });

  test('rows that a slow sink refuses later are whole as dead letters, long after other sinks', async () => {
    const { path } = input();
    const refusing = new Store();
    const dead = new Store();
    refusing.onWrite = async (frame) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return Array.from({ length: frame.rows }, (_, row) => {
        const position = frame.positionOf(row);
        const what = position % 2n === 1n ? ('fail' as const) : ('ack' as const);
        return { what, status: 'TENON_INVALID' as const, stream: 0n, first: position, last: position };
      });
    };
    const world = worldWith(connectors(), isolation);
    world.define('in', source(path)).define('fast', { plugin: 'blackhole', config: { print: false } });
    world.define('out', { plugin: refusing.sink }).define('dead', { plugin: dead.sink });
    const running = await world.deploy(flow('dead').from('in').to('fast').to('out').errorsTo('dead'));
    expect(await running.ended).toEqual([]);
    expect(dead.rows).toEqual(all.filter((_, index) => ((index + 1) * 1001) % 2 === 1));
  });

  test('what only plugins see passes whole, while its memory is used again', async () => {
    const { folder, path } = input();
    const out = join(folder, 'out.log');
    const world = worldWith(connectors(), isolation);
    world.define('in', source(path));
    world.define('out', { plugin: 'file', config: { path: out }, postprocessors: ['lines'] });
    world.define('again', { plugin: 'blackhole', config: { print: false } });
    const running = await world.deploy(flow('native').from('in').to('out').to('again'));
    expect(await running.ended).toEqual([]);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(path, 'utf8'));
    expect(running.metrics()).toMatchObject({ in: all.length, delivered: all.length, inFlight: 0 });
  });

  test('a subscriber of the trace can keep the results of calls', async () => {
    const { path } = input();
    const kept: Buffer[] = [];
    const asyncEnd = ({ method, result }: CallTrace) => {
      if (method === 'preprocessor.process') kept.push(result as Buffer);
    };
    const channel = tracingChannel<'tenon.call', CallTrace>('tenon.call');
    const subscriber = { start() {}, end() {}, asyncStart() {}, asyncEnd, error() {} };
    channel.subscribe(subscriber as never);
    onTestFinished(() => void channel.unsubscribe(subscriber as never));
    const world = worldWith(connectors(), isolation);
    world.define('in', source(path)).define('out', { plugin: 'blackhole', config: { print: false } });
    const running = await world.deploy(flow('traced').from('in').to('out'));
    expect(await running.ended).toEqual([]);
    expect(strings(kept.map((bytes) => new EventFrame(bytes, 'a result')))).toEqual(all);
  });
});

test.runIf(TIERS.includes('process'))(
  'a stage that is killed gets what it held, although the flow is done with it',
  async () => {
    const { path } = input();
    const host = connectors();
    const store = new Store();
    let kills = 0;
    store.onWrite = (frame) => {
      store.take(frame);
      const { pid } = host.plugins.find(({ name }) => name === 'lines')?.process ?? {};
      try {
        if (pid !== undefined && pid !== null) kills += Number(process.kill(pid, 'SIGKILL'));
      } catch {
        // It has ended already, and its host does not know it yet.
      }
      return undefined;
    };
    const world = worldWith(host, 'process');
    world.define('in', source(path)).define('out', { plugin: store.sink });
    const inFlight = { rows: 100_000, bytes: 200_000 };
    const running = await world.deploy(flow('killed').from('in', { inFlight }).to('out'));
    expect(await running.ended).toEqual([]);
    expect(kills).toBeGreaterThan(5);
    expect(store.rows).toEqual(all);
  },
);
