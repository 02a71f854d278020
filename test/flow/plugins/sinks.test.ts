/** The sinks: what they answer, what is in the file, and what is measured. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nowNs } from '../../../src/flow/frame-builder.js';
import type { EventFrame } from '../../../src/flow/index.js';
import { NativeSink } from '../../../src/flow/ports.js';
import type { PluginHost } from '../../../src/index.js';
import { temporaryFolder, withAddon } from '../../support/index.js';
import { connectors, frameOf, TIERS } from './support.js';

async function open(plugin: string, config: object, host: PluginHost = connectors()): Promise<NativeSink> {
  const sink = await new NativeSink(await host.load(plugin), config).open();
  onTestFinished(() => sink.close());
  return sink;
}

const write = (sink: NativeSink, frame: EventFrame) => sink.write(frame, 60_000);

describe.each(TIERS)('in the tier %s, a sink', (isolation) => {
  test.each(['file', 'blackhole'])(
    '%s is closed until it is connected, and refuses wrong inputs',
    async (plugin) => {
      const loaded = await connectors().load(plugin, { isolation });
      const config = plugin === 'file' ? { path: join(temporaryFolder(), 'out') } : { print: false };
      const instance = await loaded.new(config);
      const call = (slot: number, bytes: Uint8Array) =>
        instance
          .method('sink/1', slot)
          .call(bytes)
          .then(
            () => 'TENON_OK',
            (error) => error.status,
          );
      const [connect, put, contraflow] = [0, 1, 2];
      const frame = frameOf(['x']).bytes;
      expect(await call(put, frame)).toBe('TENON_CLOSED');
      expect(await call(contraflow, Buffer.alloc(0))).toBe('TENON_CLOSED');
      expect(await call(connect, Buffer.alloc(1))).toBe('TENON_INVALID');
      expect(await call(connect, Buffer.alloc(0))).toBe('TENON_OK');
      expect(await call(contraflow, Buffer.alloc(33))).toBe('TENON_INVALID');
      expect(await call(contraflow, Buffer.alloc(32, 0xff))).toBe('TENON_OK');
      expect(await call(put, frame)).toBe('TENON_OK');
      await instance.close();
    },
  );
});

describe('file', () => {
  const path = () => join(temporaryFolder(), 'out');

  test('appends the bytes of all events, and is durable', async () => {
    const out = path();
    writeFileSync(out, 'before\n');
    const sink = await open('file', { path: out });
    expect(await sink.connect()).toEqual({ replays: false, durable: true, remembers: false });
    expect(await write(sink, frameOf(['a\n', '', 'b\n']))).toEqual([]);
    expect(await write(sink, frameOf([]))).toEqual([]);
    await write(sink, frameOf([Buffer.from([0, 255, 10])]));
    expect(readFileSync(out)).toEqual(
      Buffer.concat([Buffer.from('before\na\nb\n'), Buffer.from([0, 255, 10])]),
    );
  });

  test('has one writer: a second sink is closed until the first one ends', async () => {
    const out = path();
    const host = connectors();
    const [first, second] = [
      await open('file', { path: out }, host),
      await open('file', { path: out }, host),
    ];
    await first.connect();
    await first.connect();
    await expect(second.connect()).rejects.toMatchObject({
      status: 'TENON_CLOSED',
      message: expect.stringMatching(/which another sink writes/),
    });
    await first.close();
    await second.connect();
    await write(second, frameOf(['x']));
    expect(readFileSync(out, 'utf8')).toBe('x');
  });

  const bootId = '/proc/sys/kernel/random/boot_id';
  test.runIf(existsSync(bootId))('removes what a process that was killed began to write', async () => {
    const out = path();
    writeFileSync(out, 'whole\nto');
    const { dev, ino } = statSync(out, { bigint: true });
    const intent = Buffer.alloc(64);
    intent.write(readFileSync(bootId, 'latin1'));
    const lengths = (boot: string, length: bigint) => {
      intent.write(boot);
      for (const [index, value] of [dev, ino, length].entries())
        intent.writeBigUInt64LE(value, 40 + 8 * index);
      writeFileSync(`${out}.intent`, intent);
    };
    const opened = async (): Promise<string> => {
      const sink = await open('file', { path: out });
      await sink.connect();
      await write(sink, frameOf(['+']));
      await sink.close();
      expect(existsSync(`${out}.intent`)).toBe(false);
      return readFileSync(out, 'utf8');
    };
    lengths(readFileSync(bootId, 'latin1'), 2n ** 64n - 1n);
    expect(await opened()).toBe('whole\nto+');
    lengths(readFileSync(bootId, 'latin1'), 6n);
    expect(await opened()).toBe('whole\n+');
    lengths('another start of the system', 2n);
    expect(await opened()).toBe('whole\n++');
    writeFileSync(`${out}.intent`, 'nothing that it wrote');
    expect(await opened()).toBe('whole\n+++');
  });

  test('says why it cannot open its file', async () => {
    const folder = temporaryFolder();
    const missing = await open('file', { path: join(folder, 'none', 'out') });
    await expect(missing.connect()).rejects.toMatchObject({
      status: 'TENON_CLOSED',
      message: expect.stringMatching(/none\/out: cannot open the file/),
    });
    mkdirSync(join(folder, 'none'));
    await missing.connect();
    const device = await open('file', { path: '/dev/null' });
    await expect(device.connect()).rejects.toMatchObject({ status: 'TENON_INVALID' });
  });

  test('a config without a path, or with an unknown key, is refused', async () => {
    const loaded = await connectors().load('file');
    await expect(loaded.new({})).rejects.toThrow(/"path" is missing/);
    await expect(loaded.new({ path: '/x', flush: true })).rejects.toThrow(/unknown key 'flush'/);
  });
});

describe('blackhole', () => {
  const second = 1_000_000_000n;

  test('counts events and bytes, and has the percentiles of their times', async () => {
    const loaded = await connectors().load('blackhole');
    const instance = await loaded.new({ print: false });
    const [connect, put] = [instance.method('sink/1', 0), instance.method('sink/1', 1)];
    await connect.call(Buffer.alloc(0));
    const now = nowNs();
    const ages = (row: number) => ({ ingestNs: row < 90 ? now + second : now - 1000n * second });
    await put.call(frameOf(Array(100).fill('ten bytes!'), ages).bytes);
    await put.call(frameOf(['', ''], () => ({ ingestNs: now - 1000n * second })).bytes);
    const table = Buffer.from(await instance.call(Buffer.alloc(0))).toString();
    expect(table).toMatch(/^blackhole: 102 events, 1000 bytes, 2 frames/);
    const at = (name: string): number => Number(new RegExp(`^ +${name} +([\\d.]+)$`, 'm').exec(table)?.[1]);
    expect(at('50 %')).toBe(0);
    for (const name of ['90 %', '99 %', '99.99 %', 'all']) {
      expect(at(name)).toBeGreaterThanOrEqual(1000e6);
      expect(at(name)).toBeLessThan(1600e6);
    }
    await instance.close();
  });

  test.runIf(withAddon)('logs the table once when the flow ends, if it has received something', async () => {
    const host = connectors();
    const messages: string[] = [];
    host.on('log', ({ message }) => messages.push(message));
    const [used, unused] = [await open('blackhole', {}, host), await open('blackhole', {}, host)];
    await used.connect();
    await write(used, frameOf(['x']));
    await used.contraflow([{ what: 'drain' }]);
    await used.contraflow([{ what: 'drain' }]);
    await unused.connect();
    await unused.contraflow([{ what: 'drain' }]);
    await used.close();
    await unused.close();
    await host.close();
    expect(messages).toEqual([
      expect.stringMatching(/^blackhole: 1 events, 1 bytes, 1 frames\n.*microseconds/s),
    ]);
  });
});
