/** Calls that wait, are aborted or are late, in all tiers and over all transports. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/base/batch.js';
import { gated, processRows, rows } from './gated.js';
import { error } from './process/puppet.js';
import { failure } from './process/support.js';

const PLAIN = Buffer.from('count');

/** Blocks this thread until the file exists, and for at least `ms` milliseconds. */
function block(file: string, ms: number): void {
  const end = performance.now() + ms;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (performance.now() < end || !existsSync(file)) Atomics.wait(cell, 0, 0, 5);
}

describe.each(rows)('in $name', (row) => {
  test('aborted calls that have not begun never run', async () => {
    const { make, input, seen, open } = await gated(row);
    const instance = await make();
    const held = instance.call(input({ writes: 'begun', 'waits-for': 'gate', 'lets-read': 'all' }));
    await seen('begun');
    const controllers = Array.from({ length: 50 }, () => new AbortController());
    const calls = controllers.map(({ signal }) => failure(instance.call(PLAIN, { signal })));
    const batch = new AbortController();
    const many = failure(instance.callMany(Batch.of([PLAIN, PLAIN]), { signal: batch.signal }));
    for (const controller of [...controllers, batch]) controller.abort();
    for (const [i, call] of calls.entries()) expect(await call).toBe(controllers[i]?.signal.reason);
    expect(await many).toBe(batch.signal.reason);
    const next = instance.call(PLAIN);
    open('gate');
    expect(String(await held)).toBe('1');
    expect(String(await next)).toBe('2');
  });

  test('aborted calls that have not begun free their places at once', async () => {
    const { make, input, seen, open } = await gated(row, { maxInFlight: 4 });
    const instance = await make();
    const held = instance.call(input({ writes: 'begun', 'waits-for': 'gate', 'lets-read': 'all' }));
    await seen('begun');
    for (let round = 0; round < 20; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const calls = [1, 2, 3].map(() => failure(instance.call(PLAIN, { signal })));
      controller.abort();
      for (const call of calls) expect(await call).toBe(signal.reason);
    }
    const calls = [1, 2, 3].map(() => instance.call(PLAIN));
    open('gate');
    await held;
    expect((await Promise.all(calls)).map(String)).toEqual(['2', '3', '4']);
  });

  test('aborted calls that have not begun neither block close nor prevent drop', async () => {
    const { make, input, seen, open, path, plugin, ends } = await gated(
      row,
      row.options.isolation === 'process' ? { grace: 60_000 } : {},
    );
    const instance = await make({ 'drop-writes': 'dropped' });
    const held = instance.call(input({ writes: 'begun', 'waits-for': 'gate', 'lets-read': 'all' }));
    await seen('begun');
    const controller = new AbortController();
    const { signal } = controller;
    const never = input({ 'waits-for': 'never' });
    const calls = Array.from({ length: 50 }, () => failure(instance.call(never, { signal })));
    controller.abort();
    await Promise.all(calls);
    const closed = plugin.close();
    open('gate');
    expect(String(await held)).toBe('1');
    await closed;
    expect(existsSync(path('dropped'))).toBe(true);
    expect(ends.filter((reason) => reason !== 'stopped')).toEqual([]);
  });

  test('a call that is aborted while it runs is not stopped, and its instance goes on', async () => {
    const { make, input, seen, open } = await gated(row);
    const instance = await make();
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = failure(instance.call(input({ writes: 'begun', 'waits-for': 'gate' }), { signal }));
    await seen('begun');
    controller.abort();
    expect(await aborted).toBe(signal.reason);
    const next = instance.call(PLAIN);
    open('gate');
    expect(String(await next)).toBe('2');
  });

  test('a call whose timeout passes before it begins fails alone and never runs', async () => {
    const { make, input, seen, open, plugin, ends } = await gated(row);
    const instance = await make();
    const held = instance.call(input({ writes: 'begun', 'waits-for': 'gate', 'lets-read': 'all' }));
    await seen('begun');
    const other = instance.call(PLAIN);
    const late = error('ERR_TENON_TIMEOUT', { message: expect.stringMatching(/30 ms: .* did not begin/) });
    expect(await failure(instance.call(PLAIN, { timeout: 30 }))).toEqual(late);
    expect(await failure(instance.callMany(Batch.of([PLAIN]), { timeout: 30 }))).toEqual(late);
    open('gate');
    expect([String(await held), String(await other)]).toEqual(['1', '2']);
    expect(String(await instance.call(PLAIN))).toBe('3');
    expect([plugin.state, ends]).toEqual(['running', []]);
  });

  test('calls that together take longer than the timeout of each harm only themselves', async () => {
    const { make, input, plugin, ends } = await gated(row);
    const instance = await make();
    const calls = Array.from({ length: 120 }, () =>
      instance.call(input({ sleeps: '20' }), { timeout: 1000 }).then(
        () => 'answered',
        ({ code }) => code,
      ),
    );
    const found = new Set(await Promise.all(calls));
    expect([...found].sort()).toEqual(['ERR_TENON_TIMEOUT', 'answered']);
    expect(String(await instance.call(PLAIN))).toMatch(/^\d+$/);
    expect([plugin.state, ends]).toEqual(['running', []]);
  });

  test('a host that was busy for longer than the timeouts of its calls finds their answers', async () => {
    const { make, input, path, plugin, ends, host } = await gated(row, { timeout: 100 });
    const instance = await make();
    const other = await make();
    for (let round = 0; round < 7; round++) {
      const call = instance.call(input({ writes: `done-${round}` }));
      const batch = other.callMany(Batch.of([PLAIN, PLAIN]), { timeout: 50 });
      block(path(`done-${round}`), 300);
      expect(String(await call)).toBe(String(round + 1));
      expect((await batch).length).toBe(2);
    }
    expect([plugin.state, ends]).toEqual(['running', []]);
    expect(await host.quarantine.list()).toEqual([]);
  });
});

describe.each(processRows)('in $name', (row) => {
  test('a blocking call with a timeout behind a long call fails alone, and works afterwards', async () => {
    const { make, input, seen, open, plugin, ends } = await gated(row);
    const [slow, quick] = [await make(), await make()];
    const held = slow.call(input({ writes: 'begun', 'waits-for': 'gate', 'lets-read': 'all' }));
    const behind = quick.call(PLAIN);
    await seen('begun');
    const late = /did not return within 30 ms: it was still waiting for earlier calls .* did not begin/;
    const options = { timeout: 30 };
    for (let round = 0; round < 3; round++) {
      expect(() => quick.callSync(PLAIN, options)).toThrow(late);
      expect(() => quick.callManySync(Batch.of([PLAIN, PLAIN]), options)).toThrow(late);
    }
    const last = quick.call(PLAIN);
    open('gate');
    expect([String(await held), String(await behind), String(await last)]).toEqual(['1', '1', '2']);
    expect(String(quick.callSync(PLAIN, options))).toBe('3');
    expect([plugin.state, ends]).toEqual(['running', []]);
  });

  test('a blocking call that is late because it had to wait does not end the process', async () => {
    const { make, input, plugin, ends } = await gated(row);
    const instance = await make();
    for (let round = 0; round < 3; round++) {
      const first = instance.call(input({ sleeps: '150' }));
      try {
        instance.callSync(input({ sleeps: '150' }), { timeout: 250 });
      } catch (problem) {
        expect(problem).toEqual(error('ERR_TENON_TIMEOUT'));
      }
      await first;
    }
    expect(String(await instance.call(PLAIN))).toMatch(/^[4-7]$/);
    expect([plugin.state, ends]).toEqual(['running', []]);
  });

  test('a call with a timeout behind a long call of another instance does not harm it', async () => {
    const { make, input, seen, open, plugin, ends } = await gated(row);
    const [slow, quick] = [await make(), await make()];
    const held = slow.call(input({ writes: 'begun', 'waits-for': 'gate' }));
    await seen('begun');
    expect(await failure(quick.call(PLAIN, { timeout: 30 }))).toEqual(
      error('ERR_TENON_TIMEOUT', { message: expect.stringContaining('did not begin') }),
    );
    open('gate');
    expect(String(await held)).toBe('1');
    expect(String(await quick.call(PLAIN))).toBe('1');
    expect([plugin.state, ends]).toEqual(['running', []]);
  });

  test('a call that waited and then runs for longer than its timeout ends the process', async () => {
    const { make, input, seen, open, ends } = await gated(row, { restart: false });
    const instance = await make();
    const held = instance.call(input({ writes: 'begun', 'waits-for': 'gate' }));
    await seen('begun');
    const hangs = failure(instance.call(input({ writes: 'second', 'waits-for': 'never' }), { timeout: 200 }));
    open('gate');
    await held;
    await seen('second');
    expect(await hangs).toEqual(error('ERR_TENON_TIMEOUT'));
    await expect.poll(() => ends, { timeout: 10_000 }).toEqual(['timeout']);
  });
});
