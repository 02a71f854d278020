import { expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { pluginsDir, withAddon } from '../support/index.js';

test.runIf(withAddon)(
  'a listener of an event can call the instance that emitted it, and other instances',
  async () => {
    await using host = new PluginHost({ paths: [pluginsDir] });
    const metronome = await (await host.load('metronome')).new({ interval: 1 });
    const counter = await (await host.load('wordcount')).new();
    const seen = await new Promise<bigint[]>((resolve) => {
      const ticks: bigint[] = [];
      metronome.on('message', () => {
        ticks.push(metronome.callSync(Buffer.alloc(0)).readBigUInt64LE(0));
        expect(counter.callSync(Buffer.from('a b')).readBigUInt64LE(8)).toBe(2n);
        if (ticks.length === 5) resolve(ticks);
      });
    });
    expect(seen).toEqual([...seen].sort((a, b) => Number(a - b)));
    expect(seen[0]).toBeGreaterThan(0n);
  },
);

test.runIf(withAddon)('a listener can close the instance that emitted, and no event follows', async () => {
  await using host = new PluginHost({ paths: [pluginsDir] });
  const metronome = await (await host.load('metronome')).new({ interval: 1 });
  let events = 0;
  metronome.on('message', () => {
    events++;
    metronome.close();
  });
  await new Promise<void>((resolve) => metronome.once('close', () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(events).toBe(1);
});
