/** Durations of any size in every option that takes one: none fires at once, none is rounded to nothing. */
import { describe, expect, test } from 'vitest';
import { settingsOf } from '../../src/check/settings.js';
import { type HostOptions, type Instance, type LoadOptions, PluginHost } from '../../src/index.js';
import { pluginFile, withAddon, withRunner } from '../support/index.js';

const LARGE = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53, 1e300, Number.POSITIVE_INFINITY];
const WRONG: readonly unknown[] = [-1, Number.NaN, Number.NEGATIVE_INFINITY, '5', 5n, null, [5], new Date(5)];

const TIERS: readonly (readonly [string, LoadOptions])[] = [
  ...(withAddon ? [['thread', { isolation: 'thread' }] as const] : []),
  ...(withAddon && withRunner ? [['process', { isolation: 'process' }] as const] : []),
  ...(withRunner ? [['pipe', { isolation: 'process', transport: 'pipe' }] as const] : []),
];

/** The options of `load` for a duration; null where the tier does not have them. */
const durationsOf = (ms: unknown, { isolation }: LoadOptions): object =>
  isolation === 'thread'
    ? { timeout: ms }
    : {
        ...{ timeout: ms, startTimeout: ms, grace: ms },
        restart: { within: ms, healthyAfter: ms, backoff: { initial: ms, max: ms } },
      };

async function callEveryWay(instance: Instance, timeout?: number): Promise<void> {
  const input = Buffer.from('x');
  const options = timeout === undefined ? undefined : { timeout };
  expect(instance.callSync(input, options).toString()).toBe('x');
  expect((await instance.call(input, options)).toString()).toBe('x');
  const together = Array.from({ length: 20 }, () => instance.call(input, options));
  expect(String(await Promise.all(together))).toBe(String(together.map(() => 'x')));
}

describe.each(TIERS)('a duration in the tier %s', (_name, options) => {
  test.each(LARGE)('may be %d ms', async (ms) => {
    await using host = new PluginHost({ probe: { mode: 'always', timeout: ms } });
    const plugin = await host.load(pluginFile('echo'), { ...options, ...durationsOf(ms, options) });
    const instance = await plugin.new();
    await callEveryWay(instance);
    await callEveryWay(instance, ms);
    if (options.isolation === 'process') await plugin.restart();
    await callEveryWay(instance, ms);
    await instance.close();
  });

  test.each(WRONG)('is refused if it is %s', async (ms) => {
    await using host = new PluginHost();
    const refused = { code: 'ERR_TENON_INVALID_ARGUMENT', message: expect.stringContaining('milliseconds') };
    for (const [name, value] of Object.entries(durationsOf(ms, options))) {
      if (name === 'restart') continue;
      const loading = host.load(pluginFile('echo'), { ...options, [name]: value as number });
      await expect(loading).rejects.toMatchObject({ ...refused, argument: name });
    }
    const instance = await (await host.load(pluginFile('echo'), options)).new();
    const call = instance.call(Buffer.from('x'), { timeout: ms as number });
    await expect(call).rejects.toMatchObject({ ...refused, argument: 'timeout' });
  });
});

test.each(WRONG)('all validators refuse %s in the same words', (ms) => {
  const refused = expect.objectContaining({
    message: expect.stringContaining('must be a number of milliseconds'),
  });
  expect(() => new PluginHost({ probe: { timeout: ms } } as HostOptions)).toThrow(refused);
  expect(() => settingsOf({ timeout: ms as number })).toThrow(refused);
});

test('all validators accept the same durations', () => {
  for (const timeout of [...LARGE, 0.5, Number.MIN_VALUE]) {
    expect(settingsOf({ timeout }).timeout).toBe(timeout);
    new PluginHost({ probe: { timeout } });
  }
});

test.runIf(withAddon)('a message rounds the timeout of a call that waited', async () => {
  await using host = new PluginHost();
  const plugin = await host.load(pluginFile('echo'), { isolation: 'thread' });
  const instance = await plugin.new();
  const late = instance.callSync.bind(instance, Buffer.from('x'), { timeout: 1e-300 });
  const said = await instance
    .call(Buffer.from('x'), { timeout: 1e-300 })
    .then(late, (error: Error) => error.message);
  expect(String(said)).not.toMatch(/\d\.\d{4,} ms/);
});
