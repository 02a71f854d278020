import { setImmediate as immediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { withAddon } from '../support/index.js';
import { backends, error, puppetFactory, turn, until } from './process/puppet.js';

describe.runIf(withAddon)('events and log entries', () => {
  test('what is emitted in a call arrives after it, in order, with the bytes of each', async () => {
    const { events, say } = puppetFactory('addon')();
    for (let i = 0; i < 100; i++) say(`Enumber ${i}`);
    say('E');
    expect(events).toEqual([]);
    await until(() => events.length === 101);
    expect(events.map(String)).toEqual([...Array.from({ length: 100 }, (_, i) => `number ${i}`), '']);
  });

  test('what new emits arrives, although the instance was not there yet', async () => {
    const { events } = puppetFactory('addon')({ config: 'emit' });
    await until(() => events.length === 1);
    expect(String(events[0])).toBe('from new');
  });

  test('log entries have their level, unknown ones the nearest, and text that is not UTF-8 is made readable', async () => {
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

  test('a full queue answers TENON_BUSY, nothing is lost, and there is room again after delivery', async () => {
    const { events, say } = puppetFactory('addon')({ queue: { messages: 3 } });
    for (const name of ['a', 'b', 'c']) say(`E${name}`);
    const busy = error('ERR_TENON_CALL_FAILED', { status: 'TENON_BUSY' }) as Error;
    expect(() => say('Ed')).toThrow(busy);
    await until(() => events.length === 3);
    say('Ee');
    await until(() => events.length === 4);
    expect(events.map(String)).toEqual(['a', 'b', 'c', 'e']);
  });

  test('the bytes that wait are bounded too, and what never fits is TENON_NO_MEMORY', async () => {
    const { events, say } = puppetFactory('addon')({ queue: { bytes: 10 } });
    say('E123456');
    expect(() => say('E12345')).toThrow(error('ERR_TENON_CALL_FAILED', { status: 'TENON_BUSY' }) as Error);
    expect(() => say('E12345678901')).toThrow(
      error('ERR_TENON_CALL_FAILED', { status: 'TENON_NO_MEMORY' }) as Error,
    );
    say('E1234');
    await until(() => events.length === 2);
  });

  test('log entries that find no room are dropped, counted and reported as one entry, in their place', async () => {
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

  test('a thread of the plugin is heard in order and without gaps, while calls go on', async () => {
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

  test('a handler may call the instance that emitted, and emit again', async () => {
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

  test('a handler that throws causes an uncaught exception, and the other events come', async () => {
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

  test('after close no event comes, also none that waited, but the log entries do, up to those of drop', async () => {
    const { events, logs, say, tier } = puppetFactory('addon')();
    say('Ewaits');
    say('L1waits');
    tier.close();
    expect(logs.map((entry) => entry.message)).toEqual(['waits', 'dropped']);
    await turn();
    expect(events).toEqual([]);
  });

  test('a handler that closes its instance gets no further event', async () => {
    const make = puppetFactory('addon');
    const puppet = make({ onEvent: () => puppet.tier.close() });
    for (let i = 0; i < 5; i++) puppet.say(`E${i}`);
    await until(() => puppet.events.length > 0);
    await turn();
    expect(puppet.events).toHaveLength(1);
    expect(JSON.parse(make().say('#'))).toMatchObject({ dropped: 1 });
  });

  test('emit in drop is answered TENON_CLOSED', () => {
    const make = puppetFactory('addon');
    make().tier.close();
    expect(JSON.parse(make().say('#'))).toMatchObject({ dropped: 1, atDrop: 1 });
  });

  test('a failed new leaves its log entries, and no events', async () => {
    const logs: string[] = [];
    const make = puppetFactory('addon');
    expect(() => make({ config: 'fail', onLog: (message) => logs.push(message) })).toThrow('no such config');
    expect(logs).toEqual(['about to fail']);
  });

  test('a thread that outlives its instance gets TENON_CLOSED, and never reaches another instance', async () => {
    const make = puppetFactory('addon');
    for (let i = 0; i < 5; i++) {
      const { say, tier } = make();
      say('S');
      tier.close();
    }
    // More instances than fit into a page of host structs, so that those of the closed ones are given back.
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
  test('it knows no extension', () => {
    expect(() => puppetFactory(backend)().say('X')).not.toThrow();
  });
});

test('without the addon emit answers TENON_UNSUPPORTED and log does nothing, from any thread', async () => {
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
