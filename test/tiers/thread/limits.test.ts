import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import { withAddon } from '../../support/index.js';
import { error, until } from '../process/puppet.js';
import { sleepers } from './sleeper.js';

const timeout = (saying: string) =>
  error('ERR_TENON_TIMEOUT', { plugin: 'sleeper', message: expect.stringContaining(saying) });
const code = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
    return 'fulfilled';
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
};

describe.runIf(withAddon)('timeouts on a thread', () => {
  test('a call that does not return wedges only its instance, which is dropped later', async () => {
    const { make, counters, release } = sleepers();
    const [stuck, other] = [await make({ timeout: 150 }), await make({ timeout: 10_000 })];
    const call = stuck.say('f');
    const queued = stuck.say('ebehind');
    await expect(call).rejects.toEqual(timeout('something of plugin sleeper did not return within 150 ms'));
    await expect(queued).rejects.toEqual(timeout('wedged'));
    await expect(stuck.say('elater')).rejects.toEqual(timeout('wedged'));
    await expect(stuck.act.callMany(Batch.of([]))).rejects.toEqual(timeout('wedged'));
    expect(() => stuck.act.callSync(Buffer.from('e'))).toThrow(timeout('wedged') as Error);
    expect(await other.say('ehealthy')).toBe('healthy');
    await stuck.tier.close();
    expect(counters()).toMatchObject({ made: 2, dropped: 0 });
    release();
    await until(() => counters().dropped === 1);
  });

  test('an instance stays wedged after its call returned late', async () => {
    const { make, release } = sleepers();
    const { say } = await make({ timeout: 150 });
    expect(await code(say('f'))).toBe('ERR_TENON_TIMEOUT');
    release();
    const { say: other } = await make();
    await other('z20');
    await expect(say('e')).rejects.toEqual(timeout('wedged'));
  });

  test('a call that exceeds its timeout in the queue fails, and its instance still works', async () => {
    const { make, counters } = sleepers();
    const { act, say } = await make();
    const long = say('z120');
    const late = act.call(Buffer.from('n'), { timeout: 20 });
    await expect(late).rejects.toEqual(timeout('did not begin'));
    expect(await long).toBe('120');
    expect((await act.call(Buffer.from('n'))).readUInt32LE()).toBe(1);
    expect(counters()).toMatchObject({ overlapping: 0 });
  });

  test('many calls that together exceed the timeout do not wedge the instance', async () => {
    const { make } = sleepers();
    const { say } = await make({ timeout: 60 });
    const all = await Promise.all(Array.from({ length: 30 }, () => code(say('z5'))));
    expect(all[0]).toBe('fulfilled');
    expect(all[29]).toBe('ERR_TENON_TIMEOUT');
    expect(await say('efine')).toBe('fine');
  });

  test('callSync, callManySync and a record call return from a call that does not', async () => {
    const { make } = sleepers();
    const forever = Buffer.from('f');
    const { act } = await make({ timeout: 150 });
    expect(() => act.callSync(forever)).toThrow(timeout('within 150 ms') as Error);
    expect(() => act.callSync(Buffer.from('e'))).toThrow(timeout('wedged') as Error);
    const { act: batches } = await make({ timeout: 150 });
    expect(() => batches.callManySync(Batch.of([forever]))).toThrow(timeout('within 150 ms') as Error);
    const { tier } = await make({ timeout: 150 });
    const record = tier.bind({ kind: 'sleeper/1', slot: 0, name: 'sleeper.min' }).record(8, 4);
    new Int32Array(record.input).set([1003, 1]);
    record.invoke();
    expect(() => record.fail()).toThrow(timeout('sleeper.min of plugin sleeper did not') as Error);
  });

  test('a synchronous call without a timeout fails when the timeout of an earlier call expires', async () => {
    const { make } = sleepers();
    const { act } = await make();
    const stuck = code(act.call(Buffer.from('f'), { timeout: 30 }));
    expect(() => act.callSync(Buffer.from('e'))).toThrow(timeout('wedged') as Error);
    expect(await stuck).toBe('ERR_TENON_TIMEOUT');
  });

  test('a new that exceeds its timeout fails, and its instance is dropped if it returns later', async () => {
    const { make, counters, release } = sleepers();
    await expect(make({ timeout: 150 }, 'forever')).rejects.toEqual(timeout('new of plugin sleeper'));
    release();
    await until(() => counters().made === 1 && counters().dropped === 1);
  });

  test('a drop that exceeds the timeout fails the close', async () => {
    const { make } = sleepers();
    const { say, tier } = await make({ timeout: 150 });
    await say('D');
    await expect(tier.close()).rejects.toEqual(timeout('drop of plugin sleeper'));
  });

  test.each([0, -1, Number.NaN, '5', null])('%s is refused as a timeout', async (timeout) => {
    const { make } = sleepers();
    const wrong = { timeout: timeout as number };
    const refused = error('ERR_TENON_INVALID_ARGUMENT', { argument: 'timeout' });
    const { act } = await make();
    await expect(act.call(Buffer.from('e'), wrong)).rejects.toEqual(refused);
    expect(() => act.callSync(Buffer.from('e'), wrong)).toThrow(
      expect.objectContaining({ argument: 'timeout' }),
    );
  });

  test.each([2 ** 31, 2 ** 32 + 1, 1e300, Number.POSITIVE_INFINITY])(
    'a timeout of %d ms is unlimited',
    async (timeout) => {
      const { make } = sleepers();
      const { act, tier } = await make({ timeout });
      expect((await act.call(Buffer.from('z5'), { timeout })).toString()).toBe('5');
      act.callSync(Buffer.from('e'), { timeout });
      await tier.close();
    },
  );

  test('a synchronous call fails after its own timeout', async () => {
    const { make } = sleepers();
    const { act } = await make();
    expect(() => act.callSync(Buffer.from('z2000'), { timeout: 30 })).toThrow(
      expect.objectContaining({
        code: 'ERR_TENON_TIMEOUT',
        message: expect.stringContaining('within 30 ms'),
      }),
    );
  });
});

describe.runIf(withAddon)('aborted calls on a thread', () => {
  test('a waiting call is removed from the queue and never runs', async () => {
    const { make } = sleepers();
    const { act, say } = await make();
    const long = say('z30');
    const controller = new AbortController();
    const aborted = act.call(Buffer.from('n'), { signal: controller.signal });
    controller.abort(new Error('aborted by the test'));
    await expect(aborted).rejects.toThrow('aborted by the test');
    await long;
    expect((await act.call(Buffer.from('n'))).readUInt32LE()).toBe(1);
  });

  test('a running call is abandoned and continues, and its instance stays usable', async () => {
    const { make, release } = sleepers();
    const { act, say } = await make();
    const controller = new AbortController();
    const running = act.call(Buffer.from('f'), { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    const next = say('eafter');
    release();
    expect(await next).toBe('after');
  });

  test('an aborted signal fails the call before it starts, a later abort has no effect', async () => {
    const { make } = sleepers();
    const { act } = await make();
    await expect(act.call(Buffer.from('n'), { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    const controller = new AbortController();
    const { signal } = controller;
    expect((await act.call(Buffer.from('n'), { signal })).readUInt32LE()).toBe(0);
    const batch = await act.callMany(Batch.of([Buffer.from('ex')]), { signal });
    controller.abort();
    expect(batch.failed).toBe(0);
    const wrong = { signal: {} as AbortSignal };
    await expect(act.call(Buffer.from('n'), wrong)).rejects.toEqual(error('ERR_TENON_INVALID_ARGUMENT'));
  });
});

describe.runIf(withAddon)('the queue of a thread', () => {
  test('a call above the limit fails with TENON_BUSY and a message with the limit', async () => {
    const { make, counters, release } = sleepers();
    const { say, act } = await make({ queue: 2 });
    const stuck = say('f');
    await until(() => counters().inside === 1);
    const waiting = [say('e1'), say('e2')];
    const busy = error('ERR_TENON_CALL_FAILED', {
      status: 'TENON_BUSY',
      message: expect.stringContaining('2 calls'),
    });
    await expect(say('e3')).rejects.toEqual(busy);
    await expect(act.callMany(Batch.of([Buffer.from('e')]))).rejects.toEqual(busy);
    expect(() => act.callSync(Buffer.from('e4'))).toThrow(busy as Error);
    release();
    expect(await Promise.all([stuck, ...waiting])).toEqual(['released', '1', '2']);
    expect(await say('e5')).toBe('5');
  });

  test("calls above the limit wait in order with whenFull: 'wait', and copy their inputs", async () => {
    const { make } = sleepers();
    const { act } = await make({ queue: 3, whenFull: 'wait' });
    const input = Buffer.from('n');
    const all = Array.from({ length: 100 }, () => act.call(input));
    input.fill(0);
    expect(act.callSync(Buffer.from('n')).readUInt32LE()).toBe(100);
    const numbers = (await Promise.all(all)).map((bytes) => bytes.readUInt32LE());
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test('calls that wait for the queue can be aborted, can time out, and fail on close', async () => {
    const { make, counters, release } = sleepers();
    const { act, say, tier } = await make({ queue: 1, whenFull: 'wait' });
    const stuck = say('f');
    await until(() => counters().inside === 1);
    const queued = code(say('e'));
    const controller = new AbortController();
    const aborted = code(act.call(Buffer.from('e'), { signal: controller.signal }));
    const late = code(act.call(Buffer.from('e'), { timeout: 10 }));
    const left = code(say('e'));
    controller.abort('gone');
    expect(await Promise.all([aborted, late])).toEqual(['gone', 'ERR_TENON_TIMEOUT']);
    const closed = tier.close();
    release();
    expect(await Promise.all([queued, left])).toEqual(['ERR_TENON_CLOSED', 'ERR_TENON_CLOSED']);
    expect(await stuck).toBe('released');
    await closed;
  });
});

describe.runIf(withAddon)('closing an instance on a thread', () => {
  test('the running call finishes, waiting calls fail, and then drop runs', async () => {
    const { make, counters } = sleepers();
    const { say, tier, act, logs } = await make();
    const running = say('z40');
    await until(() => counters().inside === 1);
    const waiting = code(say('e'));
    const closed = tier.close();
    expect(tier.close()).toBe(closed);
    await expect(say('e')).rejects.toEqual(error('ERR_TENON_CLOSED'));
    expect(() => act.callSync(Buffer.from('e'))).toThrow(error('ERR_TENON_CLOSED') as Error);
    expect(() => tier.methodCount('sleeper/1')).toThrow(error('ERR_TENON_CLOSED') as Error);
    expect(await waiting).toBe('ERR_TENON_CLOSED');
    expect(await running).toBe('40');
    await closed;
    expect(logs).toEqual(['dropped']);
    expect(counters()).toMatchObject({ made: 1, dropped: 1, foreign: 0 });
  });

  test('two hundred instances work at the same time and are each dropped once', async () => {
    const { make, counters } = sleepers();
    const all = await Promise.all(Array.from({ length: 200 }, () => make()));
    const answers = await Promise.all(all.flatMap(({ say }, i) => [say(`e${i}`), say('z2')]));
    expect(answers.filter((_, i) => i % 2 === 0)).toEqual(all.map((_, i) => String(i)));
    expect(counters()).toMatchObject({ made: 200, overlapping: 0 });
    await Promise.all(all.map(({ tier }) => tier.close()));
    expect(counters()).toMatchObject({ dropped: 200, foreign: 0 });
    expect(all.every(({ logs }) => logs.length === 1)).toBe(true);
  });
});
