/** Instances that are recreated after a restart: slowly, not at once, or not at all. */
import { unlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Instance, Plugin } from '../../src/index.js';
import { gated, processRows } from '../tiers/gated.js';
import { error, until } from '../tiers/process/puppet.js';
import { failure } from '../tiers/process/support.js';

const PLAIN = Buffer.from('count');
const CRASH = Buffer.from('crash');
const FAST = { max: 2, backoff: { initial: 20, max: 40, jitter: 0 } };

interface Renewal {
  readonly generation: number;
  readonly error: { readonly code: string };
  readonly delay: number | null;
}

function listen(plugin: Plugin): Renewal[] {
  const heard: Renewal[] = [];
  plugin.on('renewal', (renewal) => heard.push(renewal));
  return heard;
}

/** Repeats a call until it succeeds. */
async function succeed(instance: Instance): Promise<string> {
  let answer: Buffer | undefined;
  for (;;) {
    answer = await instance.call(PLAIN).catch(() => undefined);
    if (answer !== undefined) return String(answer);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.each(processRows)('in $name', (row) => {
  test('an instance whose new fails after a restart is made again when it can be', async () => {
    const { make, open, path, plugin, host } = await gated(row, { restart: FAST });
    const heard = listen(plugin);
    open('database');
    const needy = await make({ 'new-fails-unless': 'database' });
    const other = await make();
    unlinkSync(path('database'));
    expect(await failure(needy.call(CRASH))).toEqual(error('ERR_TENON_CRASHED'));
    expect(await succeed(other)).toBe('1');
    await until(() => heard.length > 0);
    for (let attempt = 1; attempt <= 6; attempt++) {
      expect(await failure(needy.call(PLAIN))).toEqual(
        error('ERR_TENON_NEW_FAILED', {
          message: expect.stringMatching(
            /could not be made again \(tried .*A call after \d+ ms tries again.*the database is down/,
          ),
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(heard.length).toBeGreaterThan(2);
    expect(heard[0]).toMatchObject({ generation: 2, error: { code: 'ERR_TENON_NEW_FAILED' }, delay: 20 });
    open('database');
    expect(await succeed(needy)).toBe('1');
    expect([plugin.process?.generation, plugin.state]).toEqual([2, 'running']);
    expect(await host.quarantine.list()).toEqual([]);
  });

  test("with whenDown: 'wait' its calls wait until it is made", async () => {
    const { make, open, path, plugin } = await gated(row, { restart: FAST, whenDown: 'wait' });
    const heard = listen(plugin);
    open('database');
    const needy = await make({ 'new-fails-unless': 'database' });
    unlinkSync(path('database'));
    expect(await failure(needy.call(CRASH))).toEqual(error('ERR_TENON_CRASHED'));
    const call = needy.call(PLAIN);
    expect(await failure(needy.call(PLAIN, { timeout: 60 }))).toEqual(error('ERR_TENON_TIMEOUT'));
    await until(() => heard.length > 3);
    open('database');
    expect(String(await call)).toBe('1');
  });

  test('an instance that crashes in new uses a budget of its own, and the others go on', async () => {
    const { make, open, path, plugin, host, ends } = await gated(row, { restart: FAST, whenDown: 'wait' });
    const heard = listen(plugin);
    open('database');
    const bad = await make({ 'new-crashes-unless': 'database' });
    const good = await make();
    unlinkSync(path('database'));
    expect(await failure(bad.call(CRASH))).toEqual(error('ERR_TENON_CRASHED'));
    await until(() => heard.length > 0);
    expect(String(await good.call(PLAIN))).toBe('1');
    const last = error('ERR_TENON_CRASHED', { message: expect.stringContaining('It is not tried again') });
    expect(await failure(bad.call(PLAIN))).toEqual(last);
    expect(heard.map(({ delay }) => delay === null)).toEqual([false, false, true]);
    const crashes = ends.length;
    expect(await failure(bad.call(PLAIN))).toEqual(last);
    expect(String(await good.call(PLAIN))).toMatch(/^\d$/);
    expect([ends.length, crashes, plugin.state]).toEqual([crashes, 4, 'running']);
    expect(await host.quarantine.list()).toEqual([]);
    // The budget of the process is untouched: a real crash still restarts it.
    expect(await failure(good.call(CRASH))).toEqual(error('ERR_TENON_CRASHED'));
    expect(String(await good.call(PLAIN))).toBe('1');
    open('database');
    await plugin.restart();
    expect(String(await bad.call(PLAIN))).toBe('1');
  });

  test('calls with a timeout do not harm a process in which another instance is made slowly', async () => {
    const { make, open, path, plugin, ends, host } = await gated(row, { restart: FAST, timeout: 60_000 });
    open('gate');
    const good = await make();
    const slow = await make({ 'new-waits-for': 'gate' });
    unlinkSync(path('gate'));
    expect(await failure(good.call(CRASH))).toEqual(error('ERR_TENON_CRASHED'));
    await until(() => plugin.process?.generation === 2 && plugin.state === 'running');
    for (let round = 0; round < 10; round++) {
      const found = await good.call(PLAIN, { timeout: 20 }).catch((problem) => problem);
      expect(Buffer.isBuffer(found) || found.code === 'ERR_TENON_TIMEOUT').toBe(true);
    }
    open('gate');
    expect(await succeed(good)).toMatch(/^\d+$/);
    expect(await succeed(slow)).toBe('1');
    expect([plugin.process?.generation, plugin.state, ends.length]).toEqual([2, 'running', 1]);
    expect(await host.quarantine.list()).toEqual([]);
  });

  test('new may take longer after a restart than the timeout of calls', async () => {
    const { make, open, path, seen, plugin } = await gated(row, {
      restart: FAST,
      timeout: 100,
      whenDown: 'wait',
    });
    open('gate');
    const slow = await make({ 'new-writes': 'begun', 'new-waits-for': 'gate' });
    unlinkSync(path('gate'));
    unlinkSync(path('begun'));
    expect(await failure(slow.call(CRASH))).toEqual(error('ERR_TENON_CRASHED'));
    await seen('begun');
    await new Promise((resolve) => setTimeout(resolve, 400));
    open('gate');
    expect(await succeed(slow)).toBe('1');
    expect([plugin.process?.generation, plugin.state]).toEqual([2, 'running']);
  });
});
