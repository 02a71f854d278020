/** The lateness of asynchronous requests, and their order, without a process. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { attentiveNow } from '../../../src/base/attention.js';
import { newTally } from '../../../src/tiers/call-tally.js';
import { type Lateness, type PendingRequest, PendingRequests } from '../../../src/tiers/process/requests.js';

/** Blocks the thread. */
function spend(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function request(timeout: number, send: () => number = () => 0): PendingRequest {
  return {
    site: { plugin: 'p', path: '/p', method: 'm', tally: newTally() },
    send,
    counts: true,
    timeout,
    due: attentiveNow() + timeout,
    firm: false,
    batch: 0,
    size: 0,
    slot: -1,
    order: -1,
    placed: false,
    over: false,
    settle: () => undefined,
    fail: () => undefined,
  };
}

/** Returns requests whose lateness is recorded, and that cannot be taken back. */
function requests() {
  const late: [PendingRequest, Lateness][] = [];
  const pending = new PendingRequests({
    maxInFlight: 8,
    late: (one, lateness) => late.push([one, lateness]),
    refused: () => undefined,
    withdraw: () => false,
  });
  return { pending, late };
}

describe('a request that is late', () => {
  test('runs, if nothing was before it, however long it took to send', async () => {
    const { pending, late } = requests();
    const slow = request(40, () => {
      spend(15); // much more than the tolerance of a timer
      return 0;
    });
    expect(pending.start(slow)).toBe(true);
    await vi.waitFor(() => expect(late.length).toBeGreaterThan(0));
    expect(late[0]).toEqual([slow, 'running']);
    pending.failAll(() => undefined);
  });

  test('has only begun, if it waited for another one', async () => {
    const { pending, late } = requests();
    const first = request(Number.POSITIVE_INFINITY);
    const second = request(300);
    expect(pending.start(first)).toBe(true);
    expect(pending.start(second)).toBe(true);
    await delay(150); // the distance of the two kinds of lateness, which a busy machine must not use up
    pending.answered(first.slot, { status: 0, detail: 0, bytes: Buffer.alloc(0) } as never);
    await vi.waitFor(() => expect(late.length).toBeGreaterThan(0));
    expect(late[0]).toEqual([second, 'begun']);
    pending.failAll(() => undefined);
  });
});

test('requests are answered one by one and several at a time', () => {
  const { pending } = requests();
  const answer = { status: 0, detail: 0, bytes: Buffer.alloc(0) } as never;
  for (let round = 0; round < 3; round++) {
    const one = request(Number.POSITIVE_INFINITY);
    expect(pending.start(one)).toBe(true);
    expect(pending.first).toBe(one);
    expect(pending.answered(one.slot, answer)).toBe(true);
    expect(pending.idle).toBe(true);
    const some = [1, 2, 3].map(() => request(Number.POSITIVE_INFINITY));
    for (const next of some) expect(pending.start(next)).toBe(true);
    for (const next of some) {
      expect(pending.first).toBe(next);
      expect(pending.answered(next.slot, answer)).toBe(true);
    }
    expect(pending.idle).toBe(true);
    expect(pending.load).toEqual({ calls: 0, bytes: 0 });
  }
});
