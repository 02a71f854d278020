/** Plugins that print more than a pipe can hold while their host waits in a synchronous call. */
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import { CapturedOutput } from '../../../src/tiers/process/captured-output.js';
import { SOMETHING } from '../../../src/tiers/tier.js';
import { error, until } from './puppet.js';
import { type Actor, actor, failure, hasProcesses, printer, thrown } from './support.js';

const MANY = 10_000;
/** A timeout, so that a call that blocks forever does not block the whole test run. */
const SETTINGS = { timeout: 30_000 };
const numbered = (word: string, count: number) => Array.from({ length: count }, (_, i) => `${word} ${i}`);

async function expectLines({ stdout, stderr }: Actor, calls: number): Promise<void> {
  await until(() => stdout.length >= calls * MANY && stderr.length >= calls * MANY);
  const all = (word: string) => Array.from({ length: calls }, () => numbered(word, MANY)).flat();
  expect(stdout).toEqual(all('out'));
  expect(stderr).toEqual(all('err'));
}

describe.runIf(hasProcesses)('a plugin that prints 10 000 lines', () => {
  test('in a synchronous call does not block, and all lines arrive in order', async () => {
    const plugin = await actor(printer(), SETTINGS);
    expect(plugin.say(`${MANY}`)).toBe(`${MANY}`);
    expect(plugin.stdout.length).toBe(0);
    await expectLines(plugin, 1);
  });

  test('in synchronous batches, records and mixed calls loses no line', async () => {
    const plugin = await actor(printer(), SETTINGS);
    const input = Buffer.from(`${MANY}`);
    const before = plugin.act.call(input);
    plugin.act.callManySync(Batch.of([input]));
    await new Promise((resolve) => setImmediate(resolve));
    const record = plugin.tier.bind(SOMETHING).record(input.length, input.length);
    new Uint8Array(record.input).set(input);
    record.invoke();
    expect(Buffer.from(record.output, 0, input.length).toString()).toBe(`${MANY}`);
    await before;
    plugin.say(`${MANY}`);
    await expectLines(plugin, 4);
  });

  test('in a synchronous call from a listener of its lines keeps their order', async () => {
    let again = () => undefined;
    const plugin = await actor(printer(), SETTINGS, '', (line) => line === 'out 5' && again());
    again = () => {
      again = () => undefined;
      plugin.say(`${MANY}`);
    };
    plugin.say(`${MANY}`);
    await expectLines(plugin, 2);
  });

  test('and crashes in a synchronous call has its last lines in the report', async () => {
    const plugin = await actor(printer(), SETTINGS);
    const found = thrown(() => plugin.say(`c${MANY}`));
    expect(found).toEqual(error('ERR_TENON_CRASHED', { signal: 'SIGABRT' }));
    expect((found as { stderr?: string }).stderr).toMatch(/err 9998\nerr 9999\n$/);
    await expectLines(plugin, 1);
  });

  test('accepts a large request in parts while the previous call still prints', async () => {
    const plugin = await actor(printer(), SETTINGS);
    const before = plugin.act.call(Buffer.from(`${MANY}`));
    const large = Buffer.alloc(80 << 20, ' ');
    expect(plugin.act.callSync(large).length).toBe(large.length);
    await before;
    await expectLines(plugin, 1);
  });
});

describe.runIf(hasProcesses)('a plugin that prints without end', () => {
  test('is killed after the timeout of a synchronous call', async () => {
    const plugin = await actor(printer(), SETTINGS);
    expect(thrown(() => plugin.act.callSync(Buffer.from('e'), { timeout: 200 }))).toEqual(
      error('ERR_TENON_TIMEOUT'),
    );
    const lost = await failure(plugin.act.call(Buffer.from('1')));
    expect(lost).toEqual(error('ERR_TENON_CRASHED'));
    await until(() => plugin.exits.length === 1);
    expect(plugin.stdout.slice(0, 1000)).toEqual(numbered('out', 1000));
  });
});

test('captured output is limited: the oldest bytes are discarded and counted', () => {
  const capturedOutput = new CapturedOutput();
  expect(capturedOutput.take()).toBeNull();
  const chunk = Buffer.alloc(1 << 20, 'a');
  for (let i = 0; i < 20; i++) capturedOutput.add(chunk);
  capturedOutput.add(Buffer.from('end'));
  const { bytes, lost } = capturedOutput.take() ?? { bytes: Buffer.alloc(0), lost: 0 };
  expect(bytes.length + lost).toBe((20 << 20) + 3);
  expect(bytes.length).toBeGreaterThanOrEqual(16 << 20);
  expect(bytes.length).toBeLessThan(18 << 20);
  expect(bytes.subarray(-4).toString()).toBe('aend');
  expect([capturedOutput.isEmpty, capturedOutput.take()]).toEqual([true, null]);
});
