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

async function answer(config, input) {
  const instance = await plugin.new(config);
  try {
    return String(await instance.call(Buffer.from(input)));
  } finally {
    await instance.close();
  }
}

test('the plugin greets', async () => {
  assert.equal(plugin.name, '{{name}}');
  assert.equal(await answer(undefined, 'world'), 'Hello, world!');
});

test('the config sets the greeting', async () => {
  assert.equal(await answer({ greeting: 'Good morning' }, 'world'), 'Good morning, world!');
});

test('empty input is refused', async () => {
  await assert.rejects(answer(undefined, ''), { code: 'ERR_TENON_CALL_FAILED', status: 'TENON_INVALID' });
});
