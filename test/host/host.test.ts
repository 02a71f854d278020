import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type HostOptions, PluginHost, TenonError } from '../../src/index.js';
import {
  answering,
  compile,
  folderWith,
  pluginFile,
  pluginsDir,
  temporaryFolder,
  withAddon,
  withRunner,
} from '../support/index.js';

describe('discover', () => {
  test('finds the example plugins, with their manifests', async () => {
    await using host = new PluginHost({ paths: [pluginsDir] });
    const { plugins, refused, shadowed } = await host.discover();
    const names = plugins.map((plugin) => plugin.name);
    expect(names).toEqual(expect.arrayContaining(['gzip', 'math', 'metronome', 'wordcount']));
    expect([refused, shadowed]).toEqual([[], []]);
    expect(host.manifests.map((manifest) => manifest.name)).toEqual(names);
    expect(host.plugins).toEqual(plugins);
    const math = plugins.find((plugin) => plugin.name === 'math');
    expect(math?.manifest).toMatchObject({
      language: 'c',
      abi: '1.0.0',
      described: true,
      kinds: { math: expect.stringMatching(/^1\./) },
    });
    expect(math?.manifest.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('reports an invalid file and loads the others', async () => {
    const folder = folderWith(pluginFile('wordcount'), pluginFile('math'));
    writeFileSync(join(folder, 'aaa.so'), 'not a library');
    await using host = new PluginHost({ paths: [folder, join(folder, 'none')] });
    const { plugins, refused } = await host.discover();
    expect(plugins.map((plugin) => plugin.name)).toEqual(['math', 'wordcount']);
    expect(refused.map((error) => [error.code, error.path])).toEqual(
      expect.arrayContaining([
        ['ERR_TENON_NOT_A_LIBRARY', join(folder, 'aaa.so')],
        ['ERR_TENON_NOT_FOUND', join(folder, 'none')],
      ]),
    );
    expect(refused.every((error) => error instanceof TenonError)).toBe(true);
  });

  test('loads the first of two plugins with the same name', async () => {
    const folder = temporaryFolder();
    compile(folder, 'b', answering('same', 'second'));
    compile(folder, 'a', answering('same', 'first'));
    await using host = new PluginHost({ paths: [folder] });
    const { plugins, shadowed } = await host.discover();
    expect(plugins.map((plugin) => String(plugin.newSync().callSync(new Uint8Array(0))))).toEqual(['first']);
    expect(shadowed).toMatchObject([
      { code: 'ERR_TENON_SHADOWED', gate: 'register', path: join(folder, 'b.so') },
    ]);
  });
});

describe('load', () => {
  test('takes a path or the name of a plugin, which need not be the name of its file', async () => {
    const folder = temporaryFolder();
    compile(folder, 'libsome-file', answering('inner-name', 'x'));
    await using host = new PluginHost({ paths: [folder] });
    expect((await host.load('inner-name')).name).toBe('inner-name');
    expect((await host.load(join(folder, 'libsome-file.so'))).name).toBe('inner-name');
    await expect(host.load('some-file')).rejects.toMatchObject({ code: 'ERR_TENON_NOT_FOUND' });
  });

  test('refuses an unknown name and lists the plugins that it found', async () => {
    await using host = new PluginHost({ paths: [folderWith(pluginFile('math'))] });
    await expect(host.load('maht')).rejects.toMatchObject({
      code: 'ERR_TENON_NOT_FOUND',
      message: expect.stringMatching(/It contains: math/),
    });
  });

  test.each([[''], ['a\0b'], [5], [null], [undefined]])('refuses %j as an invalid argument', async (name) => {
    await using host = new PluginHost();
    await expect(host.load(name as string)).rejects.toMatchObject({
      code: 'ERR_TENON_INVALID_ARGUMENT',
      argument: 'nameOrPath',
    });
  });

  test.each([
    ['isolation', { isolation: 'cloud' }],
    ['timeout', { timeout: 0 }],
    ['timeout', { timeout: '5' }],
    ['queue.messages', { queue: { messages: 0 } }],
    ['maxInFlight', { maxInFlight: 1.5 }],
    ['whenFull', { whenFull: 'panic' }],
    ['profile', { profile: 'fast' }],
    ['transport', { transport: 'pigeon' }],
    ['restart.max', { restart: { max: -1 } }],
    ['whenDown', { whenDown: 'hope' }],
    ['limits.memory', { limits: { memory: 0 } }],
    ['limits.disk', { limits: { disk: 1 } }],
    ['sandbox.read', { sandbox: { read: '/' } }],
    ['env[1]', { env: ['A', ''] }],
    ['env', { env: { A: 1 } }],
    ['cwd', { cwd: '' }],
    ['grace', { grace: -1 }],
    ['onCrash', { onCrash: 'ignore' }],
    ['onCrash', { onCrash: 'demote' }],
    ['isolate', { isolate: 'process' }],
    ['deadline', { deadline: 5 }],
    ['inFlight', { inFlight: 5 }],
    ['startDeadline', { startDeadline: 5 }],
    ['whenFull', { whenFull: 'error' }],
    ['profile', { profile: 'idle' }],
  ])('refuses an invalid option %s with its name', async (argument, options) => {
    await using host = new PluginHost({ paths: [pluginsDir] });
    await expect(host.load('math', options as never)).rejects.toMatchObject({
      code: 'ERR_TENON_INVALID_ARGUMENT',
      argument,
    });
  });
});

test.each([
  ['paths', { paths: 'plugins' }],
  ['paths[0]', { paths: [''] }],
  ['depth', { depth: 17 }],
  ['depth', { depth: 0.5 }],
  ['abi', { abi: 'one' }],
  ['versionPolicy', { versionPolicy: 'loose' }],
  ['descriptor', { descriptor: true }],
  ['probe.mode', { probe: { mode: 'maybe' } }],
  ['probe.timeout', { probe: { timeout: 0 } }],
  ['probe.deadline', { probe: { deadline: 5 } }],
  ['require', { require: {} }],
  ['verdicts', { verdicts: 5 }],
  ['cacheDir', { cacheDir: '' }],
  ['kinds', { kinds: 'math' }],
  ['path', { path: ['plugins'] }],
])('PluginHost refuses an invalid option %s with its name', (argument, options) => {
  expect(() => new PluginHost(options as unknown as HostOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
  );
});

test('capabilities list the tiers, transports and features of this installation', async () => {
  await using host = new PluginHost();
  const { addonProblem, runnerProblem, ...others } = host.capabilities;
  const ways = withAddon ? ['shared-memory', 'pipe'] : ['pipe'];
  expect(others).toEqual({
    addon: withAddon,
    events: withAddon,
    runner: withRunner,
    isolation: ['inline', ...(withAddon ? ['thread'] : []), ...(withRunner ? ['process'] : [])],
    transports: withRunner ? ways : [],
  });
  expect(addonProblem === null).toBe(withAddon);
  expect(runnerProblem === null).toBe(withRunner);
});

test('loads, refusals and failed calls are published on diagnostics channels', async () => {
  const published: string[] = [];
  const listeners = (['tenon.load', 'tenon.refuse', 'tenon.call.failure'] as const).map((name) => {
    const listener = () => published.push(name);
    subscribe(name, listener);
    return () => unsubscribe(name, listener);
  });
  await using host = new PluginHost({ paths: [pluginsDir] });
  const math = (await host.load('math')).newSync();
  await host.load('none').catch(() => undefined);
  expect(() => math.callSync(new Uint8Array(1))).toThrow(
    expect.objectContaining({ code: 'ERR_TENON_CALL_FAILED', status: 'TENON_UNSUPPORTED' }),
  );
  for (const stop of listeners) stop();
  expect(published).toEqual(['tenon.load', 'tenon.refuse', 'tenon.call.failure']);
});

test('a singleton plugin has one instance at a time', async () => {
  const source = answering('single', 'x').replace(
    'TENON_STATELESS_PLUGIN("single", "1.0.0", answer);',
    'TENON_PLUGIN_WITH("single", "1.0.0", "", TENON_SINGLETON, tenon_new_nothing, tenon_drop_nothing, answer, NULL);',
  );
  await using host = new PluginHost();
  const plugin = await host.load(compile(temporaryFolder(), 'single', source));
  const first = plugin.newSync();
  expect(() => plugin.newSync()).toThrow(
    expect.objectContaining({
      code: 'ERR_TENON_NEW_FAILED',
      message: expect.stringContaining('TENON_SINGLETON'),
    }),
  );
  first.close();
  expect(String(plugin.newSync().callSync(new Uint8Array(0)))).toBe('x');
});

test.each([[() => undefined], [10n], [Symbol('x')], [{ a: 10n }]])(
  'a config that cannot be written as JSON is an invalid argument',
  async (config) => {
    await using host = new PluginHost({ paths: [pluginsDir] });
    await expect((await host.load('wordcount')).new(config)).rejects.toMatchObject({
      code: 'ERR_TENON_INVALID_ARGUMENT',
      argument: 'config',
    });
  },
);
