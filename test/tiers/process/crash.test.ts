/** The errors and reports of calls whose process ends. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../src/base/batch.js';
import type { RunnerExit } from '../../../src/tiers/process/runner-process.js';
import { SOMETHING } from '../../../src/tiers/tier.js';
import { faultFile, pluginFile, withAddon } from '../../support/index.js';
import { Because, cannotBeSanitized } from '../../support/sanitized.js';
import { error, until } from './puppet.js';
import { actor, failure, fixture, hasProcesses, instance, puppet, start, thrown } from './support.js';

const TRANSPORTS = withAddon ? (['shared-memory', 'pipe'] as const) : (['pipe'] as const);

/** The input that ends the process, a description, and the expected report. */
const DEATHS = [
  ['s', 'a segmentation fault', { signal: 'SIGSEGV', reason: 'crashed' }],
  ['a', 'abort', { signal: 'SIGABRT', reason: 'crashed' }],
  ['i', 'an illegal instruction', { signal: 'SIGILL', reason: 'crashed' }],
  ['d', 'a division by zero', { signal: 'SIGFPE', reason: 'crashed' }],
  ['o', 'a stack overflow', { signal: 'SIGSEGV', reason: 'crashed' }],
  ['t', 'a fault of another thread', { signal: 'SIGSEGV', reason: 'crashed' }],
  ['k', 'a SIGKILL', { signal: 'SIGKILL', reason: 'crashed' }],
  ['x', 'exit with code 0', { code: 0, signal: null, reason: 'exited' }],
  ['_', '_exit with code 0', { code: 0, signal: null, reason: 'exited' }],
] as const;

const reportOf = (found: unknown): RunnerExit => (found as Error).cause as RunnerExit;

describe.runIf(hasProcesses)('a process that ends', () => {
  test.each(DEATHS)('%s: a synchronous call fails with the report of %s', async (how, _what, seen) => {
    const { act, runner, exits } = await actor(fixture());
    const input = Buffer.from(`d${how}`);
    const found = thrown(() => act.callSync(input));
    expect(found).toEqual(error('ERR_TENON_CRASHED', { plugin: 'fixture', path: fixture() }));
    expect(reportOf(found)).toMatchObject(seen);
    expect(runner.alive).toBe(false);
    await until(() => exits.length === 1);
    expect(exits[0]).toBe(reportOf(found));
    const next = await actor(fixture(), { generation: 2 });
    expect(next.say('ehello')).toBe('hello');
  });

  test.each(DEATHS)('%s: all asynchronous calls fail with the report of %s', async (how, _what, seen) => {
    const { act, exits, runner } = await actor(fixture());
    const before = act.call(Buffer.from('ebefore'));
    const during = failure(act.call(Buffer.from(`d${how}`)));
    const after = failure(act.call(Buffer.from('eafter')));
    expect((await before).toString()).toBe('before');
    for (const found of [await during, await after]) {
      expect(found).toEqual(error('ERR_TENON_CRASHED'));
      expect(reportOf(found)).toMatchObject({ ...seen, generation: 1, pid: runner.pid });
      expect(reportOf(found)).toBe(exits[0]);
    }
    expect(await failure(act.call(Buffer.from('e')))).toEqual(error('ERR_TENON_CRASHED'));
    expect(await failure(runner.create(Buffer.alloc(0), { message() {}, log() {} }))).toEqual(
      error('ERR_TENON_CRASHED'),
    );
  });

  test('the report has the call, its input and the address of the fault', async () => {
    const { act, runner } = await actor(fixture());
    const kind = (await instance(runner)).tier.bind({ kind: 'fixture/1', slot: 1, name: 'fixture.second' });
    const input = Buffer.from('ds and more');
    const found = await failure(kind.call(input));
    expect(found).toEqual(
      error('ERR_TENON_CRASHED', {
        signal: 'SIGSEGV',
        message: expect.stringMatching(/fixture\.second.*SIGSEGV in fixture\.second \(call \d+, 11 bytes\)/s),
      }),
    );
    const { call, fault, uptimeMs } = reportOf(found);
    const inputDigest = createHash('sha256').update(input).digest('hex');
    expect(call).toMatchObject({
      method: 'fixture.second',
      stage: 'call',
      inputSize: 11,
      inputDigest,
      message: null,
    });
    expect(fault).toMatchObject({ address: 8n, mainThread: true });
    expect(fault?.pc).toBeGreaterThan(fault?.base ?? 0n);
    expect(uptimeMs).toBeGreaterThan(0);
    expect(thrown(() => act.callSync(Buffer.from('e')))).toEqual(error('ERR_TENON_CRASHED'));
  });

  test('the report has the index of the message in a batch', async () => {
    const batch = Batch.of(['ea', 'eb', 'ds'].map((text) => Buffer.from(text)));
    const one = await actor(fixture());
    expect(reportOf(thrown(() => one.act.callManySync(batch))).call).toMatchObject({ message: 2 });
    const two = await actor(fixture());
    expect(reportOf(await failure(two.act.callMany(batch))).call).toMatchObject({ message: 2 });
  });

  test.each(TRANSPORTS)(
    'calls are counted from 1, over %s: new, binding and drop do not count',
    async (transport) => {
      const more = { transport };
      const first = await actor(fixture(), more);
      expect(reportOf(thrown(() => first.act.callSync(Buffer.from('ds')))).call).toMatchObject({ number: 1 });
      const { runner, tier, act } = await actor(fixture(), more);
      const { tier: other } = await instance(runner);
      const second = other.bind({ kind: 'fixture/1', slot: 1, name: 'fixture.second' });
      await second.call(Buffer.from('e'));
      act.callManySync(Batch.of([Buffer.from('ea'), Buffer.from('eb')]));
      await (await instance(runner)).tier.close();
      const died = reportOf(await failure(tier.bind(SOMETHING).call(Buffer.from('ds'))));
      expect(died.call).toMatchObject({ number: 3, method: 'something' });
      const killed = await actor(fixture(), { ...more, timeout: 300 });
      killed.say('e');
      await failure(killed.act.call(Buffer.from('dh')));
      await until(() => killed.exits.length === 1);
      expect(killed.exits[0]).toMatchObject({ reason: 'timeout', call: { number: 2 } });
    },
  );

  test('the report says that the fault was not in the main thread', async () => {
    const { act } = await actor(fixture());
    expect(reportOf(await failure(act.call(Buffer.from('dt')))).fault).toMatchObject({
      mainThread: false,
      address: 64n,
    });
  });

  test('a record call fails with the signal', async () => {
    const { tier } = await actor(fixture());
    const record = tier.bind(SOMETHING).record(2, 4);
    new Uint8Array(record.input).set(Buffer.from('ds'));
    record.invoke();
    expect(thrown(() => record.fail())).toEqual(error('ERR_TENON_CRASHED', { signal: 'SIGSEGV' }));
  });

  test('a crash in new fails the creation, and a crash in drop is reported', async () => {
    const { runner } = await start(fixture());
    const ignored = { message: () => undefined, log: () => undefined };
    const found = await failure(runner.create(Buffer.from('crash'), ignored));
    expect(found).toEqual(error('ERR_TENON_CRASHED', { signal: 'SIGABRT' }));
    expect(reportOf(found).call).toMatchObject({ method: 'new', stage: 'new', number: 0, inputSize: 5 });
    const dropped = await actor(faultFile('process-in-drop'));
    await dropped.tier.close();
    await until(() => dropped.exits.length === 1);
    expect(dropped.exits[0]).toMatchObject({ signal: 'SIGSEGV', call: { method: 'drop' } });
  });

  test('the report contains the last output', async () => {
    const { act, stdout } = await actor(fixture());
    act.callSync(Buffer.from('Plast words'));
    const found = thrown(() => act.callSync(Buffer.from('ds')));
    expect(reportOf(found).stdout).toBe('last words\n');
    await until(() => stdout.length === 1);
    expect(stdout).toEqual(['last words']);
  });

  test('closing the descriptors of the channel in an asynchronous call breaks the protocol', async () => {
    const { act, exits } = await actor(fixture());
    // The answer may have arrived before the descriptors were closed.
    await act.call(Buffer.from('c')).catch((lost) => expect(reportOf(lost).reason).toBe('protocol'));
    await until(() => exits.length === 1);
    const problem = 'its plugin has closed the descriptors of the channel';
    expect(exits[0]).toMatchObject({ reason: 'protocol', problem });
    expect(await failure(act.call(Buffer.from('e')))).toEqual(
      error('ERR_TENON_CRASHED', { message: expect.stringContaining(problem) }),
    );
  });

  test('closing the descriptors of the channel in a synchronous call breaks the protocol', async () => {
    const { act, say, exits } = await actor(fixture());
    try {
      say('c');
      expect(say('estill')).toBe('still');
      // The runner notices when it must wake the sleeping host through the closed descriptor.
      for (;;) await act.call(Buffer.from('e'));
    } catch (lost) {
      expect(reportOf(lost).reason).toBe('protocol');
    }
    await until(() => exits.length === 1);
    expect(exits[0]).toMatchObject({ reason: 'protocol', code: 86, signal: null });
  });

  test('a SIGTERM between calls is reported, and the next call fails', async () => {
    const { act, runner, exits } = await actor(puppet());
    process.kill(runner.pid, 'SIGTERM');
    await until(() => exits.length === 1);
    expect(exits[0]).toMatchObject({ signal: 'SIGTERM', reason: 'crashed', call: null });
    expect(thrown(() => act.callSync(Buffer.from('e')))).toEqual(error('ERR_TENON_CRASHED'));
  });

  test('a SIGKILL between calls is reported by a synchronous call', async () => {
    const { act, runner } = await actor(puppet());
    process.kill(runner.pid, 'SIGKILL');
    const found = thrown(() => {
      for (;;) act.callSync(Buffer.from('e'));
    });
    expect(found).toEqual(error('ERR_TENON_CRASHED', { signal: 'SIGKILL' }));
  });

  test.each([
    ['vtable-null', 'ERR_TENON_BAD_VTABLE'],
    ['version-null', 'ERR_TENON_BAD_POINTER'],
    ['missing-dependency', 'ERR_TENON_LOAD_FAILED'],
  ])('the start of %s fails with %s', async (name, code) => {
    expect(await failure(start(faultFile(name)))).toEqual(error(code, { path: faultFile(name) }));
  });

  test('a start fails if the name or version differs from the admitted one', async () => {
    const named = failure(start(puppet(), { plugin: 'other' }));
    expect(await named).toEqual(error('ERR_TENON_BAD_NAME', { gate: 'name' }));
    const versioned = failure(start(puppet(), { abi: '1.2.3' }));
    expect(await versioned).toEqual(error('ERR_TENON_VERSION_MISMATCH', { gate: 'version' }));
  });

  test.each([
    ['constructor-segfault', 'SIGSEGV'],
    ['constructor-abort', 'SIGABRT'],
    ['constructor-exit', undefined],
  ])('the start of %s fails because the process ends', async (name, signal) => {
    const found = await failure(start(faultFile(name)));
    expect(found).toEqual(error('ERR_TENON_CRASHED', { gate: 'open' }));
    expect((found as { signal?: string }).signal).toBe(signal);
  });

  test('a start that exceeds its timeout fails', async () => {
    const found = await failure(start(faultFile('constructor-hang'), { startTimeout: 100 }));
    expect(found).toEqual(error('ERR_TENON_TIMEOUT', { gate: 'open' }));
  });

  test('a start fails if the runner is missing or invalid, or the working directory is missing', async () => {
    const unsupported = error('ERR_TENON_UNSUPPORTED');
    expect(await failure(start(puppet(), { program: '/nowhere/tenon-runner' }))).toEqual(unsupported);
    expect(await failure(start(puppet(), { program: '/bin/false' }))).toEqual(unsupported);
    expect(await failure(start(puppet(), { cwd: '/nowhere' }))).toEqual(unsupported);
  });

  // The smaller limit leaves no room for the plugin, the larger one none for a thread of the runner.
  test.skipIf(cannotBeSanitized(Because.memory)).each([100_000, 300_000])(
    'a memory limit of %i bytes is reported as too small for a start',
    async (memory) => {
      const { message } = (await failure(start(pluginFile('wordcount'), { limits: { memory } }))) as Error;
      expect(message).toContain(`'limits.memory' of ${memory} bytes is too small to start the plugin`);
      expect(message).toMatch(/Set a higher 'limits\.memory'\.$/);
    },
  );

  test.skipIf(cannotBeSanitized(Because.memory))('limits are enforced, or reported as missing', async () => {
    const { runner, act } = await actor(fixture(), {
      limits: { memory: 64 << 20, cpu: 100, files: 32 },
      sandbox: true,
    });
    expect(runner.enforced).toEqual(expect.arrayContaining(['memory', 'cpu', 'files', 'core']));
    for (const name of ['no-new-privileges', 'seccomp', 'landlock']) {
      expect([...runner.enforced, ...runner.missing]).toContain(name);
    }
    const found = await failure(act.call(Buffer.from('dl')));
    expect(found).toEqual(error('ERR_TENON_CRASHED'));
  });

  test('the process has the given environment and working directory', async () => {
    const { runner } = await actor(pluginFile('echo'), { env: { ONLY: 'this' }, cwd: '/usr' });
    const { readFileSync, readlinkSync } = await import('node:fs');
    expect(readFileSync(`/proc/${runner.pid}/environ`, 'utf8')).toBe('ONLY=this\0');
    expect(readlinkSync(`/proc/${runner.pid}/cwd`)).toBe('/usr');
  });
});
