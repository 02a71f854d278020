/** The consequences of a crash: a report, an entry on disk, and a digest that is quarantined and refused. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CrashReport, LoadOptions, Plugin, PluginHost } from '../src/index.js';
import { refusal } from './faults/support.js';
import { compile, faultFile, pluginFile, root, runNode, temporaryFolder } from './support/index.js';
import { compiled, FIXTURE, hasProcesses, openHost, PARENT } from './support/processes.js';

const INPUT = Buffer.from('some input that is worth a digest');
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Loads a plugin and collects the reports of its exits. */
async function watched(file: string, options: LoadOptions = {}, host: PluginHost = openHost()) {
  const plugin = await host.load(file, { isolation: 'process', ...options });
  const reports: CrashReport[] = [];
  plugin.on('exit', (report) => reports.push(report));
  return { plugin, reports };
}

const reported = async (reports: readonly CrashReport[], count = 1): Promise<CrashReport> => {
  await vi.waitFor(() => expect(reports.length).toBe(count));
  const last = reports.at(-1);
  if (last === undefined) throw new Error('no report');
  return last;
};

describe.runIf(hasProcesses)('the report of a crash', () => {
  test('has the signal, the call, its input, the stack and the address', async () => {
    const { plugin, reports } = await watched(faultFile('process-segfault'));
    const instance = await plugin.new();
    const listener = vi.fn();
    instance.on('exit', listener);
    const error = await refusal(() => instance.call(INPUT));
    const report = await reported(reports);
    expect(error.report).toBe(report);
    expect(listener).toHaveBeenCalledExactlyOnceWith(report);
    expect(report).toMatchObject({
      plugin: 'process-segfault',
      path: faultFile('process-segfault'),
      generation: 1,
      reason: 'crashed',
      signal: 'SIGSEGV',
      code: null,
      call: {
        method: 'something',
        stage: 'call',
        inputSize: INPUT.length,
        inputDigest: digest(INPUT),
        message: null,
      },
    });
    expect(report.call?.number).toBeGreaterThan(0);
    expect(report.uptimeMs).toBeGreaterThan(0);
    expect(report.pid).toBeGreaterThan(1);
    const functions = report.fault?.frames.map((frame) => frame.function);
    expect(
      functions?.some((name) => name === 'call' || name === 'misbehave' || name === 'fault_segfault'),
    ).toBe(true);
    expect(report.fault?.address).not.toBeNull();
  });

  test('has the peak memory of the process', async () => {
    const { plugin, reports } = await watched(faultFile('process-segfault'));
    await refusal(async () => (await plugin.new()).call(INPUT));
    const { peakRss } = await reported(reports);
    expect(peakRss).toBeGreaterThan(100_000);
  });

  /** Returns the source of a plugin that writes to an address in a function below two others, and crashes. */
  const deep = (address: string) => `#include "tenon.h"
    #include <stdio.h>
    __attribute__((noinline)) void culprit_function(volatile int *where) { *where = 1; __asm__ volatile(""); }
    __attribute__((noinline)) void its_caller(volatile int *where) { culprit_function(where); __asm__ volatile(""); }
    static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
      (void)state, (void)in, (void)in_len, (void)out;
      fprintf(stderr, "about to crash\\n");
      its_caller((volatile int *)${address});
      return TENON_OK;
    }
    TENON_STATELESS_PLUGIN("deep", "1.0.0", call);`;

  test.each([
    ['NULL', '0', 0n],
    ['a wild pointer', '0x123456789000', 0x1234_5678_9000n],
  ])('has the function that wrote to %s and the address', async (_, address, expected) => {
    const flags = ['-g', '-O1', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls'];
    const file = compile(temporaryFolder(), 'deep', deep(address), flags);
    const { plugin, reports } = await watched(file);
    const instance = await plugin.new();
    const error = await refusal(() => instance.call(INPUT));
    const { fault, stderr } = await reported(reports);
    expect(fault?.address).toBe(expected);
    expect(fault?.mainThread).toBe(true);
    expect(fault?.frames[0]?.function).toBe('culprit_function');
    expect(error.message).toContain('culprit_function');
    expect(stderr).toBe('about to crash\n');
    expect(error.message).toContain('about to crash');
  });

  test('has the end of the output, at most 16 KiB', async () => {
    const source = `#include "tenon.h"
      #include <stdio.h>
      #include <stdlib.h>
      static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
        (void)state, (void)in, (void)in_len, (void)out;
        for (int i = 0; i < 10000; i++) fprintf(stderr, "line %05d\\n", i);
        abort();
      }
      TENON_STATELESS_PLUGIN("wordy", "1.0.0", call);`;
    const { plugin, reports } = await watched(compile(temporaryFolder(), 'wordy', source));
    const instance = await plugin.new();
    await refusal(() => instance.call(INPUT));
    const { stderr } = await reported(reports);
    expect(stderr.length).toBeLessThanOrEqual(16 * 1024);
    expect(stderr.length).toBeGreaterThan(8 * 1024);
    expect(stderr.endsWith('line 09999\n')).toBe(true);
  });

  test.each(['x', '_'])('describes an exit with code 0 (%s) as a crash', async (how) => {
    const { plugin, reports } = await watched(compiled(FIXTURE));
    const instance = await plugin.new();
    const error = await refusal(() => instance.call(Buffer.from(`d${how}`)));
    expect(error.code).toBe('ERR_TENON_CRASHED');
    expect(await reported(reports)).toMatchObject({ reason: 'exited', code: 0, signal: null, crashed: true });
  });

  test('describes a normal stop as one that is not a crash', async () => {
    const { plugin, reports } = await watched(pluginFile('wordcount'));
    await plugin.close();
    expect(await reported(reports)).toMatchObject({ reason: 'stopped', code: 0, crashed: false, call: null });
    expect((await reported(reports)).peakRss).toBeGreaterThan(0);
  });

  test('has the generation and the call of each crash', async () => {
    const { plugin, reports } = await watched(compiled(FIXTURE), { whenDown: 'wait' });
    const instance = await plugin.new();
    for (const generation of [1, 2, 3]) {
      const input = Buffer.from(`ds${'x'.repeat(generation)}`);
      await instance.call(Buffer.from('ein between'));
      await refusal(() => instance.call(input));
      const { call, ...report } = await reported(reports, generation);
      expect(report.generation).toBe(generation);
      expect(call).toMatchObject({ inputSize: input.length, inputDigest: digest(input) });
    }
  });
});

const QUICK = { max: 2, backoff: { initial: 1 } };

/** Crashes the plugin until its state is `failed`. */
async function exhaust(plugin: Plugin): Promise<void> {
  await vi.waitFor(
    async () => {
      if (plugin.state === 'running') await (await plugin.new()).call(INPUT).catch(() => undefined);
      expect(plugin.state).toBe('failed');
    },
    { timeout: 10_000, interval: 5 },
  );
}

describe.runIf(hasProcesses)('a plugin that crashes too often', () => {
  test('fails, is quarantined, and is refused by other hosts until the quarantine is cleared', async () => {
    const stateDir = temporaryFolder();
    const host = openHost({ stateDir });
    const file = faultFile('process-abort');
    const { plugin, reports } = await watched(file, { restart: QUICK }, host);
    const instance = await plugin.new();
    await refusal(() => instance.call(INPUT));
    await exhaust(plugin);
    await vi.waitFor(() => expect(reports.map(({ generation }) => generation)).toEqual([1, 2, 3]));
    const refused = await refusal(() => instance.call(INPUT));
    expect(refused).toMatchObject({ code: 'ERR_TENON_CRASHED', signal: 'SIGABRT' });
    expect(plugin.manifest).toMatchObject({ name: 'process-abort', digest: digest(readFileSync(file)) });

    await vi.waitFor(async () => expect((await host.quarantine.list()).length).toBe(1));
    const [entry] = await host.quarantine.list();
    expect(entry).toMatchObject({
      ...{ digest: plugin.manifest.digest, name: 'process-abort', path: file, count: 1 },
      reason: { code: 'ERR_TENON_CRASHED', message: expect.stringContaining('SIGABRT') },
    });

    for (const isolation of ['process', 'inline'] as const) {
      const error = await refusal(() => openHost({ stateDir }).load(file, { isolation }));
      expect(error).toMatchObject({ code: 'ERR_TENON_QUARANTINED', gate: 'trust', path: file });
      expect(error.message).toContain('SIGABRT');
    }
    const ended = await runNode(`
      const host = new tenon.PluginHost({ stateDir: ${JSON.stringify(stateDir)}, paths: [faults] });
      await host.load('process-abort', { isolation: 'process' }).catch((error) => console.log(error.code));
      const other = await host.load(plugins + '/wordcount' + extension, { isolation: 'process' });
      console.log(other.state);
      await host.close();`);
    expect(ended).toMatchObject({ code: 0, stdout: 'ERR_TENON_QUARANTINED\nrunning\n' });

    const later = openHost({ stateDir });
    expect(await later.quarantine.clear(plugin.manifest.digest)).toBe(1);
    expect((await later.load(file, { isolation: 'process' })).state).toBe('running');
    expect(await later.quarantine.list()).toEqual([]);
  });

  test('does not affect other plugins of the host, and its rebuilt file is not quarantined', async () => {
    const host = openHost();
    const { plugin } = await watched(compiled(PARENT), { restart: { max: 0 } }, host);
    await (await plugin.new()).call(Buffer.from('crash')).catch(() => undefined);
    await vi.waitFor(() => expect(plugin.state).toBe('failed'));
    await vi.waitFor(async () => expect((await host.quarantine.list()).length).toBe(1));
    const rebuilt = readFileSync(join(root, PARENT), 'utf8').replace('cannot fork', 'can not fork');
    const file = compile(temporaryFolder(), 'parent', rebuilt, ['-D_DEFAULT_SOURCE']);
    expect((await host.load(file, { isolation: 'process' })).state).toBe('running');
    expect((await host.load(pluginFile('wordcount'), { isolation: 'process' })).state).toBe('running');
  });
});

describe.runIf(hasProcesses)("onCrash: 'demote'", () => {
  const crashing = (stateDir: string) =>
    runNode(`
      const host = new tenon.PluginHost({ stateDir: ${JSON.stringify(stateDir)}, paths: [faults] });
      const plugin = await host.load('process-segfault', { onCrash: 'demote' });
      console.log(plugin.isolation);
      (await plugin.new()).callSync(Buffer.from('x'));`);

  test('loads an inline plugin that ended its process in the process tier the next time', async () => {
    const stateDir = temporaryFolder();
    expect(await crashing(stateDir)).toMatchObject({ signal: 'SIGSEGV', stdout: 'inline\n' });
    const host = openHost({ stateDir });
    const plugin = await host.load(faultFile('process-segfault'), { onCrash: 'demote' });
    expect(plugin.isolation).toBe('process');
    const error = await refusal(async () => (await plugin.new()).call(INPUT));
    expect(error).toMatchObject({ code: 'ERR_TENON_CRASHED', signal: 'SIGSEGV' });
    const [demotion] = (await host.demotions?.list()) ?? [];
    expect(demotion).toMatchObject({ digest: plugin.manifest.digest, count: 1 });
    const other = await host.load(pluginFile('wordcount'), { onCrash: 'demote' });
    expect(other.isolation).toBe('inline');
    expect((await host.load(faultFile('process-segfault'))).isolation).toBe('inline'); // Without onCrash.
  });
});

test.runIf(hasProcesses)(
  'the report of a crash in a stripped plugin has offsets instead of functions',
  async () => {
    const folder = temporaryFolder();
    const file = compiled(FIXTURE, folder);
    execFileSync('strip', [file]);
    const { plugin, reports } = await watched(file);
    const instance = await plugin.new();
    const error = await refusal(() => instance.call(Buffer.from('ds')));
    expect(error.signal).toBe('SIGSEGV');
    const { fault } = await reported(reports);
    expect(fault?.frames[0]?.offset).toBeGreaterThan(0n);
    expect(fault?.address).toBe(8n);
  },
);
