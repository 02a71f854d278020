import { expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { pluginsDir } from '../support/index.js';

test('closing one of two hosts does not affect the other', async () => {
  const [one, two] = [new PluginHost({ paths: [pluginsDir] }), new PluginHost({ paths: [pluginsDir] })];
  const [first, second] = await Promise.all([one.discover(), two.discover()]);
  expect(first.plugins.map((plugin) => plugin.name)).toEqual(second.plugins.map((plugin) => plugin.name));
  const counter = (await two.load('wordcount')).newSync();
  await one.close();
  expect(one.plugins).toEqual([]);
  expect(counter.callSync(Buffer.from('a b c d')).readBigUInt64LE(8)).toBe(4n);
  await two.close();
});

test('hosts with different trust policies admit and refuse the same file', async () => {
  await using lenient = new PluginHost({ paths: [pluginsDir] });
  await using strict = new PluginHost({ paths: [pluginsDir], trust: { digests: ['00'.repeat(32)] } });
  await expect(lenient.load('wordcount')).resolves.toMatchObject({ name: 'wordcount' });
  await expect(strict.load('wordcount')).rejects.toMatchObject({
    code: 'ERR_TENON_UNTRUSTED',
    gate: 'trust',
  });
});
