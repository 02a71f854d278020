/** The bookkeeping of requests, on which no clock and no process has an influence here. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { newTally } from '../../../src/tiers/call-tally.js';
import { PipeRequests } from '../../../src/tiers/process/pipe/pending.js';
import {
  type Lateness,
  type PendingRequest,
  PendingRequests,
  type RequestRules,
} from '../../../src/tiers/process/requests.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const never = Number.POSITIVE_INFINITY;
const site = { plugin: 'p', path: '/p.so', method: 'm', tally: newTally() };
const answer = {
  ...{ operation: 2, status: 0, detail: 0, instance: 1, method: 0 },
  ...{ bytes: Buffer.alloc(0), batch: null },
};

function request(more: Partial<PendingRequest> = {}): PendingRequest {
  const rest = { counts: true, firm: false, batch: 0, size: 0, slot: -1, order: -1, placed: false };
  const deaf = { send: () => 0, settle: () => undefined, fail: () => undefined, over: false };
  return { site, timeout: never, due: never, ...rest, ...deaf, ...more };
}

function requests(rules: Partial<RequestRules> = {}): PendingRequests {
  const none = { late: () => undefined, refused: () => undefined, withdraw: () => false };
  return new PendingRequests({ maxInFlight: 1024, ...none, ...rules });
}

/** Passes 200 objects through a queue that always has one. Returns the number of those that can be collected. */
async function collectable<T extends object>(make: () => T, pass: (next: T) => void): Promise<number> {
  const made = Array.from({ length: 200 }, () => {
    const one = make();
    pass(one);
    return new WeakRef(one);
  });
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return made.filter((one) => one.deref() === undefined).length;
}

describe('answered requests are collected while others are in flight', () => {
  test('in the process tier', async () => {
    const pending = requests();
    pending.start(request());
    let slot = 0;
    const count = await collectable(request, (next) => {
      pending.start(next);
      pending.answered(slot, answer);
      slot = next.slot;
    });
    expect(pending.idle).toBe(false);
    expect(count).toBeGreaterThan(190);
  });

  test('over a pipe', async () => {
    const pending = new PipeRequests();
    const make = () => ({
      ...{ number: 1, calls: 1, operation: 2, instance: 1, method: 0 },
      ...{ slot: 0, pieces: [Buffer.alloc(8)], size: 8 },
    });
    pending.push(make());
    const count = await collectable(make, (next) => {
      pending.push(next);
      pending.shift();
    });
    expect([pending.count, pending.bytes]).toEqual([1, 8]);
    expect(count).toBeGreaterThan(190);
  });
});

test.each([
  [true, 'unbegun'],
  [false, 'begun'],
] as const)('a late request behind another one that is taken back (%s) is %s', async (taken, lateness) => {
  const told = await new Promise<Lateness>((resolve) => {
    const pending = requests({ withdraw: () => taken, late: (_request, found) => resolve(found) });
    pending.start(request());
    pending.start(request({ timeout: 1, due: performance.now() - 1 }));
  });
  expect(told).toBe(lateness);
});
