import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterCrash, checkRestart, pauseBefore, type RestartPolicy } from '../../src/supervision/restart.js';
import { StateMachine, type SupervisorState } from '../../src/supervision/states.js';

const policy = checkRestart({ max: 3, within: 1000 }) as RestartPolicy;
const MIDDLE = 0.5;

/** Returns the pauses after crashes at these times, of processes that each ran for the given duration. */
function pauses(rule: RestartPolicy | null, crashes: readonly (readonly [now: number, ranFor: number])[]) {
  let restarts: readonly number[] = [];
  return crashes.map(([now, ranFor]) => {
    const decision = afterCrash(rule, restarts, { now, ranFor }, MIDDLE);
    restarts = decision.restarts;
    return decision.delay;
  });
}

describe('the restart policy', () => {
  test('the first restart is immediate, the next pauses double, and then there is no restart', () => {
    expect(
      pauses(policy, [
        [0, 5],
        [10, 5],
        [120, 5],
        [340, 5],
      ]),
    ).toEqual([0, 100, 200, null]);
  });

  test('a restart counts until the window has passed', () => {
    expect(
      pauses(policy, [
        [0, 5],
        [500, 5],
        [900, 5],
        [1000, 5],
        [1001, 5],
      ]),
    ).toEqual([0, 100, 200, 200, null]);
  });

  test('after a healthy period all restarts are allowed again, and the first one is immediate', () => {
    const rule = checkRestart({ max: 2, within: 60_000, healthyAfter: 50 });
    expect(
      pauses(rule, [
        [0, 5],
        [10, 5],
        [70, 50],
        [80, 5],
        [90, 49],
      ]),
    ).toEqual([0, 100, 0, 100, null]);
  });

  test('a process that never started successfully is not healthy, whatever the option says', () => {
    const rule = checkRestart({ max: 1, healthyAfter: 0 });
    expect(
      pauses(rule, [
        [0, 0],
        [1, 0],
      ]),
    ).toEqual([0, null]);
  });

  test('there are no restarts with false or with a budget of 0', () => {
    expect(pauses(checkRestart(false), [[0, 5]])).toEqual([null]);
    expect(pauses(checkRestart({ max: 0 }), [[0, 5]])).toEqual([null]);
  });

  test('pauses stay within the jitter and below the maximum, and a window never has more than `max` restarts', () => {
    const options = fc.record({
      max: fc.integer({ min: 0, max: 8 }),
      within: fc.integer({ min: 1, max: 5000 }),
      backoff: fc.record({
        initial: fc.integer({ min: 0, max: 500 }),
        factor: fc.double({ min: 1, max: 4, noNaN: true }),
        max: fc.integer({ min: 0, max: 3000 }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    });
    const crashes = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true })),
    );
    fc.assert(
      fc.property(options, crashes, (given, steps) => {
        const rule = checkRestart(given) as RestartPolicy;
        const all: number[] = [];
        let restarts: readonly number[] = [];
        let now = 0;
        for (const [step, chance] of steps) {
          now += step;
          const decision = afterCrash(rule, restarts, { now, ranFor: 0 }, chance);
          restarts = decision.restarts;
          if (decision.delay === null) continue;
          all.push(now);
          expect(decision.delay).toBeGreaterThanOrEqual(0);
          expect(decision.delay).toBeLessThanOrEqual(rule.backoff.max);
          expect(all.filter((time) => now - time < rule.within).length).toBeLessThanOrEqual(rule.max);
        }
      }),
    );
  });

  test('jitter spreads a pause to both sides', () => {
    const { backoff } = policy;
    expect(pauseBefore(backoff, 1, 0)).toBe(80);
    expect(pauseBefore(backoff, 1, 1)).toBe(120);
    expect(pauseBefore(backoff, 40, 1)).toBe(5000);
  });

  test.each([
    ['restart', 5],
    ['restart', null],
    ['restart', true],
    ['restart.often', { often: 1 }],
    ['restart.max', { max: -1 }],
    ['restart.max', { max: 1.5 }],
    ['restart.max', { max: '3' }],
    ['restart.within', { within: 0 }],
    ['restart.within', { within: Number.NaN }],
    ['restart.healthyAfter', { healthyAfter: -1 }],
    ['restart.backoff', { backoff: 'fast' }],
    ['restart.backoff.initial', { backoff: { initial: -1 } }],
    ['restart.backoff.factor', { backoff: { factor: 0.5 } }],
    ['restart.backoff.max', { backoff: { max: -1 } }],
    ['restart.backoff.jitter', { backoff: { jitter: 2 } }],
    ['restart.backoff.base', { backoff: { base: 2 } }],
  ])('an invalid option is refused by name: %s in %j', (argument, value) => {
    expect(() => checkRestart(value as never)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument }),
    );
  });
});

describe('the states', () => {
  const ways: Record<SupervisorState, SupervisorState[]> = {
    stopped: ['starting'],
    starting: ['running', 'crashed', 'stopping'],
    running: ['stopping', 'crashed'],
    stopping: ['stopped'],
    crashed: ['backing-off', 'failed'],
    'backing-off': ['starting', 'stopping'],
    failed: ['stopping'],
  };
  const all = Object.keys(ways) as SupervisorState[];

  /** The transitions from `stopped` to each state. */
  const routes: Record<SupervisorState, SupervisorState[]> = {
    stopped: [],
    starting: ['starting'],
    running: ['starting', 'running'],
    stopping: ['starting', 'stopping'],
    crashed: ['starting', 'crashed'],
    'backing-off': ['starting', 'crashed', 'backing-off'],
    failed: ['starting', 'crashed', 'failed'],
  };

  test.each(all.flatMap((from) => all.map((to) => [from, to, ways[from].includes(to)] as const)))(
    'from %s to %s: %s',
    (from, to, allowed) => {
      const machine = new StateMachine();
      for (const step of routes[from]) machine.to(step);
      if (allowed) expect(machine.to(to)).toBe(from);
      else expect(() => machine.to(to)).toThrow(`A plugin that is ${from} cannot become ${to}.`);
      expect(machine.state).toBe(allowed ? to : from);
    },
  );
});
