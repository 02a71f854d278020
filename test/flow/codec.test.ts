/** Codecs before and after a flow, and postprocessors. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { type EventFrame, FrameBuilder, flow, NOWHERE, World } from '../../src/flow/index.js';
import { shaperOf } from '../../src/flow/shaper.js';
import { Shipment } from '../../src/flow/shipment.js';
import type { FlowStage } from '../../src/flow/stage.js';
import { PluginHost } from '../../src/index.js';
import { pluginsDir, temporaryFolder } from '../support/index.js';
import { Feed, lines, Store } from './doubles.js';

function setting(): World {
  const host = new PluginHost({ paths: [pluginsDir] });
  const world = new World({ host, state: temporaryFolder() });
  onTestFinished(async () => {
    await world.close();
    await host.close();
  });
  return world;
}

test('a codec encodes each event before a sink', async () => {
  const world = setting();
  const feed = new Feed(lines(20));
  const store = new Store();
  const packed: Uint8Array[] = [];
  store.onWrite = (frame) => {
    for (let row = 0; row < frame.rows; row++) packed.push(Uint8Array.from(frame.row(row)));
    return undefined;
  };
  world.define('in', { plugin: feed.source }).define('out', { plugin: store.sink, codec: 'gzip' });
  const running = await world.deploy(flow('encode').from('in').to('out'));
  expect(await running.ended).toEqual([]);
  expect(packed.map((bytes) => gunzipSync(bytes).toString())).toEqual(lines(20));
  expect(running.metrics()).toMatchObject({ in: 20, delivered: 20, inFlight: 0 });
});

test('a codec decodes each event after a source; what it refuses is dead, and what is empty is left out', async () => {
  const world = setting();
  const values = ['one', '', 'three'];
  const bytes = [...values.map((value) => gzipSync(value)), Buffer.from('not gzip')];
  class Packed {
    connect() {
      return { replays: true };
    }
    pull() {
      const builder = new FrameBuilder();
      for (const [index, one] of bytes.entries()) builder.add(one, { position: BigInt(index + 1) });
      return builder.build({ state: 'done' });
    }
  }
  const store = new Store();
  const dead = new Store();
  world.define('in', { plugin: Packed, codec: 'gzip' }).define('out', { plugin: store.sink });
  world.define('dead', { plugin: dead.sink });
  const running = await world.deploy(flow('decode').from('in').to('out').errorsTo('dead'));
  expect(await running.ended).toEqual([]);
  expect(store.rows).toEqual(['one', 'three']);
  expect(store.positions).toEqual([1n, 3n]);
  expect(dead.rows).toEqual(['not gzip']);
  expect(JSON.parse(dead.metas[0] ?? '')).toMatchObject({ position: '4', status: 'TENON_INVALID' });
  expect(running.metrics()).toMatchObject({ in: 3, delivered: 2, dead: 1 });
});

/** A stage that joins two rows each: it holds every other one. */
class Pairs implements FlowStage {
  readonly name = 'pairs';
  readonly perStream = true;
  #held: { text: string; position: bigint } | null = null;

  async process(frame: EventFrame) {
    const builder = new FrameBuilder();
    for (let row = 0; row < frame.rows; row++) {
      const text = frame.text(row);
      if (this.#held === null) this.#held = { text, position: frame.positionOf(row) };
      else {
        builder.add(`${this.#held.text}+${text}`, { position: frame.positionOf(row) });
        this.#held = null;
      }
    }
    const held = this.#held?.position ?? NOWHERE;
    return { frames: builder.rows === 0 ? [] : [builder.build({ held })], dead: [], held };
  }

  async finish() {
    const frames = this.#held === null ? [] : [new FrameBuilder().add(this.#held.text).build()];
    return { frames, dead: [], held: NOWHERE };
  }

  async close(): Promise<void> {}
}

test('events inside a postprocessor have not ended until what came out of it is delivered', async () => {
  const shaper = shaperOf([new Pairs()]);
  const ended: string[] = [];
  const settle = (name: string) => (rows: readonly number[] | null) =>
    void ended.push(`${name}:${rows ?? 'all'}`);
  const rowsAt = (position: bigint, ...rows: string[]): EventFrame => {
    const builder = new FrameBuilder();
    for (const [index, row] of rows.entries()) builder.add(row, { position: position + BigInt(index) });
    return builder.build();
  };
  const first = await shaper?.shape(new Shipment(rowsAt(1n, 'a', 'b', 'c'), settle('first')));
  expect(first?.shipments.map(({ frame }) => frame.strings())).toEqual([['a+b']]);
  first?.shipments[0]?.endAll('delivered');
  expect(ended).toEqual([]);
  const second = await shaper?.shape(new Shipment(rowsAt(4n, 'd'), settle('second')));
  expect(second?.shipments.map(({ frame }) => frame.strings())).toEqual([['c+d']]);
  second?.shipments[0]?.endAll('delivered');
  expect(ended).toEqual(['first:all', 'second:all']);
  const third = await shaper?.shape(new Shipment(rowsAt(5n, 'e'), settle('third')));
  expect(third?.shipments).toEqual([]);
  const rest = await shaper?.finish();
  expect(rest?.shipments.map(({ frame }) => frame.strings())).toEqual([['e']]);
  rest?.shipments[0]?.endAll('delivered');
  expect(ended).toEqual(['first:all', 'second:all', 'third:all']);
});
