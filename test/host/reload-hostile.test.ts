/** Reloads at bad moments, by bad versions, and under bad use. */
import { appendFileSync, copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type LoadOptions, PluginHost } from '../../src/index.js';
import type { FieldModel, KindModel } from '../../src/kinds/model.js';
import { factsParts, factsSource, kindPlugin } from '../kinds/facts-source.js';
import { text as textKind } from '../kinds/text-kind.js';
import { compile, extension, pluginFile, runNode, temporaryFolder, withAddon } from '../support/index.js';
import { at, living, NONE, PLACES, PROCESSES, refusal, STATE, text, version } from './living.js';

describe.each(PLACES)('in the %s tier', (isolation) => {
  test('a kind that lays out a method differently is refused', async () => {
    const plugin = (type: 'i32' | 'i64') => {
      const fields: FieldModel[] = [{ name: 'a', type: { form: 'scalar', scalar: type } }];
      const methods = [{ name: 'add', form: 'record', input: fields, output: fields } as const];
      const model: KindModel = { name: 'pair', version: '1.0.0', methods, events: [] };
      const facts = factsSource('tenon_kind_pair_1', factsParts(model));
      return compile(temporaryFolder(), `pair-${type}`, kindPlugin('pair', 'pair/1.0.0', 1, facts));
    };
    const { plugin: loaded, install } = await living(isolation, plugin('i32'));
    install(plugin('i64'));
    const says = 'defines the method add of the kind pair/1 differently';
    expect(await loaded.reload()).toMatchObject(refusal('ERR_TENON_MISSING_KIND', says));
  });

  test('a kind with the name of a member of every object is missed like others', async () => {
    const { plugin, install } = await living(isolation, version('1.0.0', '-DKINDS="constructor/1.0.0"'));
    install(version('2.0.0'));
    expect(await plugin.reload()).toMatchObject(
      refusal('ERR_TENON_MISSING_KIND', 'has the kind constructor 1.0.0'),
    );
  });

  test('held calls refuse what other calls refuse, and honour their signal and timeout', async () => {
    const { plugin, install } = await living(isolation, version('1.0.0', STATE, '-DSLOW_SAVE'));
    const instance = await plugin.new();
    install(version('2.0.0', STATE));
    let over = false;
    const reload = plugin.reload().finally(() => {
      over = true;
    });
    const seen = new Set<string>();
    while (!over) {
      await expect(instance.call('text' as never)).rejects.toMatchObject({
        code: 'ERR_TENON_INVALID_ARGUMENT',
      });
      await expect(instance.callMany(3 as never)).rejects.toMatchObject({
        code: 'ERR_TENON_INVALID_ARGUMENT',
      });
      const signal = AbortSignal.timeout(20);
      const waited = delay(30);
      await instance.call(NONE, { signal }).catch((error) => seen.add(error.name));
      if (isolation !== 'inline')
        await instance.call(NONE, { timeout: 20 }).catch((error) => seen.add(error.message));
      await waited;
    }
    expect(await reload).toMatchObject({ outcome: 'swapped' });
    // In the inline tier, saving blocks everything else.
    if (isolation === 'inline') return;
    expect([...seen]).toContain('TimeoutError');
    expect([...seen].join()).toMatch(/did not begin within 20 ms, because the plugin was being reloaded/);
  });

  test.each([
    ['for as long as calls in flight', 50],
    ['to its end', 60_000],
  ])('an open cursor goes on in the old version, %s', async (_what, drain) => {
    const path = join(temporaryFolder(), `text${extension}`);
    const install = (more: string) => {
      copyFileSync(pluginFile('text'), `${path}.new`);
      appendFileSync(`${path}.new`, more);
      renameSync(`${path}.new`, path);
    };
    install('');
    const host = new PluginHost({ probe: { mode: 'never' } });
    onTestFinished(() => host.close());
    const plugin = await host.load(path, { ...at(isolation), reload: { drain } });
    const api = (await plugin.new()).as(textKind);
    const old = plugin.process?.pid;
    const text = Array.from({ length: 10_000 }, (_, i) => `line ${i}`).join('\n');
    const lines = api.lines({ text }, { max: 1 })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toMatchObject({ line: 'line 0' });
    install('a newer version');
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
    const all = [];
    for await (const { line } of api.lines({ text: 'new' })) all.push(line);
    expect(all).toEqual(['new']);
    if (drain === 60_000) {
      for (let i = 1; i < 100; i++) expect((await lines.next()).value).toMatchObject({ line: `line ${i}` });
      await lines.return?.();
      return;
    }
    const read = async () => expect(await lines.next().catch(({ code }) => code)).toMatch(/CLOSED|CRASHED/);
    await vi.waitFor(read, { timeout: 20_000, interval: 20 });
    if (old !== undefined) await vi.waitFor(() => expect(existsSync(`/proc/${old}`)).toBe(false));
  });

  test('an old version that lingers ends with its plugin', async () => {
    const path = join(temporaryFolder(), `text${extension}`);
    copyFileSync(pluginFile('text'), path);
    const host = new PluginHost({ probe: { mode: 'never' } });
    const plugin = await host.load(path, { ...at(isolation), reload: { drain: 60_000 } });
    const instance = await plugin.new();
    const old = plugin.process?.pid;
    const lines = instance.as(textKind).lines({ text: 'one\ntwo' }, { max: 1 })[Symbol.asyncIterator]();
    await lines.next();
    copyFileSync(path, `${path}.new`);
    appendFileSync(`${path}.new`, 'a newer version');
    renameSync(`${path}.new`, path);
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
    if (old !== undefined) expect(existsSync(`/proc/${old}`)).toBe(true);
    await host.close();
    if (old !== undefined) await vi.waitFor(() => expect(existsSync(`/proc/${old}`)).toBe(false));
  });

  test('a plugin that was closed is not opened again', async () => {
    const { plugin, install } = await living(isolation, version('1.0.0', STATE));
    install(version('2.0.0', STATE));
    const report = plugin.reload();
    await plugin.close();
    expect(await report).toMatchObject(refusal('ERR_TENON_CLOSED', 'closed meanwhile'));
    await expect(plugin.reload()).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
  });
});

test.runIf(withAddon && process.platform === 'linux')(
  'threads that the old version left are counted',
  async () => {
    const { plugin, install } = await living('inline', version('1.0.0', '-DSTAYS'));
    for (let i = 0; i < 3; i++) await plugin.new();
    await delay(50);
    install(version('2.0.0'));
    expect((await plugin.reload()).left.threads).toBe(3);
  },
);

test('a probation without a process is refused, or a warning', async () => {
  const host = new PluginHost();
  onTestFinished(() => host.close());
  const options: LoadOptions = { reload: { probation: 10 } };
  await expect(host.load(version('1.0.0'), options)).rejects.toMatchObject({
    code: 'ERR_TENON_INVALID_ARGUMENT',
    argument: 'reload.probation',
  });
  const warned = new Promise((resolve) => process.once('warning', ({ message }) => resolve(message)));
  await host.load(version('1.0.0'), { ...options, unsupported: 'warn' });
  expect(await warned).toContain("'reload.probation'");
});

describe.each(PROCESSES)('with a process of its own: %s', (place) => {
  test('a version that crashes while the old one still ends is rolled back', async () => {
    const { plugin, install, reports } = await living(place, version('1.0.0', STATE));
    const instance = await plugin.new();
    await instance.call(NONE);
    for (let round = 1; round <= 3; round++) {
      reports.splice(0);
      install(version(`${round + 1}.0.0`, STATE, '-DCRASHES_SOON'));
      await plugin.reload();
      await vi.waitFor(
        () => expect(reports.map(({ outcome }) => outcome)).toEqual(['swapped', 'rolled-back']),
        {
          timeout: 20_000,
        },
      );
      expect(await text(instance.call(NONE))).toBe(`1.0.0 ${round + 1}`);
    }
  });

  test('a reload that was asked for comes before the roll-back of the version that it replaces', async () => {
    const { plugin, install, reports } = await living(place, version('1.0.0', STATE));
    const instance = await plugin.new();
    install(version('2.0.0', STATE));
    await plugin.reload();
    await instance.call(NONE);
    install(version('3.0.0', STATE));
    const next = plugin.reload();
    await instance.call(Buffer.from('crash')).catch(() => undefined);
    await next;
    await vi.waitFor(() => expect(plugin.state).toBe('running'), { timeout: 20_000 });
    await vi.waitFor(async () => {
      expect(await text(instance.call(NONE))).toMatch(/^[13]\.0\.0 \d$/);
    });
    const newest = reports.at(-1);
    expect(newest?.outcome === 'swapped' ? '3.0.0' : '1.0.0').toBe(plugin.manifest.version);
  });

  test('a listener that throws does not disturb the reload', async () => {
    const [one, two] = [version('1.0.0', STATE), version('2.0.0', STATE)];
    const ended = await runNode(`
      import { copyFileSync, renameSync } from 'node:fs';
      const path = ${JSON.stringify(join(temporaryFolder(), `living${extension}`))};
      const install = (from) => { copyFileSync(from, path + '.new'); renameSync(path + '.new', path); };
      process.on('uncaughtException', ({ message }) => console.log(message));
      const host = new tenon.PluginHost({ probe: { mode: 'never' } });
      install(${JSON.stringify(one)});
      const plugin = await host.load(path, ${JSON.stringify(at(place))});
      plugin.on('reload', () => { throw new Error('a bad listener'); });
      const instance = await plugin.new();
      install(${JSON.stringify(two)});
      const { outcome } = await plugin.reload();
      await new Promise(setImmediate);
      console.log(outcome, String(await instance.call(Buffer.alloc(0))));
      await host.close();`);
    expect(ended).toMatchObject({ code: 0, stdout: 'a bad listener\nswapped 2.0.0 1\n', stderr: '' });
  });
});
