/** A hostile runner, which does not even behave like one: it harms only itself. */
import { describe, test } from 'vitest';
import { withAddon } from '../support/index.js';
import { hasProcesses, hostileRunner } from '../tiers/process/support.js';
import { attacker, call, callSync, endure, expectUnharmed } from './attack.js';

const WAYS = [
  'twice',
  'wrong-number',
  'old-number',
  'wrong-operation',
  'bad-status',
  'bad-event',
  'reversed',
  'cut-off',
  'never',
  'says-it-crashed',
  'rings',
  'floods',
  'leaves-a-writer',
  'stops',
  'dies',
] as const;
const INPUT = Buffer.from('e');

describe.runIf(hasProcesses && withAddon)('a hostile runner', () => {
  test.each(WAYS)('that does this: %s', async (plugin) => {
    const settings = { program: hostileRunner(), plugin };
    await endure('/nowhere.so', settings, async (hostile, watch) => {
      await callSync(watch, hostile, INPUT);
      await callSync(watch, hostile, INPUT);
    });
    await endure('/nowhere.so', settings, async (hostile) => {
      await Promise.all([call(hostile, INPUT), call(hostile, Buffer.alloc(300_000))]);
      await call(hostile, INPUT);
    });
    await expectUnharmed(attacker());
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('that writes garbage: seed %d', async (seed) => {
    const settings = { program: hostileRunner(), abi: String(seed), startTimeout: 100 };
    await endure('/nowhere.so', settings, async (hostile, watch) => {
      await callSync(watch, hostile, INPUT);
      await Promise.all([call(hostile, INPUT), call(hostile, Buffer.alloc(300_000))]);
    });
  });
});
