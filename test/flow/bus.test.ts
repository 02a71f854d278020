/** The message bus. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MessageBus } from '../../src/flow/index.js';
import { type Instance, PluginHost } from '../../src/index.js';
import { compile, pluginFile, root, temporaryFolder, withAddon } from '../support/index.js';
import { lacks } from '../support/tools.js';
import { until } from './doubles.js';

async function members(count: number): Promise<{ instances: Instance[]; heard: string[][] }> {
  const source = readFileSync(join(root, 'test', 'flow', 'fixtures', 'listener.c'), 'utf8');
  const host = new PluginHost();
  onTestFinished(() => host.close());
  const plugin = await host.load(compile(temporaryFolder(), 'listener', source));
  const instances = await Promise.all(Array.from({ length: count }, () => plugin.new()));
  const heard = instances.map((instance) => {
    const messages: string[] = [];
    instance.on('message', (data) => messages.push(data.toString()));
    return messages;
  });
  return { instances, heard };
}

describe.runIf(withAddon && !lacks('cc'))('a message bus', () => {
  test('sends each message to all members, in order', async () => {
    const { instances, heard } = await members(3);
    const bus = new MessageBus();
    for (const instance of instances) bus.join(instance).join(instance);
    const words = ['one', 'two', 'three'];
    const outcomes = await Promise.all(words.map((word) => bus.send(Buffer.from(word))));
    expect(outcomes).toEqual(words.map(() => ({ delivered: 3, failed: [] })));
    await until(() => heard.every((messages) => messages.length === 3));
    expect(heard).toEqual([words, words, words]);
  });

  test('reports members that fail, and forgets those that leave or close', async () => {
    const { instances } = await members(3);
    const bus = new MessageBus();
    for (const instance of instances) bus.join(instance);
    const { delivered, failed } = await bus.send(Buffer.from('fail'));
    expect(delivered).toBe(0);
    expect(failed.map(({ error }) => error.status)).toEqual(['TENON_FAILED', 'TENON_FAILED', 'TENON_FAILED']);
    await instances[0]?.close();
    expect(bus.size).toBe(2);
    expect(await bus.send(Buffer.from('leave'))).toEqual({ delivered: 0, failed: [] });
    expect(bus.size).toBe(0);
  });

  test('refuses an instance without the kind', async () => {
    const host = new PluginHost();
    onTestFinished(() => host.close());
    const instance = await (await host.load(pluginFile('echo'))).new();
    expect(() => new MessageBus().join(instance)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_MISSING_KIND' }),
    );
  });
});
