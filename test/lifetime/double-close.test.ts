import { expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { pluginsDir } from '../support/index.js';

test('a repeated close of an instance, a plugin or a host has no effect', async () => {
  const host = new PluginHost({ paths: [pluginsDir] });
  const plugin = await host.load('wordcount');
  const instance = await plugin.new();
  let closed = 0;
  instance.on('close', () => closed++);
  instance.close();
  instance.close();
  plugin.close();
  plugin.close();
  await host.close();
  await host.close();
  instance.close();
  expect(closed).toBe(1);
  expect(host.plugins).toEqual([]);
});

test('calls of a closed handle throw ERR_TENON_CLOSED, and its manifest stays readable', async () => {
  const host = new PluginHost({ paths: [pluginsDir] });
  const plugin = await host.load('gzip');
  const instance = await plugin.new();
  const method = instance.method('codec/1', 0);
  await host.close();
  const closed = expect.objectContaining({ code: 'ERR_TENON_CLOSED' });
  expect(() => instance.callSync(new Uint8Array(1))).toThrow(closed);
  await expect(instance.call(new Uint8Array(1))).rejects.toEqual(closed);
  expect(() => method.callSync(new Uint8Array(1))).toThrow(closed);
  expect(() => plugin.newSync()).toThrow(closed);
  await expect(plugin.new()).rejects.toEqual(closed);
  await expect(host.discover()).rejects.toEqual(closed);
  expect(plugin.manifest.name).toBe('gzip');
  expect(host.manifests.map((manifest) => manifest.name)).toEqual(['gzip']);
});
