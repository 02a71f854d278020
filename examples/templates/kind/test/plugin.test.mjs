import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PluginHost } from 'tenon';

const file = fileURLToPath(new URL('../{{library}}', import.meta.url));
let host;
let plugin;

before(async () => {
  host = new PluginHost();
  // In the process tier, a crash of the plugin is an error and does not end the tests.
  plugin = await host.load(file, { isolation: 'process', timeout: 5000 });
});
after(() => host.close());

test('the plugin offers its kind', async () => {
  assert.equal(plugin.name, '{{name}}');
  assert.equal(plugin.manifest.kinds['{{kind}}'], '{{kindVersion}}');
  assert.equal(plugin.manifest.kindFacts.length, 1);
});

test('the plugin makes instances', async () => {
  const instance = await plugin.new();
  await instance.close();
});
