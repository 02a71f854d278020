/** Runners on a pipe, compromised by their plugin: nothing that they write crashes or blocks the host. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Batch } from '../../../../src/base/batch.js';
import type { RunnerExit } from '../../../../src/tiers/process/runner-process.js';
import { SOMETHING } from '../../../../src/tiers/tier.js';
import { root } from '../../../support/index.js';
import { error, until } from '../puppet.js';
import { actor, failure, isRunning, openFiles, thrown, useTransport } from '../support.js';

useTransport('pipe');
const folder = mkdtempSync(join(tmpdir(), 'tenon-pipe-'));
const program = join(folder, 'runner');
const source = readFileSync(join(root, 'test/tiers/fixtures/pipe-double.cjs'), 'utf8');
writeFileSync(program, `#!${process.execPath}\n${source}`);
chmodSync(program, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = Buffer.from('e');
const LONG = { timeout: 20_000 };
const hostile = (way: string) => actor('/nowhere.so', { program, plugin: way });
const reasonOf = (found: unknown) => ((found as Error).cause as RunnerExit | undefined)?.reason;
const crashed = error('ERR_TENON_CRASHED');

describe.runIf(process.platform === 'linux')('a runner that breaks the protocol on a pipe', () => {
  test.each([
    'wrong-number',
    'wrong-operation',
    'bad-status',
    'in-parts',
    'two-lengths',
    'endless',
    'too-long',
    'bad-page',
    'unknown-operation',
  ])('is ended: %s', async (way) => {
    const sync = await hostile(way);
    const found = thrown(() => sync.act.callSync(TEXT, LONG));
    expect(found).toEqual(crashed);
    expect(reasonOf(found)).toBe('protocol');
    const later = await hostile(way);
    const lost = await failure(later.act.call(TEXT, LONG));
    expect(lost).toEqual(crashed);
    expect(reasonOf(lost)).toBe('protocol');
    expect(isRunning(later.runner.pid)).toBe(false);
  });

  test('is ended if it floods a synchronous call with events, and never blocks the event loop', async () => {
    const sync = await hostile('floods');
    expect(reasonOf(thrown(() => sync.act.callSync(TEXT, LONG)))).toBe('protocol');
    const { act, runner } = await hostile('floods');
    act.call(TEXT).catch(() => undefined);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    await runner.stop(0);
    expect(runner.alive).toBe(false);
  });

  test('is ended when it answers a call twice', async () => {
    const { act, exits } = await hostile('twice');
    expect((await act.call(TEXT)).toString()).toBe('hello');
    await until(() => exits.length === 1);
    expect(exits[0]).toMatchObject({ reason: 'protocol', signal: 'SIGTERM' });
  });

  test('is ended when the result of a batch or a record is malformed', async () => {
    const batch = Batch.of([TEXT, TEXT]);
    const sync = await hostile('bad-batch');
    expect(reasonOf(thrown(() => sync.act.callManySync(batch)))).toBe('protocol');
    const later = await hostile('bad-batch');
    expect(reasonOf(await failure(later.act.callMany(batch)))).toBe('protocol');
    const { tier } = await hostile('bad-batch');
    const record = tier.bind(SOMETHING).record(8, 4);
    record.invoke();
    expect(reasonOf(thrown(() => record.fail()))).toBe('protocol');
  });

  test('is ended, and all its calls settle, when an answer follows a malformed result', async () => {
    const { act } = await hostile('bad-batch-then-answer');
    const calls = [failure(act.callMany(Batch.of([TEXT]))), failure(act.call(TEXT))];
    for (const found of await Promise.all(calls)) expect(reasonOf(found)).toBe('protocol');
  });

  test.each(['never', 'never-whole', 'deaf'])('is ended after the timeout: %s', async (way) => {
    const late = error('ERR_TENON_TIMEOUT');
    const large = Buffer.alloc(8 << 20);
    const sync = await hostile(way);
    expect(thrown(() => sync.act.callSync(large, { timeout: 50 }))).toEqual(late);
    const later = await hostile(way);
    expect(await failure(later.act.call(large, { timeout: 50 }))).toEqual(late);
    expect(await (await hostile(way)).runner.stop(50)).toMatchObject({ reason: 'killed' });
  });

  test.each(['closes', 'half-a-record'])(
    'fails its calls when it closes the pipe or exits: %s',
    async (way) => {
      const sync = await hostile(way);
      expect(thrown(() => sync.act.callSync(TEXT))).toEqual(crashed);
      const later = await hostile(way);
      expect(await failure(later.act.call(TEXT))).toEqual(crashed);
      await until(() => !isRunning(later.runner.pid));
    },
  );

  test.each(['not-ready', 'refuses-nonsense'])('fails to start: %s', async (way) => {
    const found = await failure(hostile(way));
    expect(found).toEqual(crashed);
    expect(reasonOf(found)).toBe('protocol');
  });

  test('does no harm to the host when it writes garbage, in 50 attempts', async () => {
    const attack = async (seed: number): Promise<void> => {
      const { act, runner } = await hostile(`garbage:${seed}`);
      const short = { timeout: 50 };
      const all = [act.call(TEXT, short), act.callMany(Batch.of([TEXT]), short)];
      if (seed % 2 === 0) {
        try {
          act.callSync(TEXT, short);
        } catch (found) {
          expect(found).toMatchObject({ name: 'TenonError' });
        }
      }
      for (const { status, reason } of (await Promise.allSettled(all)) as PromiseRejectedResult[]) {
        if (status === 'rejected') expect(reason).toMatchObject({ name: 'TenonError' });
      }
      await runner.stop(0);
      expect(isRunning(runner.pid)).toBe(false);
    };
    await attack(0);
    const before = openFiles();
    for (let seed = 1; seed < 50; seed++) await attack(seed);
    await until(() => openFiles() <= before);
  });
});
