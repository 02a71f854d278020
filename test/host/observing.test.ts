/** Monitoring: the events of a host, its statistics, and the tracing channel of calls. */
import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Batch, type HostEventMap, type Isolation, PluginHost, TenonError } from '../../src/index.js';
import {
  compile,
  faultFile,
  pluginFile,
  pluginsDir,
  temporaryFolder,
  withAddon,
  withRunner,
} from '../support/index.js';

const TIERS: readonly Isolation[] = [
  'inline',
  ...(withAddon ? (['thread'] as const) : []),
  ...(withRunner ? (['process'] as const) : []),
];
const bytes = (text: string) => Buffer.from(text);

/** The source of a plugin whose `new` logs and fails if it gets no config, and whose calls fail. */
const FAILING = `#include "tenon.h"
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t n, void **state, tenon_out *error) {
  (void)config; *state = NULL;
  if (n != 0) return TENON_OK;
  host->log(host, TENON_LOG_ERROR, "missing config", 14);
  return tenon_fail(error, TENON_FAILED, "no config");
}
static tenon_status call(void *s, const uint8_t *in, size_t n, tenon_out *out) {
  (void)s; (void)in; (void)n;
  return tenon_fail(out, TENON_FAILED, "never");
}
TENON_PLUGIN("failing", "1.0.0", make, tenon_drop_nothing, call);`;
const failing = () => compile(temporaryFolder(), 'failing', FAILING);

/** Subscribes to events of a host and returns an array that collects them, each with its name. */
function listen(host: PluginHost, ...names: (keyof HostEventMap)[]) {
  const heard: Record<string, unknown>[] = [];
  for (const name of names) host.on(name, (event: object) => heard.push({ ...event, name }));
  return heard;
}

describe('the events of a host', () => {
  test.skipIf(!withAddon).each(TIERS)(
    'contain the plugin and the instance that emitted a message (%s)',
    async (isolation) => {
      await using host = new PluginHost({ paths: [pluginsDir] });
      const plugin = await host.load('metronome', { isolation });
      const heard = listen(host, 'message');
      const first = await plugin.new({ interval: 1 });
      const second = await plugin.new({ interval: 1 });
      await Promise.all([once(first, 'message'), once(second, 'message')]);
      await vi.waitFor(() => expect(new Set(heard.map(({ instance }) => instance))).toEqual(new Set([1, 2])));
      expect([first.id, second.id]).toEqual([1, 2]);
      expect(heard[0]).toEqual({
        name: 'message',
        plugin: 'metronome',
        instance: expect.any(Number),
        data: expect.any(Buffer),
      });
    },
  );

  test.skipIf(!withRunner)(
    'report crashes, restarts and states of a plugin in the process tier',
    async () => {
      await using host = new PluginHost();
      const plugin = await host.load(faultFile('process-segfault'), { isolation: 'process' });
      const instance = await plugin.new();
      const heard = listen(host, 'crash', 'restart', 'state');
      await expect(instance.call(bytes('x'))).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
      await vi.waitFor(() => expect(plugin.state).toBe('running'));
      await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ to: 'running', generation: 2 }));
      const { name } = plugin;
      expect(heard).toEqual([
        {
          name: 'crash',
          plugin: name,
          instance: null,
          report: expect.objectContaining({ signal: 'SIGSEGV' }),
        },
        expect.objectContaining({
          name: 'state',
          plugin: name,
          instance: null,
          from: 'running',
          to: 'crashed',
        }),
        expect.objectContaining({ name: 'state', to: 'backing-off' }),
        { name: 'restart', plugin: name, instance: null, generation: 2, delay: 0 },
        expect.objectContaining({ name: 'state', to: 'starting' }),
        expect.objectContaining({ name: 'state', to: 'running', generation: 2 }),
      ]);
      await plugin.close();
      expect(heard.filter((event) => event.name === 'crash')).toHaveLength(1);
    },
  );

  test.skipIf(!withAddon).each(TIERS)('report what a failing new logs (%s)', async (isolation) => {
    await using host = new PluginHost();
    const heard = listen(host, 'log');
    const plugin = await host.load(failing(), { isolation });
    await expect(plugin.new()).rejects.toMatchObject({ code: 'ERR_TENON_NEW_FAILED' });
    await vi.waitFor(() => expect(heard).toHaveLength(1));
    expect(heard[0]).toEqual({
      ...{ name: 'log', plugin: 'failing', instance: 1, level: 'error' },
      message: 'missing config',
    });
  });

  test('with unknown names are refused, with a suggestion', async () => {
    await using host = new PluginHost({ paths: [pluginsDir] });
    const plugin = await host.load('echo');
    const instance = await plugin.new();
    const on = (emitter: object, name: string) => () =>
      (emitter as { on(name: string, listener: () => void): void }).on(name, () => undefined);
    for (const [emitter, name, meant] of [
      [host, 'crashed', 'crash'],
      [plugin, 'states', 'state'],
      [instance, 'event', 'message'],
      [instance, 'logs', 'log'],
    ] as const) {
      expect(on(emitter, name)).toThrow(
        expect.objectContaining({
          code: 'ERR_TENON_INVALID_ARGUMENT',
          message: expect.stringMatching(new RegExp(`not '${name}'\\. Did you mean '${meant}'\\?$`)),
        }),
      );
    }
    on(instance, 'error')();
  });
});

describe('statistics', () => {
  test.each(TIERS)('count calls, failures and bytes of every kind of call (%s)', async (isolation) => {
    await using host = new PluginHost({ paths: [pluginsDir] });
    const plugin = await host.load('wordcount', { isolation });
    expect(plugin.stats()).toMatchObject({ calls: 0, failures: 0, instances: 0, latency: null, inFlight: 0 });
    const instance = await plugin.new();
    instance.callSync(bytes('one two'));
    await instance.call(bytes('three'));
    instance.callManySync(Batch.fromLines('a\nb\n'));
    await instance.callMany(Batch.fromLines('c d\n'));
    await instance.method('something').call(bytes('x'));
    const pending = instance.call(bytes('y'));
    if (isolation !== 'inline') expect(plugin.stats().inFlight).toBe(1);
    await pending;
    const stats = plugin.stats();
    expect(stats).toMatchObject({
      ...{ name: 'wordcount', isolation, state: 'running', instances: 1, calls: 6, failures: 0, inFlight: 0 },
      ...{ bytesIn: 7 + 5 + 2 + 3 + 1 + 1, restarts: 0 },
    });
    expect(stats.bytesOut).toBe(3 * 8 * 7);
    expect(stats.latency).toMatchObject({ samples: 6 });
    expect(stats.latency?.min).toBeGreaterThan(0);
    expect(stats.latency?.p50).toBeLessThanOrEqual(stats.latency?.max ?? 0);
    expect(stats.rss === null).toBe(isolation !== 'process');
    await instance.close();
    expect(plugin.stats().instances).toBe(0);
  });

  test.each(TIERS)('count failed calls and calls after close (%s)', async (isolation) => {
    await using host = new PluginHost();
    const plugin = await host.load(failing(), { isolation });
    const instance = await plugin.new({});
    expect(() => instance.callSync(bytes('x'))).toThrow(TenonError);
    await expect(instance.call(bytes('x'))).rejects.toThrow(TenonError);
    await instance.close();
    await expect(instance.call(bytes('x'))).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
    expect(plugin.stats()).toMatchObject({ calls: 3, failures: 3, bytesIn: 0, bytesOut: 0 });
  });

  test.skipIf(!withRunner)('count restarts', async () => {
    await using host = new PluginHost();
    const plugin = await host.load(faultFile('process-segfault'), { isolation: 'process' });
    const instance = await plugin.new();
    await instance.call(bytes('x')).catch(() => undefined);
    await vi.waitFor(() =>
      expect(plugin.stats()).toMatchObject({ restarts: 1, calls: 1, failures: 1, state: 'running' }),
    );
    expect(host.stats()).toMatchObject({ pid: process.pid, plugins: [{ name: plugin.name, restarts: 1 }] });
  });

  test('count every call, and time every call up to 256 and then one in 64', async () => {
    await using host = new PluginHost({ paths: [pluginsDir] });
    const plugin = await host.load('echo');
    const instance = await plugin.new();
    for (let i = 0; i < 10_000; i++) instance.callSync(bytes('x'));
    const { calls, latency, bytesIn } = plugin.stats();
    expect({ calls, bytesIn }).toEqual({ calls: 10_000, bytesIn: 10_000 });
    expect(latency?.samples).toBe(256 + Math.floor((10_000 - 256) / 64));
  });
});

describe('the tracing channel of calls', () => {
  const seen: { event: string; context: Record<string, unknown> }[] = [];
  const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
  const handlers = Object.fromEntries(
    names.map((event) => [event, (context: object) => void seen.push({ event, context: { ...context } })]),
  ) as unknown as Record<(typeof names)[number], (context: object) => void>;
  const channel = tracingChannel('tenon.call');
  const events = () => seen.map(({ event }) => event);

  afterEach(() => {
    channel.unsubscribe(handlers);
    seen.length = 0;
  });

  test.each(TIERS)(
    'has an event for each call while it has a subscriber, and none before or after (%s)',
    async (isolation) => {
      await using host = new PluginHost({ paths: [pluginsDir] });
      const instance = await (await host.load('echo', { isolation })).new();
      instance.callSync(bytes('before'));
      channel.subscribe(handlers);
      instance.callSync(bytes('12345'));
      expect(events()).toEqual(['start', 'end']);
      expect(seen[0]?.context).toEqual({
        plugin: 'echo',
        instance: 1,
        method: 'something',
        inputSize: 5,
        messages: null,
      });
      expect(String(seen[1]?.context.result)).toBe('12345');
      seen.length = 0;
      await instance.callMany(Batch.fromLines('a\nb\n'));
      expect(events()).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
      expect(seen[0]?.context).toMatchObject({ inputSize: 2, messages: 2 });
      seen.length = 0;
      await instance.close();
      await expect(instance.call(bytes('x'))).rejects.toThrow();
      expect(events()).toContain('error');
      expect(seen.find(({ event }) => event === 'error')?.context.error).toMatchObject({
        code: 'ERR_TENON_CLOSED',
      });
      channel.unsubscribe(handlers);
      seen.length = 0;
      expect(() => instance.callSync(bytes('after'))).toThrow();
      expect(seen).toEqual([]);
    },
  );

  test('has events for typed calls', async () => {
    const { defineKind, method } = await import('../../src/index.js');
    const math = defineKind({
      name: 'math',
      version: '1.0.0',
      methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
    });
    await using host = new PluginHost();
    const plugin = await host.load(pluginFile('math'));
    const instance = await plugin.new();
    const api = instance.asSync(math);
    channel.subscribe(handlers);
    expect(api.min({ a: 4, b: 3 })).toEqual({ result: 3 });
    expect(await instance.as(math).min({ a: 4, b: 5 })).toEqual({ result: 4 });
    expect(seen.filter(({ event }) => event === 'start').map(({ context }) => context.method)).toEqual([
      'math.min',
      'math.min',
    ]);
    expect(plugin.stats().calls).toBe(2);
  });
});

test.runIf(!withAddon)('a listener for messages causes a warning without the addon', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  await using host = new PluginHost({ paths: [pluginsDir] });
  const instance = await (await host.load('echo')).new();
  instance.on('message', () => undefined);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('Messages of plugin echo never arrive'), {
    type: 'TenonWarning',
    code: 'TENON_NO_MESSAGES',
  });
  warn.mockRestore();
});
