import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Instance, PluginHost } from '../../src/index.js';
import { faultFile, withAddon } from '../support/index.js';
import { callFault, expectError, expectToWork, refusal } from './support.js';
import { faultsToTest } from './table.js';

const table = faultsToTest();
const INPUT = Buffer.from('some input');

async function instanceOf(host: PluginHost, library: string): Promise<Instance> {
  return (await host.load(faultFile(library))).new();
}

describe('a failing `new` is an error, and the host keeps working', () => {
  test.each(table.filter(({ where }) => where === 'new'))('$library, which $what', async (row) => {
    const host = new PluginHost();
    const plugin = await host.load(faultFile(row.library));
    expectError(await refusal(() => plugin.new()), row);
    await expectToWork(host);
  });
});

describe('a failing call is an error, and the host keeps working', () => {
  test.each(table.filter(({ where, code }) => where === 'call' && code !== null))(
    '$library, which $what',
    async (row) => {
      const host = new PluginHost();
      const instance = await instanceOf(host, row.library);
      expectError(await refusal(() => callFault(instance, row, INPUT)), row);
      await expectToWork(host);
      if (row.next !== undefined) {
        const again = await refusal(() => callFault(instance, row, INPUT));
        expect(again.code).toBe(row.next);
      }
      instance.close();
      await expectToWork(host);
    },
  );
});

describe('each failing message of a batch has its own status', () => {
  test.each(['returns-failed', 'returns-invalid'])('%s', async (library) => {
    const { Batch } = await import('../../src/index.js');
    const instance = await instanceOf(new PluginHost(), library);
    const result = instance.callManySync(Batch.of([INPUT, INPUT]));
    expect(result.length).toBe(2);
    expect([...result.statuses].every((status) => status !== 0)).toBe(true);
    instance.close();
  });
});

// The host cannot detect these faults: the call succeeds.
describe('a fault that raises no error leaves the host working', () => {
  test.each(table.filter(({ where, code }) => (where === 'call' || where === 'close') && code === null))(
    '$library, which $what',
    async (row) => {
      const host = new PluginHost();
      const instance = await instanceOf(host, row.library);
      callFault(instance, row, INPUT);
      instance.close();
      expect(instance.closed).toBe(true);
      await expectToWork(host);
    },
  );
});

test.each(table.filter(({ library }) => library.startsWith('leaks')))(
  '$library: leaked memory stays allocated in the host process',
  async ({ library }) => {
    const instance = await instanceOf(new PluginHost(), library);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 64; i++) instance.callSync(INPUT);
    expect(process.memoryUsage.rss() - before).toBeGreaterThan(48 * 1024 * 1024);
    instance.close();
  },
);

/** Subscribes to an instance and returns an array that collects the numbers it emits. */
function numbersOf(instance: Instance): number[] {
  const numbers: number[] = [];
  instance.on('message', (data) => numbers.push(Number(data.readBigUInt64LE())));
  return numbers;
}

describe.runIf(withAddon)('events, with the addon', () => {
  test.each(['emits-reentrant', 'emits-foreign'])(
    '%s: events arrive in order after the call',
    async (library) => {
      const host = new PluginHost();
      const instance = await instanceOf(host, library);
      const numbers = numbersOf(instance);
      expect(instance.callSync(INPUT)).toEqual(INPUT);
      while (numbers.length < 3) await once(instance, 'message');
      expect(numbers).toEqual([0, 1, 2]);
      instance.close();
      await expectToWork(host);
    },
  );

  test('emits-flood: a full queue returns TENON_BUSY, and accepted events arrive in order', async () => {
    const host = new PluginHost();
    const instance = await instanceOf(host, 'emits-flood');
    const numbers = numbersOf(instance);
    const [taken = 0, busy = 0, other = 0] = tallyOf(instance.callSync(INPUT));
    expect({ total: taken + busy, other }).toEqual({ total: 1_000_000, other: 0 });
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThanOrEqual(1024);
    while (numbers.length < taken) await once(instance, 'message');
    expect(numbers).toEqual(Array.from({ length: taken }, (_, index) => index));
    instance.close();
    await expectToWork(host);
  });
});

describe.runIf(!withAddon)('events, without the addon', () => {
  test('emits-flood: every emit returns TENON_UNSUPPORTED', async () => {
    const host = new PluginHost();
    const instance = await instanceOf(host, 'emits-flood');
    expect(tallyOf(instance.callSync(INPUT))).toEqual([0, 0, 1_000_000]);
    expect(host.capabilities.events).toBe(false);
    instance.close();
    await expectToWork(host);
  });
});

function tallyOf(result: Buffer): number[] {
  return [0, 8, 16].map((offset) => Number(result.readBigUInt64LE(offset)));
}

test('emits-outlives: an emit after `drop` returns TENON_CLOSED', async () => {
  const host = new PluginHost();
  const plugin = await host.load(faultFile('emits-outlives'));
  const events: Buffer[] = [];
  const first = await plugin.new();
  first.on('message', (data) => events.push(data));
  first.close();
  const second = await plugin.new();
  const NOT_YET = -1;
  const answer = () => second.callSync(INPUT).readInt32LE();
  while (answer() === NOT_YET) await sleep(5);
  const CLOSED = 8;
  const UNSUPPORTED = 3;
  expect(answer()).toBe(withAddon ? CLOSED : UNSUPPORTED);
  expect(events).toEqual([]);
  second.close();
  await expectToWork(host);
});
