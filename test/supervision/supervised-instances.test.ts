/** Calls and instances of real plugins that outlast their process. */
import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/base/batch.js';
import { bindKindSync } from '../../src/kinds/bind.js';
import { defineKind, method } from '../../src/kinds/kind.js';
import { SOMETHING } from '../../src/tiers/tier.js';
import { pluginFile, withRunner } from '../support/index.js';
import {
  call,
  FAST,
  INPUT,
  NO_EVENTS,
  newInstance,
  type Supervised,
  supervise,
  until,
} from './supervised-plugin.js';

describe.runIf(withRunner)('queued calls of a process that crashes', () => {
  test('go to the next generation, with their original input, if calls wait', async () => {
    const { supervisor } = await supervise('second-call-segfaults', undefined, {
      settings: { maxInFlight: 1, whenFull: 'wait' },
      whenFull: 'wait',
      whenDown: 'wait',
      restart: { max: 10, backoff: FAST },
    });
    const binding = (await newInstance(supervisor)).bind(SOMETHING);
    const input = Buffer.from('one');
    const calls = [binding.call(input), binding.call(Buffer.from('two')), binding.call(input)];
    const batch = binding.callMany(Batch.of([input]));
    const refused = expect(batch).rejects.toMatchObject({
      code: 'ERR_TENON_CRASHED',
      report: { generation: 2 },
    });
    input.write('xxx');
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map((one) => (one.status === 'fulfilled' ? String(one.value) : one.reason.code))).toEqual(
      ['one', 'ERR_TENON_CRASHED', 'one'],
    );
    await refused;
  });

  test('fail like calls in flight otherwise', async () => {
    const { supervisor } = await supervise('second-call-segfaults', undefined, {
      settings: { maxInFlight: 1, whenFull: 'wait' },
      whenFull: 'wait',
    });
    const binding = (await newInstance(supervisor)).bind(SOMETHING);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => binding.call(INPUT)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'ERR_TENON_CRASHED', report: { generation: 1 } } });
  });
});

describe.runIf(withRunner)('instances of good plugins survive crashes of their process', () => {
  /** Kills the process with SIGKILL, as the system would, and waits for the next one. */
  async function killAndWait({ supervisor }: Supervised): Promise<void> {
    const { generation } = supervisor;
    process.kill(supervisor.pid ?? 0, 'SIGKILL');
    await until(() => expect(supervisor.generation).toBe(generation + 1));
    await supervisor.ready();
  }

  test('each with its config', async () => {
    const supervised = await supervise('wordcount', pluginFile('wordcount'), { whenDown: 'wait' });
    const { supervisor } = supervised;
    const all = await newInstance(supervisor);
    const long = await newInstance(supervisor, '{"minLength":5}');
    const text = Buffer.from('a few words, some of them longer');
    const before = await Promise.all([call(all, text), call(long, text)]);
    expect(before[0].equals(before[1])).toBe(false);
    for (let round = 0; round < 3; round++) {
      await killAndWait(supervised);
      expect(await Promise.all([call(all, text), call(long, text)])).toEqual(before);
    }
    expect(supervised.reports[0]).toMatchObject({ signal: 'SIGKILL', reason: 'crashed', call: null });
  });

  test('with their events', async () => {
    const supervised = await supervise('metronome', pluginFile('metronome'));
    const events: string[] = [];
    const instance = await supervised.supervisor.create(Buffer.from('{"interval":5}'), {
      ...NO_EVENTS,
      message: (data) => events.push(String(data)),
    });
    instance.ref();
    await until(() => expect(events.length).toBeGreaterThan(2));
    await killAndWait(supervised);
    const seen = events.length;
    await until(() => expect(events.length).toBeGreaterThan(seen + 2));
    await instance.close();
  });

  test('with their typed methods, whose memory stays the same', async () => {
    const math = defineKind({
      name: 'math',
      version: '1.0.0',
      methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) },
    });
    const supervised = await supervise('math', pluginFile('math'));
    const instance = await newInstance(supervised.supervisor);
    const api = bindKindSync(math, instance, null);
    expect(api.min({ a: 3, b: -4 })).toEqual({ result: -4 });
    for (let round = 0; round < 3; round++) {
      process.kill(supervised.supervisor.pid ?? 0, 'SIGKILL');
      // Without a pause, so that the next process cannot become ready in between.
      const untilItFails = () => {
        for (;;) api.min({ a: 1, b: 2 });
      };
      expect(untilItFails).toThrow(expect.objectContaining({ code: 'ERR_TENON_CRASHED' }));
      await until(() => expect(api.min({ a: 7, b: 5 + round })).toEqual({ result: 5 + round }));
    }
  });
});
