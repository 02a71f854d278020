/** The ends of instances and plugins take no longer than the grace period, and say what was ended and why. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gated, processRows } from './gated.js';
import { error, until } from './process/puppet.js';
import { failure } from './process/support.js';

const PLAIN = Buffer.from('count');

describe.each(processRows)('in $name', (row) => {
  test('a drop that hangs ends the process after the grace period, and other instances go on', async () => {
    const { make, plugin, ends } = await gated(row, { grace: 200, whenDown: 'wait' });
    const reports: string[] = [];
    plugin.on('exit', (report) => reports.push(String(report)));
    const hanging = await make({ 'drop-waits-for': 'never' });
    const other = await make();
    await hanging.close();
    expect(String(await other.call(PLAIN))).toBe('1');
    expect([ends, plugin.state, plugin.process?.generation]).toEqual([['timeout'], 'running', 2]);
    expect(reports[0]).toMatch(
      /was killed because drop of an instance did not return within 200 ms \(grace\), in drop/,
    );
    await hanging.close();
  });

  test('a close behind a long call of another instance harms no one, and drop runs later', async () => {
    const { make, input, seen, open, path, plugin, ends } = await gated(row, { grace: 50 });
    const [busy, closing] = [await make(), await make({ 'drop-writes': 'dropped' })];
    const held = busy.call(input({ writes: 'begun', 'waits-for': 'gate' }));
    await seen('begun');
    await closing.close();
    expect(existsSync(path('dropped'))).toBe(false);
    open('gate');
    expect(String(await held)).toBe('1');
    await seen('dropped');
    expect(String(await busy.call(PLAIN))).toBe('2');
    expect([plugin.state, ends]).toEqual(['running', []]);
  });

  test('a call that is in flight when its plugin is closed learns of the close and of the grace period', async () => {
    const { make, input, seen, plugin, ends } = await gated(row, { grace: 100 });
    const instance = await make();
    const call = failure(instance.call(input({ writes: 'begun', 'waits-for': 'never' })));
    const next = failure(instance.call(PLAIN));
    await seen('begun');
    await plugin.close();
    const expected = error('ERR_TENON_CRASHED', {
      message: expect.stringMatching(
        /killed because its plugin was closed or restarted.*within 100 ms \(grace\)/,
      ),
    });
    expect(await call).toEqual(expected);
    expect(await next).toEqual(expected);
    await until(() => ends.length > 0);
    expect(ends).toEqual(['killed']);
  });

  test('the end of a plugin whose drop hangs takes no longer than the grace period', async () => {
    const { make, host, plugin, ends } = await gated(row, { grace: 100 });
    await make({ 'drop-waits-for': 'never' });
    await host.close();
    await until(() => ends.length > 0);
    expect([ends, plugin.state]).toEqual([['killed'], 'closed']);
  });
});
