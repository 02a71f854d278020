/** Reloading a plugin in every tier: what goes on, what is kept, and what is rolled back. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Batch, defineKind, method } from '../../src/index.js';
import { extension, root, temporaryFolder, withAddon } from '../support/index.js';
import { living, NONE, PLACES, PROCESSES, refusal, SINGLETON, STATE, text, version } from './living.js';

const counter = defineKind({
  name: 'living',
  version: '1.0.0',
  methods: { add: method({ by: 'i32' }, { count: 'i32' }) },
});
const saved = { format: 'u32', data: 'bytes' } as const;
const state = defineKind({
  name: 'state',
  version: '1.0.0',
  methods: { save: method({}, saved), restore: method(saved, {}) },
});
describe.each(PLACES)('in the %s tier', (isolation) => {
  test('instances, bindings and records go on working, with their state', async () => {
    const { plugin, install, reports } = await living(isolation, version('1.0.0', STATE));
    const one = await plugin.new();
    const two = await plugin.new();
    const method = one.method('state/1', 0);
    await one.call(NONE);
    await one.call(NONE);
    install(version('2.0.0', STATE));
    const report = await plugin.reload();
    expect(report).toMatchObject({
      outcome: 'swapped',
      from: { version: '1.0.0' },
      to: { version: '2.0.0', digest: plugin.manifest.digest },
      instances: { moved: 2, fresh: 0 },
    });
    expect(report.error).toBeUndefined();
    await new Promise(setImmediate);
    expect(reports).toEqual([report]);
    expect(plugin.manifest.version).toBe('2.0.0');
    expect(await text(one.call(NONE))).toBe('2.0.0 3');
    expect(String(one.callSync(NONE))).toBe('2.0.0 4');
    expect((await method.call(NONE)).readUInt32LE(12)).toBe(4);
    expect(await text(two.call(NONE))).toBe('2.0.0 1');
    const [batched] = await one.callMany(Batch.of([NONE]));
    expect(String(batched)).toBe('2.0.0 5');
    expect(await text((await plugin.new()).call(NONE))).toBe('2.0.0 1');
    await one.close();
    await expect(one.call(NONE)).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
    expect(plugin.stats().instances).toBe(2);
  });

  test('typed methods of all forms go on working, and their errors', async () => {
    const { plugin, install } = await living(isolation, version('1.0.0', STATE));
    const instance = await plugin.new();
    const [sync, typed] = [instance.asSync(counter), instance.as(counter)];
    const [states, stateSync] = [instance.as(state), instance.asSync(state)];
    expect(sync.add({ by: 2 })).toEqual({ count: 2 });
    expect(stateSync.save().data.readUInt32LE()).toBe(2);
    for (let round = 2; round < 5; round++) {
      install(version(`${round}.0.0`, STATE));
      expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
      const before = sync.add({ by: 0 }).count;
      expect(sync.add({ by: round })).toEqual({ count: before + round });
      expect(await typed.add({ by: 1 })).toEqual({ count: before + round + 1 });
      expect(stateSync.save().data.readUInt32LE()).toBe(before + round + 1);
      expect((await states.save()).format).toBe(1);
      const says = `${round}.0.0 only counts up`;
      expect(() => sync.add({ by: -1 })).toThrow(
        expect.objectContaining({ message: expect.stringContaining(says) }),
      );
      await expect(typed.add({ by: -1 })).rejects.toThrow(says);
    }
    expect(plugin.stats().calls).toBeGreaterThan(15);
  });

  test('nothing happens if the bytes are the same', async () => {
    const { plugin, install } = await living(isolation, version('1.0.0'));
    const instance = await plugin.new();
    await instance.call(NONE);
    install(plugin.manifest.path);
    const report = await plugin.reload();
    expect(report).toMatchObject({ outcome: 'kept', instances: { moved: 0, fresh: 0 } });
    expect(report.error).toBeUndefined();
    expect(await text(instance.call(NONE))).toBe('1.0.0 2');
  });

  test.each([
    ['a file that is refused', () => join(root, 'package.json'), 'ERR_TENON_NOT_A_LIBRARY', ''],
    [
      'another plugin',
      () => version('2.0.0', STATE, '-DNAME="other"'),
      'ERR_TENON_BAD_NAME',
      'is now the plugin other',
    ],
    ['a lost kind', () => version('2.0.0'), 'ERR_TENON_MISSING_KIND', 'has the kind state 1.0.0'],
    [
      'another major of a kind',
      () => version('2.0.0', STATE, '-DKINDS="state/2.0.0"'),
      'ERR_TENON_MISSING_KIND',
      'has version 2.0.0',
    ],
    [
      'a new that fails',
      () => version('2.0.0', STATE, '-DNEW_FAILS'),
      'ERR_TENON_NEW_FAILED',
      'makes nothing',
    ],
    [
      'a restore that fails',
      () => version('2.0.0', STATE, '-DRESTORE_FAILS'),
      'ERR_TENON_CALL_FAILED',
      "onState: 'discard'",
    ],
  ])('the old version is kept: %s', async (_what, next, code, says) => {
    const { plugin, install } = await living(isolation, version('1.0.0', STATE));
    const instance = await plugin.new();
    await instance.call(NONE);
    install(next());
    expect(await plugin.reload()).toMatchObject(refusal(code, says));
    expect(plugin.manifest.version).toBe('1.0.0');
    expect(await text(instance.call(NONE))).toBe('1.0.0 2');
    install(version('3.0.0', STATE));
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
    expect(await text(instance.call(NONE))).toBe('3.0.0 3');
  });

  test('a state that is not restored is discarded if the user allows it', async () => {
    const options = { reload: { onState: 'discard' } } as const;
    const { plugin, install } = await living(isolation, version('1.0.0', STATE), options);
    const instance = await plugin.new();
    await instance.call(NONE);
    install(version('2.0.0', STATE, '-DRESTORE_FAILS'));
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 0, fresh: 1 } });
    expect(await text(instance.call(NONE))).toBe('2.0.0 1');
  });

  test('a singleton is dropped first, and made again from its state if that fails', async () => {
    const { plugin, install } = await living(isolation, version('1.0.0', STATE, SINGLETON));
    const instance = await plugin.new();
    await instance.call(NONE);
    install(version('2.0.0', STATE, SINGLETON, '-DNEW_FAILS'));
    expect(await plugin.reload()).toMatchObject(refusal('ERR_TENON_NEW_FAILED'));
    expect(await text(instance.call(NONE))).toBe('1.0.0 2');
    install(version('3.0.0', STATE, SINGLETON));
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
    expect(await text(instance.call(NONE))).toBe('3.0.0 3');
    await expect(plugin.new()).rejects.toMatchObject({ code: 'ERR_TENON_NEW_FAILED' });
    await instance.close();
    expect(await text((await plugin.new()).call(NONE))).toBe('3.0.0 1');
  });

  test('reloads that are asked for meanwhile become one, of the newest file', async () => {
    const { plugin, install, reports } = await living(isolation, version('1.0.0', STATE));
    const instance = await plugin.new();
    install(version('2.0.0', STATE));
    const first = plugin.reload();
    install(version('3.0.0', STATE));
    const second = plugin.reload();
    install(version('4.0.0', STATE));
    const third = plugin.reload();
    await Promise.all([first, second, third]);
    expect(await text(instance.call(NONE))).toBe('4.0.0 1');
    expect(reports.length).toBeLessThanOrEqual(2);
  });

  test('calls of all ways go on during reloads: none is lost, and counts never go back', async () => {
    const { plugin, install } = await living(isolation, version('0.0.0', STATE));
    const instance = await plugin.new();
    let over = false;
    let calls = 0;
    let last = 0;
    const seen = new Set<string>();
    const note = (answer: Buffer) => {
      const [number = '', count] = String(answer).split(' ');
      seen.add(number);
      calls += 1;
      last = Math.max(last, Number(count));
    };
    // Calls that block, in a row of microtasks: they may come at any step of a reload that is not one with the next.
    const burst = async () => {
      for (let i = 0; i < 30; i++) {
        note(instance.callSync(NONE));
        await null;
      }
    };
    const asynchronous = async () => {
      while (!over) {
        note(await instance.call(NONE));
        await new Promise(setImmediate);
      }
    };
    const blocking = async () => {
      while (!over) {
        await burst();
        await new Promise(setImmediate);
      }
    };
    const work = Promise.all([asynchronous(), asynchronous(), blocking()]);
    const versions = Array.from({ length: 5 }, (_, i) => version(`${i + 1}.0.0`, STATE));
    for (const file of versions) {
      install(file);
      expect(await plugin.reload()).toMatchObject({ outcome: 'swapped', instances: { moved: 1 } });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    over = true;
    await work;
    expect(last).toBe(calls);
    expect([...seen].at(-1)).toBe('5.0.0');
  });

  test('a plugin that is closed meanwhile stays closed', async () => {
    const { plugin, install } = await living(isolation, version('1.0.0', STATE));
    await plugin.new();
    install(version('2.0.0', STATE));
    const report = plugin.reload();
    await plugin.close();
    expect(await report).toMatchObject({ outcome: 'kept' });
    await expect(plugin.reload()).rejects.toMatchObject({ code: 'ERR_TENON_CLOSED' });
  });
});

describe.runIf(withAddon)('in this process', () => {
  test('the report says what stays mapped, and 20 versions are the limit', async () => {
    const { plugin, install } = await living('inline', version('1.0.0'));
    for (let i = 2; i <= 20; i++) {
      install(version(`${i}.0.0`));
      const report = await plugin.reload();
      expect(report.outcome).toBe('swapped');
      if (process.platform === 'linux') expect(report.left).toMatchObject({ threads: 0 });
      if (process.platform === 'linux') expect(report.left.mapped).toBeGreaterThan(4096);
    }
    install(version('21.0.0'));
    expect(await plugin.reload()).toMatchObject(refusal('ERR_TENON_UNSUPPORTED', "isolation 'process'"));
  });

  test('a call that hangs keeps the old version in the thread tier', async () => {
    const options = { reload: { drain: 50 } };
    const { plugin, install } = await living('thread', version('1.0.0', STATE), options);
    const instance = await plugin.new();
    install(version('2.0.0', STATE));
    const hangs = instance.call(Buffer.from('hang'), { timeout: 5000 }).catch((error) => error);
    expect(await plugin.reload()).toMatchObject(refusal('ERR_TENON_TIMEOUT', 'reload.drain'));
    expect(await hangs).toMatchObject({ code: 'ERR_TENON_TIMEOUT' });
  });
});

describe.each(PROCESSES)('with a process of its own: %s', (place) => {
  test.each([
    ['discard', { outcome: 'swapped', instances: { moved: 0, fresh: 1 } }],
    ['require', refusal('ERR_TENON_TIMEOUT')],
  ] as const)('a call that hangs ends with its process (onState: %s)', async (onState, expected) => {
    const options = { reload: { drain: 50, onState } };
    const { plugin, install } = await living(place, version('1.0.0', STATE), options);
    const instance = await plugin.new();
    install(version('2.0.0', STATE));
    const hangs = instance.call(Buffer.from('hang')).catch((error) => error);
    const report = await plugin.reload();
    expect(await hangs).toMatchObject({ code: 'ERR_TENON_CRASHED' });
    expect(report).toMatchObject(expected);
    const runs = onState === 'discard' ? '2.0.0 1' : '1.0.0 1';
    expect(await text(instance.call(NONE))).toBe(runs);
  });

  test('a crash within the probation brings the old version back, with its state', async () => {
    const { plugin, install, reports } = await living(place, version('1.0.0', STATE));
    const instance = await plugin.new();
    await instance.call(NONE);
    install(version('2.0.0', STATE));
    await plugin.reload();
    expect(await text(instance.call(NONE))).toBe('2.0.0 2');
    await expect(instance.call(Buffer.from('crash'))).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
    await vi.waitFor(() => expect(reports).toHaveLength(2), { timeout: 10_000 });
    expect(reports[1]).toMatchObject({
      outcome: 'rolled-back',
      from: { version: '1.0.0' },
      to: { version: '2.0.0' },
      instances: { moved: 1, fresh: 0 },
      error: { code: 'ERR_TENON_CRASHED', signal: 'SIGABRT' },
    });
    expect(plugin.manifest.version).toBe('1.0.0');
    expect(await text(instance.call(NONE))).toBe('1.0.0 2');
  });

  test('without probation the new version is restarted', async () => {
    const options = { reload: { probation: 0 }, whenDown: 'wait' } as const;
    const { plugin, install } = await living(place, version('1.0.0', STATE), options);
    const instance = await plugin.new();
    install(version('2.0.0', STATE));
    await plugin.reload();
    await expect(instance.call(Buffer.from('crash'))).rejects.toMatchObject({ code: 'ERR_TENON_CRASHED' });
    expect(await text(instance.call(NONE))).toBe('2.0.0 1');
  });

  test.runIf(withAddon).each([0, 30_000])(
    'copies that nothing runs are removed (probation: %d)',
    async (probation) => {
      const cacheDir = temporaryFolder();
      const options = { reload: { probation } };
      const { plugin, install, host } = await living(place, version('1.0.0', STATE), options, {
        cacheDir,
      });
      const instance = await plugin.new();
      const libraries = () =>
        readdirSync(cacheDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
          name.endsWith(extension),
        );
      for (let round = 2; round <= 6; round++) {
        install(version(`${round}.0.0`, STATE));
        expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
        expect(await text(instance.call(NONE))).toBe(`${round}.0.0 ${round - 1}`);
        await vi.waitFor(() => expect(libraries()).toHaveLength(probation === 0 ? 1 : 2));
      }
      install(version('7.0.0', STATE, '-DNEW_FAILS'));
      expect(await plugin.reload()).toMatchObject({ outcome: 'kept' });
      await vi.waitFor(() => expect(libraries()).toHaveLength(probation === 0 ? 1 : 2));
      expect(await text(instance.call(NONE))).toBe('6.0.0 6');
      await host.close();
      // The file of the plugin is not the one that ran, so its copy is of no use any more.
      await vi.waitFor(() => expect(libraries()).toHaveLength(0));
    },
  );

  test('a crash in restore keeps the old version', async () => {
    const { plugin, install } = await living(place, version('1.0.0', STATE));
    const instance = await plugin.new();
    install(version('2.0.0', STATE, '-DRESTORE_CRASHES'));
    expect(await plugin.reload()).toMatchObject(refusal('ERR_TENON_CRASHED'));
    expect(await text(instance.call(NONE))).toBe('1.0.0 1');
  });

  test.runIf(process.platform === 'linux')('the new version must pass the level of the suite', async () => {
    const options = { reload: { check: 'basic' } } as const;
    const { plugin, install } = await living(place, version('1.0.0'), options);
    install(version('2.0.0', '-DBREAKS'));
    expect(await plugin.reload()).toMatchObject(refusal('ERR_TENON_CONTRACT', 'returned 99'));
    install(version('3.0.0'));
    expect(await plugin.reload()).toMatchObject({ outcome: 'swapped' });
  });
});
