/** Calls in the process tier of a plugin that behaves correctly. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import type { MethodRef } from '../../../src/tiers/tier.js';
import { pluginFile } from '../../support/index.js';
import { error, until } from './puppet.js';
import { actor, failure, fixture, hasProcesses, instance, puppet, start, thrown } from './support.js';

const MIN: MethodRef = { kind: 'puppet/1', slot: 0, name: 'puppet.min' };
const ACT: MethodRef = { kind: 'puppet/1', slot: 1, name: 'puppet.act' };

/**
 * Transfers memory, unless it is Node's buffer pool, which holds small results. Since Node 22 the pool
 * refuses.
 */
function transfer(memory: ArrayBuffer): void {
  try {
    structuredClone(memory, { transfer: [memory] });
  } catch (error) {
    expect((error as Error).name).toBe('DataCloneError');
  }
}

describe.runIf(hasProcesses)('a plugin in the process tier', () => {
  test.each(['latency', 'balanced', 'efficient'] as const)(
    'answers synchronous and asynchronous calls in the profile %s',
    async (profile) => {
      const { act, say } = await actor(puppet(), { profile });
      expect(say('ehello')).toBe('hello');
      expect((await act.call(Buffer.from('ehello'))).toString()).toBe('hello');
    },
  );

  test('takes and returns bytes of any size in synchronous and asynchronous calls', async () => {
    const { act } = await actor(puppet());
    for (const size of [0, 1, 63, 64, 65, 4096, 65_535, 65_536, 65_537, 1 << 20, 64 << 20]) {
      const input = Buffer.concat([Buffer.from('e'), randomBytes(size)]);
      const sync = act.callSync(input);
      const later = await act.call(input);
      expect(sync.equals(input.subarray(1)), `${size} bytes, synchronous`).toBe(true);
      expect(later.equals(input.subarray(1)), `${size} bytes, asynchronous`).toBe(true);
    }
  });

  test('takes and returns messages larger than the ring', async () => {
    const { act } = await actor(pluginFile('echo'));
    const input = Buffer.alloc(160 << 20);
    for (let i = 0; i < input.length; i += 4096) input.writeUInt32LE(i, i);
    expect(act.callSync(input).equals(input)).toBe(true);
    expect((await act.call(input)).equals(input)).toBe(true);
  });

  test('a large result is whole even if the answer before it makes room for a waiting call', async () => {
    const { act } = await actor(pluginFile('echo'), { maxInFlight: 2, whenFull: 'wait' });
    const large = Buffer.alloc(300_000, 'x');
    // Both answers have arrived before the event loop sees the first one.
    const arrive = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    const calls = [Buffer.from('first'), large, Buffer.from('waiting')].map((input) => act.call(input));
    arrive();
    const [first, result, last] = await Promise.all(calls);
    expect(result?.equals(large)).toBe(true);
    expect([first?.toString(), last?.toString()]).toEqual(['first', 'waiting']);
    const before = act.call(Buffer.from('first'));
    const batch = act.callMany(Batch.of([large]));
    const after = act.call(Buffer.from('waiting'));
    arrive();
    expect([...(await batch)].map((one) => large.equals(one))).toEqual([true]);
    expect([(await before).toString(), (await after).toString()]).toEqual(['first', 'waiting']);
  });

  test('returns results that do not share memory', async () => {
    const { act } = await actor(puppet());
    const first = act.callSync(Buffer.from('eaaaa'));
    const second = act.callSync(Buffer.from('ebbbb'));
    first.fill(0);
    expect(second.toString()).toBe('bbbb');
  });

  test('results can be transferred, and a transferred input is refused', async () => {
    const { act } = await actor(puppet());
    for (let i = 0; i < 500; i++) {
      const result = act.callSync(Buffer.from(`e${i}`));
      expect(result.toString()).toBe(String(i));
      if (i % 50 === 0) transfer(result.buffer as ArrayBuffer);
    }
    const gone = Uint8Array.from([101]);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(thrown(() => act.callSync(gone))).toEqual(error('ERR_TENON_INVALID_ARGUMENT'));
  });

  test('an input can be changed once the call was made', async () => {
    const { act } = await actor(puppet());
    const input = Buffer.from('ebefore');
    const result = act.call(input);
    input.fill('x');
    expect((await result).toString()).toBe('before');
  });

  test.each([
    [1, 'TENON_FAILED'],
    [2, 'TENON_INVALID'],
    [3, 'TENON_UNSUPPORTED'],
    [4, 'TENON_BUSY'],
    [5, 'TENON_NO_MEMORY'],
  ])('status %i becomes an error with its message', async (status, name) => {
    const { act } = await actor(puppet());
    const input = Buffer.concat([Buffer.from('s'), Buffer.from([status]), Buffer.from('why')]);
    const expected = error('ERR_TENON_CALL_FAILED', {
      status: name,
      plugin: 'puppet',
      message: expect.stringContaining('why'),
    });
    expect(thrown(() => act.callSync(input))).toEqual(expected);
    expect(await failure(act.call(input))).toEqual(expected);
  });

  test('a panic poisons only its instance', async () => {
    const { act, runner } = await actor(puppet());
    const other = await instance(runner);
    expect(await failure(act.call(Buffer.from('s\x06oops')))).toEqual(error('ERR_TENON_PANIC'));
    expect(thrown(() => act.callSync(Buffer.from('ehello')))).toEqual(error('ERR_TENON_POISONED'));
    expect(other.say('ehello')).toBe('hello');
  });

  test.each(['o', 'O', 'l', 't', 'c', 'sM'])(
    'a breach of the contract (%s) disables the instance',
    async (how) => {
      const { act } = await actor(puppet());
      expect(thrown(() => act.callSync(Buffer.from(how)))).toEqual(error('ERR_TENON_CONTRACT'));
      expect(await failure(act.call(Buffer.from('ehello')))).toEqual(error('ERR_TENON_CONTRACT'));
    },
  );

  test('a failed new throws the message of the plugin, and its log entries arrive', async () => {
    const { runner } = await start(puppet());
    const logs: string[] = [];
    const events = {
      message: () => undefined,
      log: ({ message }: { message: string }) => logs.push(message),
    };
    const expected = error('ERR_TENON_NEW_FAILED', { message: expect.stringContaining('no such config') });
    expect(await failure(runner.create(Buffer.from('fail'), events))).toEqual(expected);
    expect(thrown(() => runner.createSync(Buffer.from('fail'), events))).toEqual(expected);
    await until(() => logs.length >= 2);
    expect(logs).toEqual(['about to fail', 'about to fail']);
    expect((await instance(runner)).say('ehello')).toBe('hello');
  });

  test('a batch returns all results even if one message fails', async () => {
    const { act } = await actor(puppet());
    const batch = Batch.of(['eone', 's\x02bad', 'e', 'ethree'].map((text) => Buffer.from(text)));
    for (const result of [act.callManySync(batch), await act.callMany(batch)]) {
      expect([...result.statuses]).toEqual([0, 2, 0, 0]);
      expect([...result].map((bytes) => Buffer.from(bytes).toString())).toEqual(['one', 'bad', '', 'three']);
    }
  });

  test('a batch ends at a message that breaks the contract', async () => {
    const { act } = await actor(puppet());
    const batch = Batch.of(['eone', 'l', 'ethree'].map((text) => Buffer.from(text)));
    const result = await act.callMany(batch);
    expect([...result.statuses]).toEqual([0, 7, 7]);
    expect(Buffer.from(result.get(1)).toString()).toContain('claims more output');
    expect(thrown(() => act.callManySync(batch))).toEqual(error('ERR_TENON_CONTRACT'));
  });

  test('a batch can be a slice of its data, empty or large, and invalid offsets are refused', async () => {
    const { act } = await actor(pluginFile('echo'));
    const sliced = new Batch(Int32Array.of(2, 4, 4, 7), Buffer.from('__abcde'));
    expect([...act.callManySync(sliced)].map(String)).toEqual(['ab', '', 'cde']);
    expect((await act.callMany(Batch.of([]))).length).toBe(0);
    const large = Batch.of(Array.from({ length: 100_000 }, (_, i) => Buffer.from(`${i}`)));
    expect(Buffer.from((await act.callMany(large)).data).equals(Buffer.from(large.data))).toBe(true);
    const broken = Batch.of([Buffer.from('abc')]);
    broken.offsets[1] = 99;
    expect(thrown(() => act.callManySync(broken))).toEqual(error('ERR_TENON_INVALID_ARGUMENT'));
    expect(await failure(act.callMany(broken))).toEqual(error('ERR_TENON_INVALID_ARGUMENT'));
  });

  test('methods of a kind are bound by slot, and an invalid method table is refused', async () => {
    const { tier } = await actor(puppet());
    expect(tier.methodCount('puppet/1')).toBe(2);
    expect(tier.methodCount('none/1')).toBe(0);
    expect(tier.bind(ACT).callSync(Buffer.from('ehello')).toString()).toBe('hello');
    const missing = error('ERR_TENON_MISSING_KIND', { plugin: 'puppet' });
    expect(thrown(() => tier.bind({ kind: 'none/1', slot: 0, name: 'none' }))).toEqual(missing);
    expect(thrown(() => tier.bind({ kind: 'puppet/1', slot: 2, name: 'none' }))).toEqual(missing);
    const tables = ['null/1', 'data/1', 'greedy/1', 'wild/1', 'odd/1'];
    for (const kind of tables) {
      const found = thrown(() => tier.bind({ kind, slot: 0, name: kind }));
      const code = kind === 'wild/1' ? 'ERR_TENON_BAD_POINTER' : 'ERR_TENON_BAD_VTABLE';
      expect(found).toEqual(error(code, { message: expect.stringContaining('puppet') }));
    }
  });

  test('record calls reuse their memory and report failures', async () => {
    const { tier } = await actor(puppet());
    const record = tier.bind(MIN).record(8, 4);
    const input = new Int32Array(record.input);
    const output = new Int32Array(record.output);
    for (const [a, b] of [
      [3, 4],
      [7, -5],
    ] as const) {
      input.set([a, b]);
      record.invoke();
      expect(record.control[0]).toBe(0);
      expect(output[0]).toBe(Math.min(a, b));
    }
    input.set([1003, 0]);
    record.invoke();
    expect(thrown(() => record.fail())).toEqual(
      error('ERR_TENON_CALL_FAILED', { message: expect.stringContaining('why') }),
    );
    input.set([1000, 0]);
    record.invoke();
    expect(thrown(() => record.fail())).toEqual(error('ERR_TENON_CONTRACT'));
  });

  test('a synchronous call can be made while asynchronous calls are pending', async () => {
    const { act, say } = await actor(puppet());
    const many = Array.from({ length: 500 }, (_, i) => act.call(Buffer.from(`e${i}`)));
    expect(say('enow')).toBe('now');
    const results = await Promise.all(many);
    expect(results.map(String)).toEqual(many.map((_, i) => String(i)));
  });

  test('invalid inputs and timeouts are refused', async () => {
    const { act } = await actor(puppet());
    const wrong = error('ERR_TENON_INVALID_ARGUMENT');
    for (const none of ['text', null, undefined, 7, [1], new Int32Array(2)]) {
      expect(thrown(() => act.callSync(none as never))).toEqual(wrong);
      expect(await failure(act.call(none as never))).toEqual(wrong);
    }
    expect(thrown(() => act.callSync(new Uint8Array(new SharedArrayBuffer(4))))).toEqual(wrong);
    expect(await failure(act.call(new Uint8Array(new SharedArrayBuffer(4))))).toEqual(wrong);
    expect(thrown(() => act.callSync(Buffer.from('e'), { timeout: -1 }))).toEqual(wrong);
    expect(await failure(act.call(Buffer.from('e'), { timeout: Number.NaN }))).toEqual(wrong);
    expect(thrown(() => act.callManySync({} as never))).toEqual(wrong);
  });

  test('close lets pending calls finish, runs drop once, and later calls are refused', async () => {
    const { tier, act, logs, runner } = await actor(puppet());
    const record = tier.bind(MIN).record(8, 4);
    const other = await instance(runner);
    const pending = act.call(Buffer.from('ehello'));
    const closing = tier.close();
    const closed = error('ERR_TENON_CLOSED', { plugin: 'puppet' });
    expect(thrown(() => act.callSync(Buffer.from('e')))).toEqual(closed);
    expect(await failure(act.call(Buffer.from('e')))).toEqual(closed);
    expect(thrown(() => tier.bind(ACT))).toEqual(closed);
    record.invoke();
    expect(thrown(() => record.fail())).toEqual(closed);
    expect((await pending).toString()).toBe('hello');
    await closing;
    await tier.close();
    await until(() => logs.length > 0);
    expect(logs).toEqual([{ level: 'info', message: 'dropped' }]);
    expect(JSON.parse(other.say('#'))).toMatchObject({ made: 2, dropped: 1, atDrop: 1 });
  });

  test('events and log entries arrive in order, including those of new', async () => {
    const { act, events, logs } = await actor(puppet(), {}, 'emit');
    await act.call(Buffer.from('Eone'));
    act.callSync(Buffer.from('Etwo'));
    act.callSync(Buffer.from('L1three'));
    await until(() => events.length === 3 && logs.length === 1);
    expect(events.map(String)).toEqual(['from new', 'one', 'two']);
    expect(logs).toEqual([{ level: 'warn', message: 'three' }]);
  });

  test('the queue of events is limited, and emit fails while it is full', async () => {
    const { say, events } = await actor(fixture(), { queue: { messages: 10, bytes: 1 << 20 } });
    expect(say('E1000')).toBe('10');
    await until(() => events.length === 10);
    expect(say('E5')).toBe('5');
    await until(() => events.length === 15);
  });

  test('log entries that exceed the queue are dropped and counted', async () => {
    const { say, logs } = await actor(fixture(), { queue: { messages: 10, bytes: 1 << 20 } });
    say('L100');
    await until(() => logs.length === 10);
    say('L1');
    await until(() => logs.length === 12);
    expect(logs[10]).toEqual({ level: 'warn', message: '90 log messages dropped: too many were waiting' });
  });

  test('a thread of the plugin emits more events than the queue holds without a loss', async () => {
    const { say, events, tier } = await actor(puppet(), { queue: { messages: 16, bytes: 1 << 20 } });
    say('T');
    await until(() => events.length > 5000);
    expect(events.map((event) => event.readUInt32LE())).toEqual(events.map((_, i) => i));
    await tier.close();
  });

  test('a listener can call the plugin, and its exception does not affect later events', async () => {
    const { runner } = await start(puppet());
    const heard: string[] = [];
    const uncaught: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', (thing) => uncaught.push(thing));
    try {
      const tier = runner.createSync(Buffer.alloc(0), {
        message: (data) => {
          heard.push(act.callSync(Buffer.from(`e${data}`)).toString());
          if (heard.length === 1) throw new Error('thrown by the listener');
        },
        log: () => undefined,
      });
      const act = tier.bind({ kind: null, slot: 0, name: 'something' });
      for (const text of ['one', 'two', 'three']) act.callSync(Buffer.from(`E${text}`));
      await until(() => heard.length === 3 && uncaught.length === 1);
      expect(heard).toEqual(['one', 'two', 'three']);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
  });

  test('stop lets calls finish, drops the instances and returns a report', async () => {
    const { runner, act, logs, exits } = await actor(puppet());
    const pending = act.call(Buffer.from('ehello'));
    const report = await runner.stop(10_000);
    expect((await pending).toString()).toBe('hello');
    expect(report).toMatchObject({
      reason: 'stopped',
      code: 0,
      signal: null,
      generation: 1,
      call: null,
      fault: null,
    });
    expect(report.peakRss).toBeGreaterThan(500_000);
    expect(logs.map(({ message }) => message)).toEqual(['dropped']);
    expect(exits).toEqual([report]);
    expect(runner.alive).toBe(false);
    expect(await runner.stop(0)).toBe(report);
    expect(thrown(() => act.callSync(Buffer.from('e')))).toEqual(error('ERR_TENON_CRASHED'));
  });

  test('the output of the plugin arrives line by line', async () => {
    const { say, stdout } = await actor(fixture());
    say('Pone\ntwo');
    say('Pthree');
    await until(() => stdout.length === 3);
    expect(stdout).toEqual(['one', 'two', 'three']);
  });
});
