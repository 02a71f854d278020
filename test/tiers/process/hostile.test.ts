/** Runners compromised by their plugin: nothing that they write crashes or blocks the host. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import { type RunnerExit, RunnerProcess } from '../../../src/tiers/process/runner-process.js';
import { SOMETHING } from '../../../src/tiers/tier.js';
import { temporaryFolder, withAddon } from '../../support/index.js';
import { error, until } from './puppet.js';
import {
  actor,
  failure,
  hasProcesses,
  hostileRunner,
  isRunning,
  openFiles,
  puppet,
  settingsFor,
  start,
  thrown,
} from './support.js';

const TEXT = Buffer.from('e');

const hostile = (way: string) => actor(puppet(), { program: hostileRunner(), plugin: way });
const reasonOf = (found: unknown) => ((found as Error).cause as RunnerExit | undefined)?.reason;
const crashed = error('ERR_TENON_CRASHED');

describe.runIf(hasProcesses)('a runner that breaks the protocol', () => {
  test.each(['wrong-number', 'wrong-operation', 'bad-status', 'bad-outcome', 'cut-off'])(
    'is ended: %s',
    async (way) => {
      const sync = await hostile(way);
      const found = thrown(() => sync.act.callSync(TEXT, { timeout: 20_000 }));
      expect(found).toEqual(crashed);
      expect(reasonOf(found)).toBe('protocol');
      const later = await hostile(way);
      const lost = await failure(later.act.call(TEXT, { timeout: 20_000 }));
      expect(lost).toEqual(crashed);
      expect(reasonOf(lost)).toBe('protocol');
      expect(isRunning(later.runner.pid)).toBe(false);
    },
  );

  test.each([
    ['twice', 'first'],
    ['bad-event', 'fine'],
  ])('is ended after a valid answer: %s', async (way, answer) => {
    const { act, exits } = await hostile(way);
    expect((await act.call(TEXT)).toString()).toBe(answer);
    // An idle host reads events but no answers, so it finds the second answer in the next call.
    if (way === 'twice')
      expect(reasonOf(await failure(act.call(TEXT, { timeout: 20_000 })))).toBe('protocol');
    await until(() => exits.length === 1);
    expect(exits[0]).toMatchObject({ reason: 'protocol', signal: 'SIGTERM' });
  });

  test('is ended when it repeats the answer to an earlier call', async () => {
    const later = await hostile('old-number');
    expect(reasonOf(await failure(later.act.call(TEXT)))).toBe('protocol');
    const sync = await hostile('old-number');
    expect(reasonOf(thrown(() => sync.act.callSync(TEXT, { timeout: 20_000 })))).toBe('protocol');
  });

  test('is ended when it answers out of order', async () => {
    const { act, exits } = await hostile('reversed');
    const calls = [TEXT, TEXT, TEXT].map((text) => failure(act.call(text)));
    for (const found of await Promise.all(calls)) expect(reasonOf(found)).toBe('protocol');
    expect(exits.length).toBe(1);
    const mixed = await hostile('reversed');
    const waiting = [TEXT, TEXT].map((text) => failure(mixed.act.call(text)));
    expect(reasonOf(thrown(() => mixed.act.callSync(TEXT)))).toBe('protocol');
    for (const found of await Promise.all(waiting)) expect(found).toEqual(crashed);
  });

  test('is ended when the result of a batch or a record is malformed', async () => {
    const batch = Batch.of([TEXT, TEXT]);
    const sync = await hostile('bad-batch');
    expect(reasonOf(thrown(() => sync.act.callManySync(batch)))).toBe('protocol');
    const later = await hostile('bad-batch');
    expect(reasonOf(await failure(later.act.callMany(batch)))).toBe('protocol');
    const { tier } = await hostile('long-record');
    const record = tier.bind(SOMETHING).record(8, 4);
    record.invoke();
    expect(reasonOf(thrown(() => record.fail()))).toBe('protocol');
  });

  test('is ended when it never answers', async () => {
    const sync = await hostile('never');
    expect(thrown(() => sync.act.callSync(TEXT, { timeout: 50 }))).toEqual(error('ERR_TENON_TIMEOUT'));
    const later = await hostile('never');
    expect(await failure(later.act.call(TEXT, { timeout: 50 }))).toEqual(error('ERR_TENON_TIMEOUT'));
    expect(await (await hostile('never')).runner.stop(50)).toMatchObject({ reason: 'killed' });
  });

  test('is ended when it only says that it crashed', async () => {
    const sync = await hostile('says-it-crashed');
    expect(thrown(() => sync.act.callSync(TEXT))).toEqual(crashed);
    const later = await hostile('says-it-crashed');
    expect(await failure(later.act.call(TEXT))).toEqual(crashed);
  });

  test.each(['rings', 'floods'])('does not block the event loop: %s', async (way) => {
    const { act, runner } = await hostile(way);
    act.call(TEXT).catch(() => undefined);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    const other = await actor(puppet());
    expect((await other.act.call(Buffer.from('ehello'))).toString()).toBe('hello');
    await runner.stop(0);
    expect(runner.alive).toBe(false);
  });

  test('may choose any instance number', async () => {
    const { act, runner } = await hostile('wrong-instance');
    expect(act).toBeDefined();
    expect(runner.alive).toBe(true);
  });

  test.each(['not-ready', 'refuses-nonsense'])('fails to start: %s', async (way) => {
    const found = await failure(hostile(way));
    expect(found).toEqual(crashed);
    expect(reasonOf(found)).toBe('protocol');
  });

  test('is ended when it exceeds the start timeout without an answer', async () => {
    const found = failure(start(puppet(), { program: hostileRunner(), plugin: 'silent', startTimeout: 100 }));
    expect(await found).toEqual(error('ERR_TENON_TIMEOUT'));
  });
});

describe.runIf(hasProcesses && withAddon)('a runner with a forged report of its last call', () => {
  const HUGE = 2n ** 63n;
  const RING = 8192n;
  const RING_SIZE = 128n << 20n;
  /**
   * The fields of the breadcrumb: stage, operation, offset and size of the input, message, instance, method.
   */
  test.each<readonly [string, readonly bigint[]]>([
    ['an input larger than the ring', [6n, 2n, RING, HUGE, 0n, 1n, 0n]],
    ['an input with all bits set', [6n, 2n, 2n ** 64n - 1n, 2n ** 64n - 1n, 0n, 1n, 0n]],
    ['an input before the ring', [7n, 2n, 64n, 100n, 0n, 1n, 0n]],
    ['an input that extends past the ring', [7n, 2n, RING + RING_SIZE - 50n, 100n, 0n, 1n, 0n]],
    ['an input at the very end of the ring', [7n, 2n, RING + RING_SIZE, 0n, 0n, 1n, 0n]],
    ['an input larger than the limit of crashInputs', [7n, 2n, RING, 1n << 26n, 0n, 1n, 0n]],
    ['a malformed batch', [7n, 3n, RING, 4096n, 5n, 1n, 0n]],
    ['a batch of too few bytes', [7n, 3n, RING, 4n, 0n, 1n, 0n]],
    ['a message index past the batch', [7n, 3n, RING + 64n, 4096n, 4_000_000_000n, 1n, 0n]],
    ['an unknown method and instance', [7n, 2n, RING, 100n, 0n, 4_000_000_000n, 77n]],
    ['an unknown stage', [99n, 2n, RING, 100n, 0n, 1n, 0n]],
  ])('does no harm to the host: %s', async (_, words) => {
    const folder = temporaryFolder();
    const crashInputs = { folder, bytes: 1 << 20, files: 4 };
    const more = { program: hostileRunner(), plugin: 'lies', crashInputs };
    for (const how of ['call', 'callSync'] as const) {
      const { act, exits } = await actor(puppet(), more);
      const found = await failure(Promise.resolve().then(() => act[how](Buffer.from(words.join(' ')))));
      expect(found).toEqual(crashed);
      await until(() => exits.length === 1);
      expect(() => JSON.stringify(exits[0]?.call)).not.toThrow();
    }
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1 << 20);
    expect(readdirSync(folder).length).toBeLessThanOrEqual(4);
  });
});

describe.runIf(hasProcesses)('a runner that writes garbage', () => {
  test('does no harm to the host in 200 attempts', async () => {
    const program = hostileRunner();
    const ignored = { message: () => undefined, log: () => undefined };
    const handlers = { stdout: () => undefined, stderr: () => undefined, exit: () => undefined };
    const attack = async (seed: number): Promise<void> => {
      const settings = settingsFor(puppet(), { program, abi: String(seed), startTimeout: 60, timeout: 30 });
      let runner: RunnerProcess | undefined;
      try {
        runner = await RunnerProcess.start(settings, handlers);
        const tier = await runner.create(Buffer.alloc(0), ignored);
        const act = tier.bind(SOMETHING);
        await Promise.allSettled([
          act.call(TEXT),
          act.callMany(Batch.of([TEXT])),
          act.call(Buffer.alloc(100_000)),
        ]);
        act.callManySync(Batch.of([TEXT, TEXT]));
        act.callSync(TEXT);
      } catch (found) {
        expect(found).toMatchObject({ name: 'TenonError' });
      }
      await runner?.stop(0);
    };
    for (let seed = 0; seed < 10; seed++) await attack(seed);
    const before = openFiles();
    for (let seed = 10; seed < 200; seed += 2) await Promise.all([attack(seed), attack(seed + 1)]);
    await until(() => openFiles() <= before);
    const { say } = await actor(puppet());
    expect(say('ehello')).toBe('hello');
  });
});
