/** AbortSignals that many calls share. */
import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { type LoadOptions, PluginHost } from '../../src/index.js';
import { pluginFile, withAddon, withRunner } from '../support/index.js';

const TIERS: readonly (readonly [string, LoadOptions])[] = [
  ['inline', {}],
  ...(withAddon ? [['thread', { isolation: 'thread' }] as const] : []),
  ...(withAddon && withRunner ? [['process', { isolation: 'process' }] as const] : []),
  ...(withRunner ? [['pipe', { isolation: 'process', transport: 'pipe' }] as const] : []),
];

test.each(TIERS)(
  'many calls share one listener, which goes with the last of them: %s',
  async (_name, options) => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    await using host = new PluginHost();
    const plugin = await host.load(pluginFile('echo'), {
      ...options,
      ...(options.isolation && { timeout: 60_000 }),
    });
    const [one, other] = [await plugin.new(), await plugin.new()];
    const { signal } = new AbortController();
    const calls = Array.from({ length: 40 }, (_, i) =>
      (i % 2 ? one : other).call(Buffer.from('x'), { signal }),
    );
    expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1);
    await Promise.all(calls);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  },
);

test.each(TIERS.slice(1))('an abort rejects all calls that share the signal: %s', async (_name, options) => {
  await using host = new PluginHost();
  const plugin = await host.load(pluginFile('metronome'), options);
  const instances = await Promise.all(Array.from({ length: 3 }, () => plugin.new({ interval: 1 })));
  const controller = new AbortController();
  const { signal } = controller;
  const calls = instances.flatMap((one) => [1, 2, 3, 4].map(() => one.call(Buffer.from('x'), { signal })));
  const settled = Promise.allSettled(calls);
  const reason = new Error('enough');
  controller.abort(reason);
  for (const outcome of await settled)
    if (outcome.status === 'rejected' && (outcome.reason as Error).name !== 'TenonError')
      expect(outcome.reason).toBe(reason);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
