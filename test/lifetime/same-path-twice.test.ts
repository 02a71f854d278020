import { expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { pluginFile, pluginsDir } from '../support/index.js';

test('loading a path twice returns two handles, and closing one does not close the other', async () => {
  await using host = new PluginHost();
  const [one, two] = await Promise.all([
    host.load(pluginFile('wordcount')),
    host.load(pluginFile('wordcount')),
  ]);
  expect(one).not.toBe(two);
  expect(one.manifest.digest).toBe(two.manifest.digest);
  const [first, second] = [one.newSync(), two.newSync()];
  one.close();
  expect(first.closed).toBe(true);
  expect(second.callSync(Buffer.from('a b')).readBigUInt64LE(8)).toBe(2n);
  expect(host.manifests).toHaveLength(1);
});

test('two instances of a plugin have separate state', async () => {
  await using host = new PluginHost({ paths: [pluginsDir] });
  const plugin = await host.load('wordcount');
  const [all, long] = [plugin.newSync(), plugin.newSync({ minLength: 3 })];
  expect(all.callSync(Buffer.from('a bb ccc')).readBigUInt64LE(8)).toBe(3n);
  expect(long.callSync(Buffer.from('a bb ccc')).readBigUInt64LE(8)).toBe(1n);
});
