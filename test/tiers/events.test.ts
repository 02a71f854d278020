import { setImmediate as immediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { withAddon } from '../support/index.js';
import { backends, error, puppetFactory, turn, until } from './process/puppet.js';

describe.runIf(withAddon)('events and log entries', () => {
  test('events emitted during a call arrive after it, in order, with their bytes', async () => {
    const { events, say } = puppetFactory('addon')();
    for (let i = 0; i < 100; i++) say(`Enumber ${i}`);
    say('E');
    expect(events).toEqual([]);
    await until(() => events.length === 101);
    expect(events.map(String)).toEqual([...Array.from({ length: 100 }, (_, i) => `number ${i}`), '']);
  });

  test('an event emitted in new arrives', async () => {
    const { events } = puppetFactory('addon')({ config: 'emit' });
    await until(() => events.length === 1);
    expect(String(events[0])).toBe('from new');
  });

  test('a log entry has its level or the nearest known one, and invalid UTF-8 is replaced', async () => {
    const { logs, act } = puppetFactory('addon')();
    for (const entry of ['0no', '1beware', '2so', '3deep', '4deeper', '9what', '/less', '2\xff']) {
      act.callSync(Buffer.from(`L${entry}`, 'latin1'));
    }
    await until(() => logs.length === 8);
    expect(logs.map((entry) => entry.level)).toEqual([
      'error',
      'warn',
      'info',
      'debug',
      'trace',
      'trace',
      'error',
      'info',
    ]);
    expect(logs.map((entry) => entry.message).slice(0, 3)).toEqual(['no', 'beware', 'so']);
    expect(logs.at(-1)?.message).toBe('\ufffd');
  });

  test('emit returns TENON_BUSY if the queue is full, and succeeds again after delivery', async () => {
    const { events, say } = puppetFactory('addon')({ queue: { messages: 3 } });
    for (const name of ['a', 'b', 'c']) say(`E${name}`);
    const busy = error('ERR_TENON_CALL_FAILED', { status: 'TENON_BUSY' }) as Error;
    expect(() => say('Ed')).toThrow(busy);
    await until(() => events.length === 3);
    say('Ee');
    await until(() => events.length === 4);
    expect(events.map(String)).toEqual(['a', 'b', 'c', 'e']);
  });

  test('the queue is limited in bytes, and a larger event fails with TENON_NO_MEMORY', async () => {
    const { events, say } = puppetFactory('addon')({ queue: { bytes: 10 } });
    say('E123456');
    expect(() => say('E12345')).toThrow(error('ERR_TENON_CALL_FAILED', { status: 'TENON_BUSY' }) as Error);
    expect(() => say('E12345678901')).toThrow(
      error('ERR_TENON_CALL_FAILED', { status: 'TENON_NO_MEMORY' }) as Error,
    );
    say('E1234');
    await until(() => events.length === 2);
  });

  test('log entries that exceed the queue are dropped and counted in a single entry', async () => {
    const { logs, events, say } = puppetFactory('addon')({ queue: { messages: 2 } });
    for (const name of ['a', 'b', 'c', 'd']) say(`L2${name}`);
    await until(() => logs.length === 3);
    say('L2e');
    await until(() => logs.length === 4);
    expect(logs.map((entry) => entry.message)).toEqual([
      'a',
      'b',
      '2 log messages dropped: too many were waiting',
      'e',
    ]);
    expect(logs[2]?.level).toBe('warn');
    expect(events).toEqual([]);
  });

  test('events of a thread of the plugin arrive in order and without gaps during calls', async () => {
    const { events, say, tier } = puppetFactory('addon')({ queue: { messages: 64 } });
    say('T');
    while (events.length < 5000) {
      expect(say('eat the same time')).toBe('at the same time');
      await immediate();
    }
    tier.close();
    const numbers = events.map((data) => data.readUInt32LE());
    expect(numbers).toEqual(numbers.map((_, i) => i));
    const heard = events.length;
    await turn();
    expect(events).toHaveLength(heard);
  });

  test('a listener can call the instance that emitted, and make it emit again', async () => {
    const seen: string[] = [];
    const { say } = puppetFactory('addon')({
      onEvent: (data) => {
        seen.push(say(`e${data}!`));
        if (seen.length < 5) say(`E${seen.length}`);
      },
    });
    say('E0');
    await until(() => seen.length === 5);
    expect(seen).toEqual(['0!', '1!', '2!', '3!', '4!']);
  });

  test('a listener that throws causes an uncaught exception, and the other events still arrive', async () => {
    const uncaught = vi.fn();
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', uncaught);
    try {
      const { events, say } = puppetFactory('addon')({
        onEvent: (data) => {
          if (String(data) === 'bad') throw new Error('mine');
        },
      });
      for (const name of ['a', 'bad', 'b', 'bad', 'c']) say(`E${name}`);
      await until(() => events.length === 5);
      await turn();
      expect(uncaught.mock.calls.map(([thrown]) => (thrown as Error).message)).toEqual(['mine', 'mine']);
    } finally {
      process.removeListener('uncaughtException', uncaught);
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });

  test('close discards waiting events and delivers log entries, including those of drop', async () => {
    const { events, logs, say, tier } = puppetFactory('addon')();
    say('Ewaits');
    say('L1waits');
    tier.close();
    expect(logs.map((entry) => entry.message)).toEqual(['waits', 'dropped']);
    await turn();
    expect(events).toEqual([]);
  });

  test('a listener that closes its instance gets no further event', async () => {
    const make = puppetFactory('addon');
    const puppet = make({ onEvent: () => puppet.tier.close() });
    for (let i = 0; i < 5; i++) puppet.say(`E${i}`);
    await until(() => puppet.events.length > 0);
    await turn();
    expect(puppet.events).toHaveLength(1);
    expect(JSON.parse(make().say('#'))).toMatchObject({ dropped: 1 });
  });

  test('emit in drop returns TENON_CLOSED', () => {
    const make = puppetFactory('addon');
    make().tier.close();
    expect(JSON.parse(make().say('#'))).toMatchObject({ dropped: 1, atDrop: 1 });
  });

  test('the log entries of a failed new arrive', async () => {
    const logs: string[] = [];
    const make = puppetFactory('addon');
    expect(() => make({ config: 'fail', onLog: (message) => logs.push(message) })).toThrow('no such config');
    expect(logs).toEqual(['about to fail']);
  });

  test('a thread that outlives its instance gets TENON_CLOSED and reaches no other instance', async () => {
    const make = puppetFactory('addon');
    for (let i = 0; i < 5; i++) {
      const { say, tier } = make();
      say('S');
      tier.close();
    }
    // More instances than fit into a page of host structs, so that the structs of closed instances are freed.
    const others = Array.from({ length: 400 }, () => make());
    const counters = () => JSON.parse(others[0]?.say('#') ?? '{}');
    await until(() => counters().strays === 0);
    await turn();
    expect(counters().closed).toBeGreaterThan(100);
    expect(others.flatMap((other) => [...other.events, ...other.logs])).toEqual([]);
    for (const other of others) other.tier.close();
  });
});

describe.each(backends)('the host of a plugin through %s', (backend) => {
  test('has no extensions', () => {
    expect(() => puppetFactory(backend)().say('X')).not.toThrow();
  });
});

test('without the addon, emit returns TENON_UNSUPPORTED and log does nothing, on any thread', async () => {
  const make = puppetFactory('koffi');
  const { say, tier, logs } = make();
  expect(() => say('Ex')).toThrow(error('ERR_TENON_CALL_FAILED', { status: 'TENON_UNSUPPORTED' }) as Error);
  say('L2x');
  say('S');
  tier.close();
  const other = make();
  await until(() => JSON.parse(other.say('#')).strays === 0);
  expect(logs).toEqual([]);
});
