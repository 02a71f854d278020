/** Flows of nothing but connectors: the same comes out as went in, in order, whatever is killed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { filterFrame, flow, type RunningFlow } from '../../../src/flow/index.js';
import type { PluginHost } from '../../../src/index.js';
import { temporaryFolder, withRunner } from '../../support/index.js';
import { lines, Store, until } from '../doubles.js';
import { connectors, TIERS, worldWith } from './support.js';

const fileOf = (folder: string, rows: readonly string[]): string => {
  const path = join(folder, 'in.log');
  writeFileSync(path, rows.map((row) => `${row}\n`).join(''));
  return path;
};

const settled = (running: RunningFlow, count: number): Promise<void> =>
  until(() => running.metrics().in === count && running.metrics().inFlight === 0);

describe.each(TIERS)('in the tier %s', (isolation) => {
  test('a file passes through pieces, lines and a filter into another file, and is done', async () => {
    const folder = temporaryFolder();
    const path = fileOf(folder, lines(5000));
    const out = join(folder, 'out.log');
    const world = worldWith(connectors(), isolation);
    world.define('in', { plugin: 'blaster', config: { path, piece: 1000 }, preprocessors: ['lines'] });
    world.define('out', { plugin: 'file', config: { path: out }, postprocessors: ['lines'] });
    const odd = (frame: Parameters<typeof filterFrame>[0]) =>
      filterFrame(frame, (row) => frame.text(row).endsWith('1'));
    const running = await world.deploy(flow('copy').from('in').pipe(odd).to('out'));
    expect(await running.ended).toEqual([]);
    const expected = lines(5000).filter((line) => line.endsWith('1'));
    expect(readFileSync(out, 'utf8')).toBe(expected.map((line) => `${line}\n`).join(''));
    expect(running.metrics()).toMatchObject({
      in: 5000,
      delivered: 500,
      filtered: 4500,
      dead: 0,
      redelivered: 0,
    });
  });

  test('what gzip and lengths packed is unpacked to the same events', async () => {
    const folder = temporaryFolder();
    const path = fileOf(folder, lines(2000));
    const packed = join(folder, 'packed.gz');
    const world = worldWith(connectors(), isolation);
    world.define('in', { plugin: 'blaster', config: { path } });
    const stages = ['length-prefixed', 'gzip-stream'];
    world.define('packed', { plugin: 'file', config: { path: packed }, postprocessors: stages });
    const first = await world.deploy(flow('pack').from('in').to('packed', {}));
    expect(await first.ended).toEqual([]);
    expect(gunzipSync(readFileSync(packed)).subarray(0, 10).toString('latin1')).toBe('\0\0\0\x06line 1');
    const store = new Store();
    world.define('again', {
      ...{ plugin: 'blaster', config: { path: packed, piece: 100 } },
      preprocessors: ['gzip-stream', 'length-prefixed'],
    });
    world.define('store', { plugin: store.sink });
    const second = await world.deploy(flow('unpack').from('again').to('store'));
    expect(await second.ended).toEqual([]);
    expect(store.rows).toEqual(lines(2000));
  });

  test('a metronome ticks into a blackhole', async () => {
    const world = worldWith(connectors(), isolation, false);
    world.define('ticks', { plugin: 'metronome-source', config: { interval: 1, count: 20 } });
    world.define('out', { plugin: 'blackhole', config: { print: false } });
    const running = await world.deploy(flow('ticks').from('ticks').to('out'));
    expect(await running.ended).toEqual([]);
    expect(running.metrics()).toMatchObject({ in: 20, delivered: 20 });
  });

  test('a tail continues where the last flow stopped, in the middle of a line', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'in.log');
    writeFileSync(path, 'one\ntwo\nhal');
    const store = new Store();
    const world = worldWith(connectors(), isolation);
    world.define('in', { plugin: 'tail', config: { path }, preprocessors: ['lines'] });
    world.define('out', { plugin: store.sink });
    const first = await world.deploy(flow('tail').from('in').to('out'));
    await settled(first, 2);
    expect(await first.drain()).toEqual([]);
    expect(store.rows).toEqual(['one', 'two']);
    writeFileSync(path, 'f\nthree\n', { flag: 'a' });
    const second = await world.deploy(flow('tail').from('in').to('out'));
    await settled(second, 2);
    expect(await second.drain()).toEqual([]);
    expect(store.rows).toEqual(['one', 'two', 'half', 'three']);
  });
});

const kill = (host: PluginHost, name: string): void => {
  const pid = host.plugins.find((plugin) => plugin.name === name)?.process?.pid;
  if (pid === undefined || pid === null) return; // it is being restarted
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already, and its host does not know it yet.
  }
};

describe.runIf(withRunner)('in processes that are killed', () => {
  test.each(['blaster', 'lines', 'file'])('%s: nothing is lost, and the order is kept', async (victim) => {
    const folder = temporaryFolder();
    const count = 4000;
    const path = fileOf(folder, lines(count));
    const out = join(folder, 'out.log');
    const host = connectors();
    const world = worldWith(host, 'process');
    const reconnect = { first: 1, most: 20 };
    world.define('in', {
      plugin: 'blaster',
      config: { path, piece: 200 },
      preprocessors: ['lines'],
      reconnect,
    });
    world.define('out', { plugin: 'file', config: { path: out }, postprocessors: ['lines'], reconnect });
    const running = await world.deploy(
      flow('killed')
        .from('in', { inFlight: { rows: 50, bytes: 1000 } })
        .to('out'),
    );
    for (const part of [0.2, 0.5, 0.8]) {
      await until(() => running.metrics().delivered >= count * part);
      kill(host, victim);
    }
    expect(await running.ended).toEqual([]);
    const rows = readFileSync(out, 'utf8').split('\n').slice(0, -1);
    expect([...new Set(rows)]).toEqual(lines(count));
    expect(running.metrics()).toMatchObject({ in: count, delivered: count, dead: 0 });
  });
});
