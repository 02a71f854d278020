/** Calls that exceed their timeout, are aborted, or exceed the limit of calls in flight. */
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import { SOMETHING } from '../../../src/tiers/tier.js';
import { faultFile } from '../../support/index.js';
import { error, until } from './puppet.js';
import { actor, failure, fixture, hasProcesses, start, thrown } from './support.js';

const HANG = Buffer.from('dh');
const BUSY_LOOP = Buffer.from('dc');
const SHORT = { timeout: 50 };

describe.runIf(hasProcesses)('a timeout', () => {
  test.each([
    ['sleeps', HANG],
    ['computes', BUSY_LOOP],
  ])('ends a process that %s forever in a synchronous call', async (_what, input) => {
    const { act, runner, exits } = await actor(fixture());
    expect(thrown(() => act.callSync(input, SHORT))).toEqual(
      error('ERR_TENON_TIMEOUT', { message: expect.stringContaining('50 ms') }),
    );
    expect(runner.alive).toBe(false);
    expect(thrown(() => act.callSync(Buffer.from('e')))).toEqual(error('ERR_TENON_CRASHED'));
    await until(() => exits.length === 1);
    expect(exits[0]).toMatchObject({ reason: 'timeout', signal: 'SIGKILL', call: { stage: 'call' } });
  });

  test('ends a process that never answers an asynchronous call, and fails other calls', async () => {
    const { act, exits } = await actor(fixture());
    const late = failure(act.call(HANG, SHORT));
    const other = failure(act.call(Buffer.from('ehello')));
    expect(await late).toEqual(error('ERR_TENON_TIMEOUT'));
    expect(await other).toEqual(
      error('ERR_TENON_CRASHED', { message: expect.stringContaining('a call exceeded its timeout') }),
    );
    expect(exits).toMatchObject([{ reason: 'timeout' }]);
  });

  test('of the settings applies to calls, batches and records', async () => {
    const settings = { timeout: 50 };
    const batch = Batch.of([HANG]);
    const late = error('ERR_TENON_TIMEOUT');
    const begin = () => actor(fixture(), settings);
    expect(await failure((await begin()).act.call(HANG))).toEqual(late);
    expect(await failure((await begin()).act.callMany(batch))).toEqual(late);
    const batches = await begin();
    expect(thrown(() => batches.act.callManySync(batch))).toEqual(late);
    const record = (await begin()).act.record(2, 4);
    new Uint8Array(record.input).set(HANG);
    record.invoke();
    expect(thrown(() => record.fail())).toEqual(late);
  });

  test('of a call replaces that of the settings, and has no effect if it does not expire', async () => {
    const { runner } = await start(fixture(), { timeout: 1 });
    const far = { timeout: 60_000 };
    const tier = await runner.create(
      Buffer.alloc(0),
      { message: () => undefined, log: () => undefined },
      far,
    );
    const act = tier.bind(SOMETHING);
    const inputs = Array.from({ length: 100 }, () => Buffer.alloc(100_000, 'e'));
    await Promise.all(inputs.map((input) => act.call(input, far)));
    for (const input of inputs) act.callSync(input, far);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await act.call(Buffer.from('ehello'), far)).toString()).toBe('hello');
  });

  test('of stop kills a process that does not end', async () => {
    const { act, runner } = await actor(fixture());
    const lost = failure(act.call(HANG));
    expect(await runner.stop(50)).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    expect(await lost).toEqual(error('ERR_TENON_CRASHED'));
  });

  test('of a call that was not sent yet does not end the process', async () => {
    const { act, runner } = await actor(faultFile('process-hang'), { maxInFlight: 1, whenFull: 'wait' });
    const first = failure(act.call(Buffer.from('x')));
    expect(await failure(act.call(Buffer.from('y'), SHORT))).toEqual(
      error('ERR_TENON_TIMEOUT', { message: expect.stringContaining('not sent') }),
    );
    expect(runner.alive).toBe(true);
    runner.kill('killed');
    expect(await first).toEqual(
      error('ERR_TENON_CRASHED', { cause: expect.objectContaining({ reason: 'killed' }) }),
    );
  });
});

describe.runIf(hasProcesses)('an AbortSignal', () => {
  test('abandons a call, and its answer is discarded', async () => {
    const { act, say } = await actor(fixture());
    const controller = new AbortController();
    const call = failure(act.call(Buffer.from('ehello'), { signal: controller.signal }));
    const reason = new Error('aborted by the test');
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect(await failure(act.call(Buffer.from('e'), { signal: controller.signal }))).toBe(reason);
    expect(say('enext')).toBe('next');
    expect((await act.call(Buffer.from('elater'))).toString()).toBe('later');
  });

  test('abandons a waiting call and the creation of an instance', async () => {
    const { act, runner } = await actor(fixture(), { maxInFlight: 1, whenFull: 'wait' });
    const controller = new AbortController();
    const { signal } = controller;
    const first = act.call(Buffer.from('efirst'));
    const second = failure(act.call(Buffer.from('esecond'), { signal }));
    const ignored = { message: () => undefined, log: () => undefined };
    const made = failure(runner.create(Buffer.alloc(0), ignored, { signal }));
    controller.abort();
    expect(await second).toBe(signal.reason);
    expect(await made).toBe(signal.reason);
    expect((await first).toString()).toBe('first');
    expect((await act.call(Buffer.from('ethird'))).toString()).toBe('third');
  });
});

describe.runIf(hasProcesses)('too many calls', () => {
  test('fail with TENON_BUSY by default', async () => {
    const { act } = await actor(fixture(), { maxInFlight: 4 });
    const calls = Array.from({ length: 6 }, (_, i) => act.call(Buffer.from(`e${i}`)));
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(await failure(calls[4] as Promise<Buffer>)).toEqual(
      error('ERR_TENON_CALL_FAILED', {
        status: 'TENON_BUSY',
        message: expect.stringContaining('4 calls are already in flight, and maxInFlight is 4. Await some'),
      }),
    );
    expect((await act.call(Buffer.from('eagain'))).toString()).toBe('again');
  });

  test("wait in order with whenFull: 'wait', and copy their inputs", async () => {
    const { act } = await actor(fixture(), { maxInFlight: 3, whenFull: 'wait' });
    const input = Buffer.from('e000');
    const calls = Array.from({ length: 500 }, (_, i) => {
      input.write(String(i).padStart(3, '0'), 1);
      return act.call(input);
    });
    const results = await Promise.all(calls);
    expect(results.map(Number)).toEqual(calls.map((_, i) => i));
  });

  test('fail with the bytes, and not the number of calls, if two large inputs fill the channel', async () => {
    const { act, runner } = await actor(fixture());
    const large = Buffer.alloc(64 << 20, 'e');
    // While this call hangs, the runner answers no other.
    const hanging = failure(act.call(HANG));
    const first = failure(act.call(large));
    expect(await failure(act.call(large))).toEqual(
      error('ERR_TENON_CALL_FAILED', {
        status: 'TENON_BUSY',
        message: expect.stringMatching(
          /input of 67108864 bytes does not fit into the channel, which holds 134217728 bytes, headers included\. The calls in flight \(2\) have 67108866 bytes\. Await some of them first, or load/,
        ),
      }),
    );
    runner.kill('killed');
    await Promise.all([hanging, first]);
  });

  test('also exceed the limit if the ring is full', async () => {
    const { act, runner } = await actor(fixture(), { maxInFlight: 1000 });
    const large = Buffer.alloc(48 << 20, 'e');
    // While this call hangs, the runner reads nothing from the ring.
    const hanging = failure(act.call(HANG));
    const reasons: unknown[] = [];
    const calls = Array.from({ length: 4 }, () =>
      failure(act.call(large)).then((reason) => reasons.push(reason)),
    );
    await until(() => reasons.length > 0);
    for (const reason of reasons)
      expect(reason).toEqual(error('ERR_TENON_CALL_FAILED', { status: 'TENON_BUSY' }));
    runner.kill('killed');
    await Promise.all([hanging, ...calls]);
    expect(reasons.at(-1)).toEqual(error('ERR_TENON_CRASHED'));
    const waiting = await actor(fixture(), { whenFull: 'wait' });
    const all = await Promise.all(Array.from({ length: 6 }, () => waiting.act.call(large)));
    expect(all.map(({ length }) => length)).toEqual(all.map(() => large.length - 1));
  });

  test('cannot be configured with a queue that the runner refuses', async () => {
    const found = await failure(start(fixture(), { queue: { messages: 2 ** 33, bytes: 1 } }));
    expect(found).toEqual(
      error('ERR_TENON_UNSUPPORTED', { message: expect.stringContaining('--queue-messages') }),
    );
  });
});
