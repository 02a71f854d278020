import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Batch, type BatchResult } from '../../../src/base/batch.js';
import { createThreadInstance } from '../../../src/tiers/thread/instance.js';
import type { TierInstance } from '../../../src/tiers/tier.js';
import { temporaryFolder, withAddon } from '../../support/index.js';
import { error, until } from '../process/puppet.js';
import { type Sleeper, sleepers } from './sleeper.js';

const MIN = { kind: 'sleeper/1', slot: 0, name: 'sleeper.min' } as const;

/** Returns the outcome of a call: its bytes, or the code, status and message of its error. */
function outcomeOf(run: () => Uint8Array): unknown {
  try {
    return Buffer.from(run()).toString('hex');
  } catch (error) {
    const { code, status, message } = error as Error & { code: string; status?: string };
    return { code, status, message };
  }
}

async function asyncOutcomeOf(run: () => Promise<Uint8Array>): Promise<unknown> {
  try {
    const result = await run();
    return outcomeOf(() => result);
  } catch (error) {
    return outcomeOf(() => {
      throw error;
    });
  }
}

test.runIf(!withAddon)(
  'without the addon, the thread tier is unsupported and the error gives the reason',
  async () => {
    const context = { plugin: 'p', path: temporaryFolder() } as never;
    const none = { message: () => undefined, log: () => undefined };
    const made = createThreadInstance({} as never, context, Buffer.alloc(0), none);
    await expect(made).rejects.toEqual(
      error('ERR_TENON_UNSUPPORTED', { message: expect.stringContaining('TENON_NO_ADDON') }),
    );
  },
);

describe.runIf(withAddon)('calls on a thread', () => {
  test('new, calls and drop run in order on one thread, one at a time', async () => {
    const { make, counters } = sleepers();
    const { act, tier } = await make();
    const numbers = await Promise.all(Array.from({ length: 200 }, () => act.call(Buffer.from('n'))));
    expect(numbers.map((bytes) => bytes.readUInt32LE())).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(act.callSync(Buffer.from('n')).readUInt32LE()).toBe(200);
    await tier.close();
    expect(counters()).toMatchObject({ made: 1, dropped: 1, foreign: 0, overlapping: 0 });
  });

  test('a synchronous call runs after earlier asynchronous calls', async () => {
    const { act } = await sleepers().make();
    const order: string[] = [];
    const first = act.call(Buffer.from('z30')).then(() => order.push('first'));
    const second = act.call(Buffer.from('e')).then(() => order.push('second'));
    expect(act.callSync(Buffer.from('n')).readUInt32LE()).toBe(2);
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });

  const sizes = [0, 1, 63, 64, 65, 127, 128, 129, 4096, 16_384, 16_385, 65_536, 65_537, 1 << 20, 8 << 20];
  test.each(sizes)('an input and an output of %i bytes have the same result as inline', async (size) => {
    const { make, inline } = sleepers();
    const { act } = await make();
    const echo = Buffer.concat([Buffer.from('e'), Buffer.alloc(size, 'tenon')]);
    const expected = inline().act.callSync(echo);
    expect((await act.call(echo)).equals(expected)).toBe(true);
    expect(act.callSync(echo).equals(expected)).toBe(true);
    const grown = await act.call(Buffer.from(`g${size}`));
    expect(grown.equals(inline().act.callSync(Buffer.from(`g${size}`)))).toBe(true);
  });

  test('every status, panic and breach of the contract has the same errors as inline', async () => {
    const { make, inline } = sleepers();
    const inputs = [
      's\x01said: é',
      's\x02',
      's\x03',
      's\x04',
      's\x05',
      's\x06p',
      's\x07p',
      's\x08',
      's\x63',
      's\xff',
    ];
    for (const text of [...inputs, 'o', 'u', '']) {
      const input = Buffer.from(text, 'latin1');
      const runs = [...Array(2)];
      const here = inline().act;
      const expected = runs.map(() => outcomeOf(() => here.callSync(input)));
      const there = (await make()).act;
      expect(runs.map(() => outcomeOf(() => there.callSync(input)))).toEqual(expected);
      const later = (await make()).act;
      const found = [
        await asyncOutcomeOf(() => later.call(input)),
        await asyncOutcomeOf(() => later.call(input)),
      ];
      expect(found).toEqual(expected);
    }
  });

  test.each(['fail', 'panic', 'status'])(
    'a new that ends with %s has the same error as inline',
    async (config) => {
      const { make, inline, counters } = sleepers();
      const expected = outcomeOf(() => inline(config).act.callSync(Buffer.alloc(0)));
      expect(
        await asyncOutcomeOf(async () => (await make({}, config)).act.callSync(Buffer.alloc(0))),
      ).toEqual(expected);
      expect(counters()).toMatchObject({ made: 0, dropped: 0 });
    },
  );

  test('an input can be changed or transferred once the call was made', async () => {
    const { act } = await sleepers().make();
    const blocking = act.call(Buffer.from('z20'));
    const changed = new Uint8Array(100_000).fill(101);
    const moved = new Uint8Array(100_000).fill(101);
    const first = act.call(changed);
    const second = act.call(moved);
    changed.fill(0);
    structuredClone(moved.buffer, { transfer: [moved.buffer] });
    await blocking;
    for (const result of [await first, await second]) {
      expect(result.equals(Buffer.alloc(99_999, 101))).toBe(true);
    }
  });

  test('an invalid input has the same error as inline', async () => {
    const { make, inline } = sleepers();
    const { act } = await make();
    const detached = new Uint8Array(8);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const wrong = ['text', new Uint8Array(new SharedArrayBuffer(4)), new Uint16Array(2), undefined, detached];
    for (const input of wrong as Uint8Array[]) {
      const expected = outcomeOf(() => inline().act.callSync(input));
      expect(expected).toMatchObject({ code: 'ERR_TENON_INVALID_ARGUMENT' });
      expect(outcomeOf(() => act.callSync(input))).toEqual(expected);
      expect(await asyncOutcomeOf(() => act.call(input))).toEqual(expected);
    }
    expect((await act.call(Buffer.from('efine'))).toString()).toBe('fine');
  });
});

describe.runIf(withAddon)('batches and records on a thread', () => {
  const same = async (make: () => Promise<Sleeper>, inline: () => Sleeper, batch: Batch) => {
    const plain = ({ offsets, data, statuses }: BatchResult) => [
      [...offsets],
      Buffer.from(data).toString('latin1'),
      [...statuses],
    ];
    const expected = plain(inline().act.callManySync(batch));
    expect(plain((await make()).act.callManySync(batch))).toEqual(expected);
    expect(plain(await (await make()).act.callMany(batch))).toEqual(expected);
  };

  test.each([
    ['no messages', []],
    ['one empty message', ['']],
    ['many messages, some of which fail', ['eone', 's\x02two', 'ethree', '', 's\x05']],
    ['a panic in the middle', ['eone', 's\x06oh', 'ethree']],
    ['a breach of the contract in the middle', ['eone', 'o', 'ethree']],
    ['large results', ['g100000', 'g1', 'g70000']],
  ])('a batch with %s has the same result as inline', async (_, messages) => {
    const { make, inline } = sleepers();
    await same(make, inline, Batch.of(messages.map((text) => Buffer.from(text, 'latin1'))));
  });

  test('a slice of a column and a batch of ten thousand messages have the same results', async () => {
    const { make, inline } = sleepers();
    await same(make, inline, new Batch(Int32Array.of(3, 6, 9), Buffer.from('...eabecd')));
    await same(make, inline, Batch.of(Array.from({ length: 10_000 }, (_, i) => Buffer.from(`e${i}`))));
  });

  test('a batch can be changed once the call was made', async () => {
    const { act } = await sleepers().make();
    const batch = Batch.of([Buffer.from('eone'), Buffer.from('etwo')]);
    const blocking = act.call(Buffer.from('z10'));
    const result = act.callMany(batch);
    batch.data.fill(0);
    batch.offsets.fill(0);
    await blocking;
    expect([...(await result)].map((bytes) => Buffer.from(bytes).toString())).toEqual(['one', 'two']);
  });

  const min = (tier: TierInstance, a: number, b: number) => {
    const binding = tier.bind(MIN);
    const record = binding.record(8, 4);
    return outcomeOf(() => {
      new Int32Array(record.input).set([a, b]);
      record.invoke();
      if (record.control[0] !== 0) record.fail();
      return new Uint8Array(record.output, 0, 4);
    });
  };

  test('a record call, and every failure of one, has the same outcome as inline', async () => {
    const { make, inline } = sleepers();
    for (const first of [4, 1000, 1001, 1002]) {
      expect(min((await make()).tier, first, 7)).toEqual(min(inline().tier, first, 7));
    }
  });

  test('a record call whose memory was transferred is refused, and the instance still works', async () => {
    const { tier } = await sleepers().make();
    const record = tier.bind(MIN).record(8, 4);
    structuredClone(record.input, { transfer: [record.input] });
    record.invoke();
    expect(() => record.fail()).toThrow(error('ERR_TENON_INVALID_ARGUMENT') as Error);
    expect(min(tier, 2, 1)).toBe('01000000');
  });

  test('binding a missing kind throws ERR_TENON_MISSING_KIND', async () => {
    const { tier } = await sleepers().make();
    expect(tier.methodCount('sleeper/1')).toBe(2);
    expect(tier.methodCount('other/1')).toBe(0);
    expect(() => tier.bind({ kind: 'other/1', slot: 0, name: 'other.x' })).toThrow(
      error('ERR_TENON_MISSING_KIND') as Error,
    );
  });
});

describe.runIf(withAddon)('events of an instance on a thread', () => {
  test('events and log entries arrive in order, including those of drop', async () => {
    const { make } = sleepers();
    const { say, events, logs, tier } = await make();
    for (let i = 0; i < 50; i++) await say(`E${i}`);
    await say('Lwarned');
    await until(() => events.length === 50 && logs.length === 1);
    expect(events.map(String)).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    await tier.close();
    expect(logs).toEqual(['warned', 'dropped']);
    await sleep(5);
    expect(logs).toHaveLength(2);
  });
});
