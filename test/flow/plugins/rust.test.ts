/** The connectors and stages in Rust: CSV, a filter of JSON, a metronome and a blackhole. */
import { describe, expect, test } from 'vitest';
import { flow, World } from '../../../src/flow/index.js';
import { CODEC, PREPROCESSOR, SINK } from '../../../src/flow/kinds.js';
import { NativeSource } from '../../../src/flow/ports.js';
import { type Instance, PluginHost } from '../../../src/index.js';
import { pluginsDir, withAddon } from '../../support/index.js';
import { needs } from '../../support/tools.js';
import { Feed, Store } from '../doubles.js';
import { connectors, connectorsDir, frameOf, read, TIERS } from './support.js';

async function open(plugin: string, config: object = {}): Promise<Instance> {
  return await (await connectors().load(plugin)).new(config);
}

describe('csv', needs('cargo'), () => {
  const decode = async (config: object, record: string): Promise<unknown> => {
    const instance = await open('csv', config);
    try {
      const json = Buffer.from(await instance.as(CODEC).decode(Buffer.from(record))).toString();
      return json === '' ? undefined : JSON.parse(json);
    } catch (error) {
      return (error as Error).message;
    } finally {
      await instance.close();
    }
  };
  const encode = async (config: object, value: unknown): Promise<string> => {
    const instance = await open('csv', config);
    try {
      return Buffer.from(await instance.as(CODEC).encode(Buffer.from(JSON.stringify(value)))).toString();
    } catch (error) {
      return (error as Error).message;
    } finally {
      await instance.close();
    }
  };

  test.each<[config: object, record: string, value: unknown]>([
    [{}, 'a,"b ""c""",,"d\ne"\r\n', ['a', 'b "c"', '', 'd\ne']],
    [{ delimiter: ';' }, 'a,b;c', ['a,b', 'c']],
    [{ columns: ['x', 'y'] }, '1,2', { x: '1', y: '2' }],
    [{}, '', undefined],
    [{ columns: ['x'] }, '1,2', expect.stringMatching(/has 2 fields, expected 1/)],
    [{}, 'a\nb', expect.stringMatching(/more than one record/)],
    [{}, '\xff', ['\xff']],
  ])('with %j decodes %j', async (config, record, value) => {
    expect(await decode(config, record)).toEqual(value);
  });

  test.each<[config: object, value: unknown, record: string]>([
    [{}, ['a', 'b "c"', null, 1.5, true, { d: [1] }], 'a,"b ""c""",,1.5,true,"{""d"":[1]}"'],
    [{ columns: ['x', 'y'] }, { y: 'b' }, ',b'],
    [{}, [], ''],
    [{}, {}, expect.stringMatching(/must be an array/) as unknown as string],
    [{ columns: ['x'] }, { z: 1 }, expect.stringMatching(/member "z" is not a column/) as unknown as string],
  ])('with %j encodes %j', async (config, value, record) => {
    expect(await encode(config, value)).toEqual(record);
  });

  test('refuses a delimiter that is not one character', async () => {
    const loaded = await connectors().load('csv');
    for (const delimiter of ['', ';;', 'é', '"'])
      await expect(loaded.new({ delimiter })).rejects.toThrow(/must be one ASCII character/);
  });
});

describe('json-filter', needs('cargo'), () => {
  const kept = async (config: object): Promise<string[]> => {
    const instance = await open('json-filter', config);
    const events = ['{"a":1}', '{"a":{"b":null}}', '{"a":"x"}', '[]'];
    const made = read(await instance.as(PREPROCESSOR).process(frameOf(events).bytes));
    await instance.close();
    return made.strings();
  };

  test.each<[config: object, kept: string[]]>([
    [{}, ['{"a":1}', '{"a":{"b":null}}', '{"a":"x"}', '[]']],
    [{ pointer: '/a' }, ['{"a":1}', '{"a":{"b":null}}', '{"a":"x"}']],
    [{ pointer: '/a', equals: 1 }, ['{"a":1}']],
    [{ pointer: '/a', in: ['x', 2] }, ['{"a":"x"}']],
    [{ pointer: '/a/b', equals: null }, ['{"a":{"b":null}}']],
    [{ pointer: '/a', equals: 1, not: true }, ['{"a":{"b":null}}', '{"a":"x"}', '[]']],
  ])('with %j keeps %j', async (config, expected) => {
    expect(await kept(config)).toEqual(expected);
  });

  test('keeps positions, times and metadata', async () => {
    const instance = await open('json-filter', { pointer: '/b' });
    const options = (row: number) => ({
      position: BigInt(10 * row),
      ingestNs: BigInt(row),
      meta: row,
      stream: 3n,
    });
    const frame = frameOf(['{"b":0}', '{"a":1}', '{"b":2}'], options);
    const made = read(await instance.as(PREPROCESSOR).process(frame.bytes));
    expect(made.strings()).toEqual(['{"b":0}', '{"b":2}']);
    expect([made.positionOf(1), made.ingestOf(1), made.metaOf(1), made.streamOf(1)]).toEqual([
      20n,
      2n,
      '2',
      3n,
    ]);
    await instance.close();
  });

  test.each([['{"pointer":"a"}'], ['{"path":"/a"}'], ['[1']])('refuses the config %s', async (config) => {
    const loaded = await connectors().load('json-filter');
    await expect(loaded.new(config)).rejects.toMatchObject({ status: 'TENON_INVALID' });
  });

  test('an event that is not JSON becomes a dead letter, and the others pass', async () => {
    const world = new World({ host: connectors() });
    const feed = new Feed(['{"a":1}', 'broken', '{"b":1}', '{"a":2}']);
    const [store, dead] = [new Store(), new Store()];
    world.define('in', { plugin: feed.source });
    world.define('out', { plugin: store.sink }).define('dead', { plugin: dead.sink });
    const stage = { plugin: 'json-filter', config: { pointer: '/a' } };
    const running = await world.deploy(flow('filter').from('in').pipe(stage).to('out').errorsTo('dead'));
    expect(await running.ended).toEqual([]);
    expect([store.rows, dead.rows]).toEqual([['{"a":1}', '{"a":2}'], ['broken']]);
    expect(running.metrics()).toMatchObject({ in: 4, delivered: 2, filtered: 1, dead: 1 });
    await world.close();
  });
});

describe('blackhole-rs', needs('cargo'), () => {
  test('is closed until it is connected, and has the percentiles', async () => {
    const instance = await open('blackhole-rs', { print: false });
    const { connect, write, contraflow } = instance.as(SINK);
    const frame = frameOf(['abc', 'de'], () => ({ ingestNs: 0n }));
    await expect(write(frame.bytes)).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    await expect(contraflow(Buffer.alloc(0))).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    await expect(connect(Buffer.alloc(1))).rejects.toMatchObject({ status: 'TENON_INVALID' });
    expect(Buffer.from(await connect(Buffer.alloc(0)))).toEqual(Buffer.from([8, 0, 0, 0, 2, 0, 0, 0]));
    await write(frame.bytes);
    await expect(contraflow(Buffer.alloc(31))).rejects.toMatchObject({ status: 'TENON_INVALID' });
    const table = Buffer.from(await instance.call(Buffer.alloc(0))).toString();
    expect(table).toMatch(
      /^blackhole-rs: 2 events, 5 bytes, 1 frames\n.*microseconds\n {6}50 % +\d{16}\.\d{3}/s,
    );
    await instance.close();
  });
});

describe.runIf(withAddon).each(TIERS)('metronome-rs as a source in the tier %s', (isolation) => {
  test('wakes its flow, and is done after its count', needs('cargo'), async () => {
    const host = new PluginHost({ paths: [pluginsDir, connectorsDir] });
    const world = new World({ host, load: { isolation } });
    const store = new Store();
    world.define('ticks', { plugin: 'metronome-rs', config: { interval: 1, count: 5 } });
    world.define('out', { plugin: store.sink });
    const running = await world.deploy(flow('ticks').from('ticks').to('out'));
    expect(await running.ended).toEqual([]);
    // Ticks before the flow was connected are not events of it.
    const last = store.rows.map((row) => JSON.parse(row).tick as number);
    expect(last).toEqual([1, 2, 3, 4, 5].slice(5 - last.length));
    expect(store.positions).toEqual(last.map(BigInt));
    await world.close();
    await host.close();
  });

  test('keeps to the credit, continues after a tick, and drains', needs('cargo'), async () => {
    const host = new PluginHost({ paths: [pluginsDir] });
    const plugin = await host.load('metronome-rs', { isolation });
    const source = await new NativeSource(plugin, { interval: 1 }).open();
    await expect(source.pull({ rows: 1, bytes: 1 })).rejects.toMatchObject({ status: 'TENON_CLOSED' });
    await source.connect(new Map([[0n, 1_000_000n]]));
    const rows: string[] = [];
    while (rows.length < 3) {
      const frame = await source.pull({ rows: 1, bytes: 5 });
      expect(frame.rows).toBeLessThanOrEqual(1);
      rows.push(...frame.strings());
    }
    expect(rows).toEqual(['{"tick":1000001}', '{"tick":1000002}', '{"tick":1000003}']);
    await source.contraflow([{ what: 'drain' }]);
    let state = '';
    while (state !== 'done') ({ state } = await source.pull({ rows: 1000, bytes: 100_000 }));
    await source.close();
    await host.close();
  });
});
