/** Results whose memory the caller transfers to another thread. */
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type Instance, type LoadOptions, PluginHost } from '../../src/index.js';
import { pluginFile, withAddon, withRunner } from '../support/index.js';

const TIERS: readonly (readonly [string, LoadOptions])[] = [
  ['inline', {}],
  ...(withAddon ? [['thread', { isolation: 'thread' }] as const] : []),
  ...(withAddon && withRunner ? [['process', { isolation: 'process' }] as const] : []),
  ...(withRunner ? [['pipe', { isolation: 'process', transport: 'pipe' }] as const] : []),
];

/** Tries to move the memory away. Node.js refuses it, or ignores the request. */
function transfer(result: Uint8Array): void {
  const { port1, port2 } = new MessageChannel();
  for (const move of [
    () => port1.postMessage(result, [result.buffer as ArrayBuffer]),
    () => structuredClone(result, { transfer: [result.buffer as ArrayBuffer] }),
  ]) {
    try {
      move();
    } catch {
      // DataCloneError, or in structuredClone of Node.js 20 an error without a name.
    }
  }
  port1.close();
  port2.close();
}

async function results(instance: Instance, text: string): Promise<Uint8Array[]> {
  const input = Buffer.from(text);
  return [instance.callSync(input), await instance.call(input), ...(await instance.callMany(batchOf(input)))];
}

const batchOf = (input: Uint8Array) => ({ offsets: new Int32Array([0, input.length]), data: input }) as never;

test.each(TIERS)('a transferred result does not empty those of others: %s', async (_name, options) => {
  await using host = new PluginHost();
  const echo = await (await host.load(pluginFile('echo'), options)).new();
  const other = await (await host.load(pluginFile('wordcount'), options)).new();
  for (const size of [1, 18, 1000, 1024, 1025, 5000, 200_000]) {
    const text = 'x'.repeat(size);
    const kept = await results(echo, text);
    const counted = other.callSync(Buffer.from('one two'));
    const before = counted.toString();
    for (const result of await results(echo, text)) transfer(result);
    transfer(other.callSync(Buffer.from('one')));
    expect(kept.map(String)).toEqual(kept.map(() => (kept[0] as Uint8Array).toString()));
    expect(kept.map((result) => result.length)).toEqual([size, size, size]);
    expect(counted.toString()).toBe(before);
    expect(echo.callSync(Buffer.from('after')).toString()).toBe('after');
  }
});

test.each(TIERS)(
  'nothing of a method gives access to memory that native code keeps: %s',
  async (_name, options) => {
    await using host = new PluginHost();
    const instance = await (await host.load(pluginFile('math'), options)).new();
    const method = instance.method('something');
    expect(Object.keys(method)).toEqual([]);
    expect('record' in method).toBe(false);
  },
);
