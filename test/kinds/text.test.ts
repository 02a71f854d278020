/** The kind `text` has one document, and its plugins in C, C++ and Rust give the same results in every tier. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type LoadOptions, PluginHost } from '../../src/index.js';
import { pluginFile, root, withAddon } from '../support/index.js';
import { text } from './text-kind.js';

test('the definition has the document that is checked in', () => {
  const file = readFileSync(join(root, 'examples/kinds/text.kind.json'), 'utf8');
  expect(text.toJSON()).toEqual(JSON.parse(file));
  expect(`${JSON.stringify(text, null, 2)}\n`).toBe(file);
  expect(text.range).toBe('1.x');
});

const host = new PluginHost();
afterAll(() => host.close());
const tiers = host.capabilities.isolation.flatMap((isolation): [string, LoadOptions][] =>
  isolation === 'process'
    ? host.capabilities.transports.map((transport) => [
        `${isolation} (${transport})`,
        { isolation, transport },
      ])
    : [[isolation, { isolation }]],
);
const cases = ['text', 'text-cpp', 'text-rs']
  .filter((name) => existsSync(pluginFile(name)))
  .flatMap((name) => tiers.map(([tier, options]) => [name, tier, options] as const));
const POEM = 'Tyger Tyger, burning bright,\nIn the forests of the night;\n\nWhät immortal hand or eye,';

describe.each(cases)('%s, %s', (name, _, options) => {
  test('finds, counts and returns lines', async () => {
    const plugin = await host.load(pluginFile(name), options);
    const instance = await plugin.new();
    const api = instance.as(text);
    const found = { total: 2, hits: [{ at: 0, line: 1 }], first: 'Tyger Tyger, burning bright,' };
    expect(await api.find({ text: POEM, needle: 'Tyger', limit: 1 })).toEqual(found);
    expect(instance.asSync(text).find({ text: POEM, needle: 'Tyger', limit: 1 })).toEqual(found);
    expect(await api.find({ text: POEM, needle: 'nowhere' })).toEqual({ total: 0, hits: [], first: '' });
    const inputs = ['the', 'ä', 'y'].map((needle) => ({ text: POEM, needle }));
    const each = await Promise.all(inputs.map((input) => api.find(input)));
    expect([...(await api.find.many(inputs))]).toEqual(each);
    expect(each.map(({ total }) => total)).toEqual([2, 1, 3]);
    expect(await api.count?.({ text: POEM })).toEqual({ words: 15n });
    await expect(api.find({ text: POEM, needle: '' })).rejects.toMatchObject({
      code: 'ERR_TENON_CALL_FAILED',
      status: 'TENON_INVALID',
    });
    const lines: [bigint, string][] = [];
    for await (const { at, line } of api.lines({ text: POEM }, { max: 2 })) lines.push([at, line]);
    expect(lines.map(([, line]) => line)).toEqual(POEM.split('\n'));
    expect(lines.map(([at]) => at)).toEqual([0n, 29n, 58n, 59n]);
    expect([...instance.asSync(text).lines({ text: POEM })].length).toBe(4);
    await plugin.close();
  });

  test.runIf(withAddon)('emits progress', async () => {
    const plugin = await host.load(pluginFile(name), options);
    const instance = await plugin.new();
    const seen: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      instance.onEvent(text, 'progress', (value) => {
        seen.push(value);
        if (seen.length === 2) resolve();
      });
    });
    const long = 'x'.repeat(2 ** 21 + 5);
    expect((await instance.as(text).find({ text: long, needle: 'y' })).total).toBe(0);
    await all;
    const of = BigInt(long.length);
    expect(seen).toEqual([
      { done: 2n ** 20n, of },
      { done: 2n ** 21n, of },
    ]);
    await plugin.close();
  });
});
