/** A hostile plugin in a process of its own, in the sandbox: it harms only itself. */
import { describe, expect, test } from 'vitest';
import { withAddon } from '../support/index.js';
import { until } from '../tiers/process/puppet.js';
import { hasProcesses } from '../tiers/process/support.js';
import { attacker, call, callSync, endure, expectUnharmed, failure, RESULT } from './attack.js';

/** The attacks through the shared memory and its descriptors. */
const ON_THE_CHANNEL = [
  'fills',
  'keeps-full',
  'keeps-empty',
  'stale 0',
  'stale 65472',
  'parts 1',
  'parts 4096',
  'parts 33554432',
  'whole 67108864',
  'events 0',
  'events 400000',
  'events-and-dies 500000',
  'scribbles 1',
  'scribbles 2',
  'scribbles 3',
  'stops-keeper-and-lies 0',
] as const;
/** The attacks that any transport can suffer. */
const ANYWHERE = [
  'hangs',
  'exits',
  'aborts',
  'closes',
  'holds-life',
  'prints 0',
  'prints 200',
  'stops',
  'stops-keeper',
  'stops-keeper-and-dies',
  'kills-keeper',
  'kills-group',
] as const;

const ATTACKS = [
  ...(withAddon ? ON_THE_CHANNEL.map((way) => ['shared-memory', way] as const) : []),
  ...(withAddon ? ANYWHERE.map((way) => ['shared-memory', way] as const) : []),
  ...ANYWHERE.map((way) => ['pipe', way] as const),
];

describe.runIf(hasProcesses)('a hostile plugin', () => {
  test.each(ATTACKS)('over %s: %s', async (transport, way) => {
    const attack = Buffer.from(`!${way}`);
    await endure(attacker(), { transport }, async (hostile, watch) => {
      await callSync(watch, hostile, attack);
      await callSync(watch, hostile, Buffer.from('again'));
    });
    await endure(attacker(), { transport }, async (hostile) => {
      await Promise.all([call(hostile, attack), call(hostile, Buffer.from('behind it'))]);
      await call(hostile, Buffer.from('again'));
    });
    await expectUnharmed(attacker());
  });

  test.each(withAddon ? (['shared-memory', 'pipe'] as const) : (['pipe'] as const))(
    'returns too much over %s: the call fails and names the limit',
    async (transport) => {
      await endure(attacker(), { transport, timeout: 60_000 }, async ({ act, runner }, watch) => {
        const limit = expect.objectContaining({
          code: 'ERR_TENON_CALL_FAILED',
          status: 'TENON_NO_MEMORY',
          message: expect.stringContaining(`limits.result, which is ${RESULT} bytes`),
        });
        const tooMuch = Buffer.from(`=${' '}${RESULT + 1}`);
        expect(await failure(() => watch.except(() => act.callSync(tooMuch)))).toEqual(limit);
        expect(await failure(() => act.call(tooMuch))).toEqual(limit);
        expect(await failure(() => act.call(Buffer.from(`=${' '}${RESULT}`)))).toBeNull();
        expect(runner.alive).toBe(true);
      });
    },
  );

  test('reports the parts of its sandbox that this system has', async () => {
    await endure(attacker(), {}, async ({ runner }) => {
      process.stdout.write(
        `in force: ${runner.enforced.join(' ')}; missing: ${runner.missing.join(' ') || 'nothing'}\n`,
      );
      expect(runner.enforced.length).toBeGreaterThan(0);
      await until(() => runner.alive);
    });
  });
});
