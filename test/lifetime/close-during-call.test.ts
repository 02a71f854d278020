import { expect, test } from 'vitest';
import { Batch, PluginHost } from '../../src/index.js';
import { pluginsDir } from '../support/index.js';

test('a call returns its result even if the instance is closed in the same tick', async () => {
  await using host = new PluginHost({ paths: [pluginsDir] });
  const counter = await (await host.load('wordcount')).new();
  const answer = counter.call(Buffer.from('one two three\n'));
  const many = counter.callMany(Batch.fromLines('a b\nc\n'));
  counter.close();
  expect((await answer).readBigUInt64LE(8)).toBe(3n);
  expect((await many).failed).toBe(0);
  expect(() => counter.callSync(Buffer.from('x'))).toThrow(
    expect.objectContaining({ code: 'ERR_TENON_CLOSED' }),
  );
});

test('a listener of an event can close the host', async () => {
  await using host = new PluginHost({ paths: [pluginsDir] });
  if (!host.capabilities.events) return;
  const metronome = await (await host.load('metronome')).new({ interval: 1 });
  await new Promise<void>((resolve) => {
    metronome.once('message', () => {
      void host.close();
      resolve();
    });
  });
  expect(metronome.closed).toBe(true);
  await expect(host.load('wordcount')).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
});

test('a call whose argument closes the instance when it is read is refused', async () => {
  await using host = new PluginHost({ paths: [pluginsDir] });
  const counter = await (await host.load('wordcount')).new();
  const hostile = new Proxy(new Uint8Array(4), {
    get(target, key) {
      counter.close();
      return Reflect.get(target, key, target);
    },
  });
  expect(() => counter.callSync(hostile)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^ERR_TENON_(INVALID_ARGUMENT|CLOSED)$/) }),
  );
});
