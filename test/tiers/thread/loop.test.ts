import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import { temporaryFolder, withAddon } from '../../support/index.js';
import { sleepers } from './sleeper.js';

describe.runIf(withAddon)('the event loop with plugins on threads', () => {
  test('is not blocked while four plugins work', async () => {
    const { make, counters } = sleepers();
    const four = await Promise.all(Array.from({ length: 4 }, () => make()));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    let timers = 0;
    let turns = 0;
    let working = true;
    const timer = setInterval(() => timers++, 1);
    const turn = (): void => {
      turns++;
      if (working) setImmediate(turn);
    };
    turn();
    delay.enable();
    const batch = Batch.of(Array.from({ length: 10 }, () => Buffer.from('b20')));
    await Promise.all(four.flatMap(({ act, say }) => [say('b200'), act.callMany(batch)]));
    delay.disable();
    working = false;
    clearInterval(timer);
    // Each plugin was busy for 400 ms without a pause. A loop that waited for one of them would have few
    // turns.
    expect(turns).toBeGreaterThan(100);
    expect(timers).toBeGreaterThan(20);
    expect(delay.percentile(50) / 1e6).toBeLessThan(200);
    expect(counters().overlapping).toBe(0);
  });

  test('runs plugins at the same time', async () => {
    const { make, counters } = sleepers();
    const four = await Promise.all(Array.from({ length: 4 }, () => make()));
    await Promise.all(four.map(({ say }) => say('z150')));
    expect(counters().most).toBeGreaterThan(1);
  });

  test('reads files while more plugins are busy than the pool of libuv has threads', async () => {
    const { make, release } = sleepers();
    const threads = Math.max(Number(process.env['UV_THREADPOOL_SIZE'] ?? 4), availableParallelism());
    const many = await Promise.all(Array.from({ length: 2 * threads }, () => make()));
    let back = 0;
    const stuck = many.map(({ say }) => say('f').then(() => back++));
    const file = join(temporaryFolder(), 'file');
    for (let i = 0; i < 20; i++) {
      await writeFile(file, String(i));
      expect(await readFile(file, 'utf8')).toBe(String(i));
    }
    expect(back).toBe(0);
    release();
    await Promise.all(stuck);
  });

  test('delivers thousands of answers in the order of their calls', async () => {
    const { make } = sleepers();
    const some = await Promise.all(Array.from({ length: 8 }, () => make()));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const calls = some.flatMap(({ act }) => Array.from({ length: 1000 }, () => act.call(Buffer.from('n'))));
    const numbers = (await Promise.all(calls)).map((bytes) => bytes.readUInt32LE());
    clearInterval(timer);
    expect(numbers).toEqual(some.flatMap(() => Array.from({ length: 1000 }, (_, i) => i)));
    expect(turns).toBeGreaterThanOrEqual(0);
  });
});
