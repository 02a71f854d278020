/**
 * A plugin in the process tier can reach, change and exhaust only its own process, within the limits set for
 * it.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Instance, LoadOptions, Plugin } from '../../src/index.js';
import { faultFile, runNode, temporaryFolder } from '../support/index.js';
import { compiled, FIXTURE, hasProcesses, INSIDER, openFiles, openHost } from '../support/processes.js';
import { Because, cannotBeSanitized, sanitizable } from '../support/sanitized.js';
import { expectToWork, refusal } from './support.js';

const MIB = 2 ** 20;
const INPUT = Buffer.from('some input');
const EPERM = '1';
const EACCES = '13';

interface Loaded {
  readonly plugin: Plugin;
  readonly instance: Instance;
  readonly out: string[];
  readonly err: string[];
  /** Calls the instance with a string and returns the result as a string. */
  readonly ask: (what: string) => string;
}

async function load(file: string, options: LoadOptions = {}): Promise<Loaded> {
  const plugin = await openHost().load(file, { isolation: 'process', whenDown: 'wait', ...options });
  const out: string[] = [];
  const err: string[] = [];
  plugin.on('stdout', (line) => out.push(line)).on('stderr', (line) => err.push(line));
  const instance = await plugin.new();
  return { plugin, instance, out, err, ask: (what) => String(instance.callSync(Buffer.from(what))) };
}

const insider = (options: LoadOptions = {}): Promise<Loaded> => load(compiled(INSIDER), options);

describe.runIf(hasProcesses)('standard streams', () => {
  test('process-prints: output arrives as one event per line, and results are unaffected', async () => {
    const { instance, out, err } = await load(faultFile('process-prints'));
    for (let i = 0; i < 3; i++) expect(await instance.call(INPUT)).toEqual(INPUT);
    await vi.waitFor(() => expect([out.length, err.length]).toEqual([3, 3]));
    expect(new Set([...out, ...err])).toEqual(
      new Set(['process-prints on stdout', 'process-prints on stderr']),
    );
  });

  test('many lines keep their order, and invalid UTF-8 and an unfinished line do no harm', async () => {
    const { ask, out, err, plugin, instance } = await insider();
    // Not callSync: it blocks the thread that reads the streams, and the plugin waits when they are full.
    expect(String(await instance.call(Buffer.from('babble')))).toBe('');
    expect(ask('still right')).toBe('still right');
    await plugin.close();
    const numbered = (word: string) => Array.from({ length: 200 }, (_, index) => `${word} ${index}`);
    await vi.waitFor(() => expect(err).toEqual(numbered('error')));
    expect(out.filter((line) => line.startsWith('line '))).toEqual(numbered('line'));
    expect(out.at(-1)).toBe('no end');
  });

  test("the output of a plugin does not reach the host's standard streams", async () => {
    const ended = await runNode(`
      const host = new tenon.PluginHost({ paths: [faults] });
      const plugin = await host.load('process-prints', { isolation: 'process' });
      const instance = await plugin.new();
      await instance.call(Buffer.from('x'));
      console.log('mine');
      await host.close();`);
    expect(ended).toMatchObject({ code: 0, stdout: 'mine\n', stderr: '' });
  });

  test.each(['process-closes', 'insider'])(
    '%s: a plugin that closes its streams only loses its output',
    async (name) => {
      const { plugin, instance } = await load(name === 'insider' ? compiled(INSIDER) : faultFile(name));
      if (name === 'process-closes') {
        for (let i = 0; i < 3; i++) expect(await instance.call(INPUT)).toEqual(INPUT);
        expect(plugin.state).toBe('running');
        await plugin.close();
      } else {
        // This plugin closes the descriptors of the channel too, which is a crash followed by a restart.
        await instance.call(Buffer.from('close all'), { timeout: 2000 }).catch(() => undefined);
        const again = async () => expect(String(await instance.call(Buffer.from('again')))).toBe('again');
        await vi.waitFor(again, { timeout: 30_000 });
      }
      await expectToWork(openHost());
    },
  );
});

describe.runIf(hasProcesses)('a change to the process of the plugin does not affect the host', () => {
  const look = () => ({
    directory: realpathSync.native('.'),
    variable: process.env['TENON_FAULT_WAS_HERE'],
    signals: /^SigIgn:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0],
    number: (0.5).toLocaleString(),
  });

  test.each(['process-directory', 'process-variable', 'process-signals', 'process-locale'])(
    '%s',
    async (name) => {
      const before = look();
      const { instance, plugin } = await load(faultFile(name));
      await instance.call(INPUT);
      expect(look()).toEqual(before);
      expect(plugin.state).toBe('running');
    },
  );
});

describe.runIf(hasProcesses)('the environment', () => {
  const lines = (text: string) => text.split('\n').filter(Boolean).sort();

  test('contains only a few names that are not secret', async () => {
    vi.stubEnv('TENON_TEST_SECRET', 'hush');
    const { ask } = await insider();
    vi.unstubAllEnvs();
    const allowed = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH'];
    const names = lines(ask('environment')).map((line) => line.slice(0, line.indexOf('=')));
    expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(ask('environment')).not.toContain('hush');
  });

  test('contains only the listed variables, or the given ones', async () => {
    vi.stubEnv('TENON_TEST_SHARED', 'a value');
    const listed = await insider({ env: ['TENON_TEST_SHARED', 'TENON_TEST_MISSING'] });
    vi.unstubAllEnvs();
    expect(lines(listed.ask('environment'))).toEqual(['TENON_TEST_SHARED=a value']);
    const given = await insider({ env: { ONE: '1', EMPTY: '' } });
    expect(lines(given.ask('environment'))).toEqual(['EMPTY=', 'ONE=1']);
    expect((await insider({ env: {} })).ask('environment')).toBe('');
  });
});

test.runIf(hasProcesses)('the process inherits only its streams and its channel from the host', async () => {
  const { ask } = await insider();
  const entries = ask('files')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(line.indexOf(' ') + 1));
  const kinds = entries.map((target) => target.replace(/[:[].*/, '').replace(/\(.*/, ''));
  expect(kinds.filter((kind) => kind.startsWith('/') && kind !== '/dev/null')).toEqual([]);
  expect(entries.length).toBeLessThanOrEqual(6);
  expect(ask('limits').split('\n')[0]).toMatch(/^[01]$/); // No core dumps.
});

describe.runIf(hasProcesses)('limits', () => {
  test.each(sanitizable(['leaks', 'leaks-rs'], String))(
    'memory: %s fails once it leaked as much as it may',
    async (name) => {
      if (!readdirSync(join(faultFile(name), '..')).some((file) => file.startsWith(`${name}.`))) return;
      const { instance, plugin } = await load(faultFile(name), { limits: { memory: 64 * MIB } });
      const before = process.memoryUsage.rss();
      const leakAll = async () => {
        for (let i = 0; i < 200; i++) await instance.call(INPUT);
      };
      const error = await refusal(leakAll);
      const isKnown = error.code === 'ERR_TENON_CRASHED' || error.status === 'TENON_NO_MEMORY';
      expect(isKnown, String(error)).toBe(true);
      expect(process.memoryUsage.rss() - before).toBeLessThan(60 * MIB);
      await expectToWork(openHost());
      await plugin.close();
    },
  );

  test.skipIf(cannotBeSanitized(Because.memory))(
    'memory: one allocation above the limit is a crash',
    async () => {
      const { instance, ask } = await load(compiled(FIXTURE), { limits: { memory: 64 * MIB } });
      const error = await refusal(() => instance.call(Buffer.from('dl')));
      expect(error).toMatchObject({ code: 'ERR_TENON_CRASHED', signal: 'SIGABRT' });
      await vi.waitFor(() => expect(ask('efine')).toBe('fine'));
    },
  );

  test('CPU time: a call that exceeds it is a crash', async () => {
    const { instance } = await load(compiled(FIXTURE), { limits: { cpu: 1 } });
    const error = await refusal(() => instance.call(Buffer.from('dc')));
    expect(error).toMatchObject({ code: 'ERR_TENON_CRASHED', signal: 'SIGXCPU' });
    expect(error.message).toContain('CPU time');
    expect(String(await instance.call(Buffer.from('efine')))).toBe('fine');
  });

  test('open files: opening more of them fails', async () => {
    const { ask } = await insider({ limits: { files: 16 } });
    const [count, ...words] = ask('use up files').trim().split(' ');
    expect(words.join(' ')).toBe('Too many open files');
    expect(Number(count)).toBeLessThan(16);
    expect(ask('still here')).toBe('still here');
  });
});

test.skipIf(!hasProcesses || cannotBeSanitized(Because.memory))(
  'every requested limit is reported as enforced or as missing',
  async () => {
    const limits = { memory: 256 * MIB, cpu: 100, files: 64 };
    const { plugin } = await load(compiled(FIXTURE), { limits, sandbox: true });
    const { enforced = [], missing = [] } = plugin.process ?? {};
    const asked = [
      'memory',
      'cpu',
      'files',
      'core',
      'closed-files',
      'no-new-privileges',
      'seccomp',
      'landlock',
    ];
    for (const name of asked) expect([...enforced, ...missing]).toContain(name);
    expect(enforced).toEqual(expect.arrayContaining(['memory', 'cpu', 'files', 'core', 'closed-files']));
    const plain = await load(compiled(FIXTURE));
    expect(plain.plugin.process?.enforced).not.toContain('seccomp');
    expect(plain.plugin.process?.missing).toEqual([]);
  },
);

describe.runIf(hasProcesses)('sandbox', () => {
  const fixture = async (sandbox: LoadOptions['sandbox']) => {
    const loaded = await load(compiled(FIXTURE), sandbox === undefined ? {} : { sandbox });
    return { ...loaded, attempt: (what: string, path = '') => loaded.ask(`t${what}${path}`) };
  };

  test('forbids network access, programs, processes and writing, and the plugin works', async () => {
    const folder = temporaryFolder();
    const present = join(folder, 'present');
    writeFileSync(present, 'unchanged');
    const { attempt, ask } = await fixture(true);
    for (const what of ['S', 'X', 'F']) expect(attempt(what), what).toBe(EPERM);
    for (const path of [present, join(folder, 'new')]) expect(['1', '13']).toContain(attempt('O', path));
    expect(['1', '13']).toContain(attempt('U', present));
    expect(readdirSync(folder)).toEqual(['present']);
    expect(readFileSync(present, 'utf8')).toBe('unchanged');
    expect(ask('efine')).toBe('fine');
    const free = await fixture(undefined);
    expect([free.attempt('S'), free.attempt('F'), free.attempt('U', present)]).toEqual(['0', '0', '0']);
  });

  test('allows reading in the listed folders only', async () => {
    const [allowed, denied] = [temporaryFolder(), temporaryFolder()];
    for (const folder of [allowed, denied]) {
      mkdirSync(join(folder, 'deep'));
      writeFileSync(join(folder, 'deep', 'file'), 'text');
    }
    const { attempt, plugin } = await fixture({ read: [allowed] });
    expect(attempt('R', join(allowed, 'deep', 'file'))).toBe('0');
    const { missing = [] } = plugin.process ?? {};
    expect(attempt('R', join(denied, 'deep', 'file'))).toBe(missing.includes('landlock') ? '0' : EACCES);
  });

  test('does not change crashes and restarts', async () => {
    const { instance } = await fixture(true);
    for (const how of ['ds', 'da', 'dx']) {
      expect((await refusal(() => instance.call(Buffer.from(how)))).code).toBe('ERR_TENON_CRASHED');
      expect(String(await instance.call(Buffer.from('eagain')))).toBe('again');
    }
  });
});

test.runIf(hasProcesses)('a hundred crashes leak no file descriptor in the host', async () => {
  const { instance, plugin } = await load(compiled(FIXTURE), {
    restart: { max: 1000, healthyAfter: 0 },
  });
  const crash = async () => {
    await instance.call(Buffer.from('ds')).catch(() => undefined);
    expect(String(await instance.call(Buffer.from('ehere')))).toBe('here');
  };
  await crash();
  const before = openFiles();
  for (let i = 0; i < 100; i++) await crash();
  await vi.waitFor(() => expect(openFiles()).toBeLessThanOrEqual(before));
  expect(plugin.state).toBe('running');
});
