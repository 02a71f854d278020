/** Messages for which one of the two processes has no memory, and limits for messages: each call fails by itself. */
import { describe, expect, test } from 'vitest';
import { Status } from '../../../src/base/abi.js';
import { Batch } from '../../../src/base/batch.js';
import type { RunnerSettings } from '../../../src/tiers/process/runner-process.js';
import { pluginFile, withAddon } from '../../support/index.js';
import { error } from './puppet.js';
import { actor, failure, fixture, hasProcesses, puppet, thrown } from './support.js';

const TRANSPORTS = withAddon ? (['shared-memory', 'pipe'] as const) : (['pipe'] as const);
const NO_MEMORY = error('ERR_TENON_CALL_FAILED', { status: 'TENON_NO_MEMORY' });
const MEBIBYTE = 2 ** 20;

describe.runIf(hasProcesses).each(TRANSPORTS)('over %s', (transport) => {
  const begin = (file: string, limits: RunnerSettings['limits']) => actor(file, { transport, limits });

  test('a result up to limits.result is returned, and a longer one fails with the limit', async () => {
    const { act, say, runner } = await begin(fixture(), { result: 200_000 });
    const call = (size: number) => act.callSync(Buffer.from(`g${size}`));
    expect(call(200_000).length).toBe(200_000);
    const tooLong = expect.objectContaining({
      code: 'ERR_TENON_CALL_FAILED',
      status: 'TENON_NO_MEMORY',
      message: expect.stringContaining('limits.result, which is 200000 bytes'),
    });
    expect(thrown(() => call(200_008))).toEqual(tooLong);
    expect(await failure(act.call(Buffer.from('g200008')))).toEqual(tooLong);
    const batch = Batch.of([Buffer.from('g150000'), Buffer.from('g150000'), Buffer.from('g8')]);
    expect([...act.callManySync(batch).statuses]).toEqual([0, Status.TENON_NO_MEMORY, 0]);
    expect(say('ehello')).toBe('hello');
    expect(runner.alive).toBe(true);
  });

  test("an input larger than half of limits.memory is the plugin's to read", async () => {
    const { act } = await begin(pluginFile('wordcount'), { memory: 64 * MEBIBYTE });
    for (const size of [40, 60, 100]) {
      const input = Buffer.alloc(size * MEBIBYTE, 'a');
      expect(act.callSync(input).length).toBeGreaterThan(0);
      expect((await act.call(input)).length).toBeGreaterThan(0);
    }
  });

  test('an input that is too long for limits.memory is refused before it is sent', async () => {
    const { act, tier, runner } = await begin(puppet(), { memory: 64 * MEBIBYTE });
    const input = Buffer.alloc(128 * MEBIBYTE + 1);
    const refused = (argument: string) =>
      expect.objectContaining({
        code: 'ERR_TENON_INVALID_ARGUMENT',
        argument,
        message: expect.stringMatching(/accepts at most 134217728.*limits\.memory, which is 67108864/s),
      });
    expect(thrown(() => act.callSync(input))).toEqual(refused('input'));
    expect(await failure(act.call(input))).toEqual(refused('input'));
    expect(thrown(() => act.callManySync(Batch.of([input])))).toEqual(refused('batch'));
    expect(await failure(act.callMany(Batch.of([input])))).toEqual(refused('batch'));
    const ignored = { message: () => undefined, log: () => undefined };
    expect(thrown(() => runner.createSync(input, ignored))).toEqual(refused('config'));
    expect(
      tier.bind({ kind: null, slot: 0, name: 'something' }).callSync(Buffer.from('ehi')).toString(),
    ).toBe('hi');
  });

  test('a result that the host has no memory for fails alone', async () => {
    const { act, say, runner } = await begin(fixture(), {});
    const original = Buffer.allocUnsafeSlow;
    const unsafe = Buffer.allocUnsafe;
    const large = Buffer.from(`g${MEBIBYTE * 20}`);
    const refuse = (size: number): Buffer => {
      if (size >= MEBIBYTE) throw new RangeError('Array buffer allocation failed');
      return original(size);
    };
    try {
      Buffer.allocUnsafeSlow = refuse as typeof original;
      Buffer.allocUnsafe = refuse as typeof unsafe;
      expect(thrown(() => act.callSync(large))).toEqual(NO_MEMORY);
      expect(await failure(act.call(large))).toEqual(NO_MEMORY);
      expect(thrown(() => act.callManySync(Batch.of([large])))).toEqual(NO_MEMORY);
      expect(await failure(act.callMany(Batch.of([large])))).toEqual(NO_MEMORY);
    } finally {
      Buffer.allocUnsafeSlow = original;
      Buffer.allocUnsafe = unsafe;
    }
    expect(say('ehello')).toBe('hello');
    expect(runner.alive).toBe(true);
  });
});
