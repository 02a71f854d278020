/**
 * Settings of the process that a plugin changes while it is opened or makes an instance are restored and reported,
 * with the addon and with koffi alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { Setting } from '../../src/library/process-settings.js';
import { answering, compile, root, runNode, temporaryFolder, withAddon } from '../support/index.js';
import { hasProcesses, openHost } from '../support/processes.js';

const SOURCE = readFileSync(join(root, 'test/tiers/fixtures/meddler.c'), 'utf8');
const STEPS = ['IN_CONSTRUCTOR', 'IN_GET_VERSION', 'IN_GET_NAME', 'IN_GET_PLUGIN', 'IN_NEW'] as const;
type Step = (typeof STEPS)[number];

/** The words for each change. */
const CHANGES: Readonly<Record<string, string>> = {
  FLOAT_MODE: 'the floating-point mode',
  SIGNAL_MASK: 'the signal mask of the calling thread',
  LOCALE: 'the locale',
  THREAD_LOCALE: 'the locale',
  FOLDER: 'the working directory',
  SIGNAL_HANDLERS: 'the handler of SIGINT and SIGTERM',
  IGNORED_SIGNAL: 'the handler of SIGCHLD',
  UMASK: 'the umask',
  STANDARD_STREAMS: 'the standard streams',
  BLOCKING: 'the standard streams',
};

/** The steps in which only some settings are watched, and those settings. */
const QUICK: readonly Step[] = ['IN_GET_VERSION', 'IN_GET_NAME'];
const CHEAP = ['FLOAT_MODE', 'SIGNAL_MASK', 'LOCALE', 'THREAD_LOCALE', 'FOLDER'];

const STEP_WORDS: Readonly<Record<Step, string>> = {
  IN_CONSTRUCTOR: 'when it was opened',
  IN_GET_VERSION: 'in get_version',
  IN_GET_NAME: 'in get_name',
  IN_GET_PLUGIN: 'in get_plugin',
  IN_NEW: 'in new',
};

function meddler(folder: string, what: string, step: Step | 'NOWHERE'): string {
  const include = `-I${join(root, 'plugins-c', 'faults')}`;
  return compile(folder, `${what}-${step}`, SOURCE, ['-O1', include, `-DWHAT=${what}`, `-DSTEP=${step}`]);
}

/** Loads each file in one process. Returns for each the settings before and after it, and the warnings. */
const SCRIPT = `
  const { files, neutral, isolation } = JSON.parse(process.env.GIVEN);
  const host = new tenon.PluginHost({ probe: { mode: 'never' } });
  const witness = await (await host.load(neutral)).new();
  const arithmetic = () => (Number.MIN_VALUE * Number('1') > 0 ? 'right' : 'wrong');
  const look = () => arithmetic() + ', ' + witness.callSync(Buffer.alloc(0));
  const heard = [];
  process.on('warning', ({ code, message }) => heard.push(code + ' ' + message));
  const seen = [];
  for (const file of files) {
    const before = look();
    const plugin = await host.load(file, { isolation });
    const opened = look();
    const instance = await plugin.new();
    const own = String(await instance.call(Buffer.alloc(0)));
    const made = look();
    await instance.close();
    await new Promise(setImmediate);
    seen.push({ before, opened, made, own, warnings: heard.splice(0) });
  }
  console.log(JSON.stringify(seen));
  await host.close();
`;

interface Seen {
  readonly before: string;
  readonly opened: string;
  readonly made: string;
  readonly own: string;
  readonly warnings: readonly string[];
}

async function runAll(files: readonly string[], neutral: string, isolation: string, addon: boolean) {
  const env = addon ? {} : { TENON_NO_ADDON: '1' };
  const ended = await runNode(SCRIPT, {
    env: { ...env, GIVEN: JSON.stringify({ files, neutral, isolation }) },
  });
  expect(ended.stderr.replace(/^\(.*\n/gm, '')).toBe('');
  return JSON.parse(ended.stdout) as readonly Seen[];
}

const linux = process.platform === 'linux';

describe.runIf(linux)('settings are restored and reported', () => {
  const backends = withAddon ? [true, false] : [false];
  test.each(backends)('inline, in every step (addon: %s)', async (addon) => {
    const folder = temporaryFolder();
    const neutral = meddler(folder, 'NOTHING', 'NOWHERE');
    const cases = Object.keys(CHANGES).flatMap((what) =>
      STEPS.filter((step) => CHEAP.includes(what) || !QUICK.includes(step)).map((step) => ({ what, step })),
    );
    const files = cases.map(({ what, step }) => meddler(folder, what, step));
    const seen = await runAll(files, neutral, 'inline', addon);
    for (const [index, { what, step }] of cases.entries()) {
      const { before, opened, made, own, warnings } = seen[index] as Seen;
      expect([opened, made], `${what} ${step}`).toEqual([before, before]);
      expect(own, `${what} ${step}`).toBe(before.slice(before.indexOf(', ') + 2));
      expect(warnings, `${what} ${step}`).toEqual([
        expect.stringContaining(
          `TENON_MEDDLING Plugin meddler changed ${CHANGES[what]} of this process ${STEP_WORDS[step]}. tenon has restored`,
        ),
      ]);
    }
  });

  test.runIf(withAddon)('in the thread tier handlers are restored, and the rest is reported', async () => {
    const folder = temporaryFolder();
    const neutral = meddler(folder, 'NOTHING', 'NOWHERE');
    const whats = ['FLOAT_MODE', 'SIGNAL_MASK', 'THREAD_LOCALE', 'SIGNAL_HANDLERS', 'UMASK', 'FOLDER'];
    const files = whats.map((what) => meddler(folder, what, 'IN_NEW'));
    const seen = await runAll(files, neutral, 'thread', true);
    for (const [index, what] of whats.entries()) {
      const { before, made, own, warnings } = seen[index] as Seen;
      const own_ = ['FLOAT_MODE', 'SIGNAL_MASK', 'THREAD_LOCALE'].includes(what);
      if (what === 'UMASK' || what === 'FOLDER') expect(made, what).not.toBe(before);
      else expect(made, what).toBe(before);
      expect(own, what).toContain('subnormals 1');
      expect(warnings, what).toEqual(
        own_ ? [] : [expect.stringContaining(`changed ${CHANGES[what]} of this process in new`)],
      );
    }
  });
});

describe.runIf(linux && hasProcesses)('in the process tier', () => {
  test.each(['IN_CONSTRUCTOR', 'IN_GET_PLUGIN', 'IN_NEW'] as const)(
    'the floating-point mode is that of the other tiers (%s)',
    async (step) => {
      const host = openHost();
      const file = meddler(temporaryFolder(), 'FLOAT_MODE', step);
      const instance = await (await host.load(file, { isolation: 'process' })).new();
      expect(String(await instance.call(Buffer.alloc(0)))).toContain('subnormals 1');
      await instance.close();
    },
  );
});

describe.runIf(linux)("with onMeddling: 'refuse'", () => {
  const isolations = withAddon ? (['inline', 'thread'] as const) : (['inline'] as const);

  test.each(isolations)('%s: a plugin that changes settings is refused, every time', async (isolation) => {
    const host = new PluginHost();
    const file = meddler(temporaryFolder(), 'UMASK', 'IN_CONSTRUCTOR');
    for (let i = 0; i < 2; i++)
      await expect(host.load(file, { isolation, onMeddling: 'refuse' })).rejects.toMatchObject({
        code: 'ERR_TENON_CONTRACT',
        gate: 'open',
        path: file,
        message: expect.stringContaining('changed the umask of this process when it was opened'),
      });
    await host.close();
  });

  test.each(isolations)('%s: an instance whose new changes settings is refused', async (isolation) => {
    const host = new PluginHost();
    const file = meddler(temporaryFolder(), 'SIGNAL_HANDLERS', 'IN_NEW');
    const plugin = await host.load(file, { isolation, onMeddling: 'refuse' });
    await expect(plugin.new()).rejects.toMatchObject({
      code: 'ERR_TENON_CONTRACT',
      plugin: 'meddler',
      message: expect.stringContaining('changed the handler of SIGINT and SIGTERM of this process in new'),
    });
    await vi.waitFor(() => expect(plugin.stats().instances).toBe(0));
    await host.close();
  });
});

test('native code and JavaScript agree on the bits of the settings', () => {
  const header = readFileSync(join(root, 'native/plugin/process_settings.h'), 'utf8');
  const native = [...header.matchAll(/^ {2}k(\w+) = (\d+),$/gm)].map(([, name = '', bit]) => [
    name.replace(/(?<!^)([A-Z])/g, '_$1').toUpperCase(),
    Number(bit),
  ]);
  expect(Object.fromEntries(native)).toEqual(Setting);
});

test.runIf(linux && withAddon)(
  'a worker that starts child processes meanwhile is not disturbed',
  async () => {
    const folder = temporaryFolder();
    const files = Array.from({ length: 40 }, (_, index) =>
      compile(folder, `quiet${index}`, answering(`quiet${index}`, 'ok')),
    );
    const body = `
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(\`
      const { execFile } = require('node:child_process');
      const { parentPort } = require('node:worker_threads');
      let count = 0;
      const next = () => (count++ < 60 ? execFile('true', next) : parentPort.postMessage('done'));
      next();
    \`, { eval: true, execArgv: [] });
    const done = new Promise((resolve) => worker.once('message', resolve));
    process.on('warning', ({ message }) => console.log(message));
    const host = new tenon.PluginHost({ probe: { mode: 'never' } });
    for (const file of ${JSON.stringify(files)}) await host.load(file).then((plugin) => plugin.new());
    console.log(await done);
    await host.close();`;
    const ended = await runNode(body, { timeout: 60_000 });
    expect(ended).toMatchObject({ stdout: 'done\n', stderr: '', signal: null });
  },
);

test.runIf(linux && withAddon)(
  'no plugin is blamed for what a plugin of another thread changes meanwhile',
  async () => {
    const folder = temporaryFolder();
    const slow = (name: string, change: string) =>
      compile(
        folder,
        name,
        `#include <sys/stat.h>
      #include <unistd.h>
      __attribute__((constructor)) static void construct(void) { ${change} usleep(5000); }
      ${answering(name, 'ok')}`,
      );
    const indices = Array.from({ length: 20 }, (_, index) => index);
    const given = {
      meddling: indices.map((index) => slow(`meddling${index}`, 'umask(0);')),
      quiet: indices.map((index) => slow(`quiet${index}`, '')),
    };
    const body = `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const { meddling, quiet } = ${JSON.stringify(given)};
    process.umask(0o22);
    process.on('warning', ({ message }) => console.log('main: ' + message));
    const load = 'async (PluginHost, files) => {' +
      'const host = new PluginHost({ probe: { mode: "never" } });' +
      'for (const file of files) await host.load(file);' +
      'await host.close(); }';
    const worker = new Worker(\`
      const { parentPort } = require('node:worker_threads');
      let count = 0;
      process.on('warning', () => count++);
      import(\${JSON.stringify(entry)}).then(async ({ PluginHost }) => {
        parentPort.postMessage('begins');
        await (\${load})(PluginHost, \${JSON.stringify(meddling)});
        setImmediate(() => parentPort.postMessage(count));
      });
    \`, { eval: true, execArgv: ['--no-warnings'] });
    await once(worker, 'message');
    const count = once(worker, 'message');
    await eval(load)(tenon.PluginHost, quiet);
    console.log(...(await count), process.umask().toString(8));`;
    const ended = await runNode(body, { args: ['--no-warnings'], timeout: 60_000 });
    expect(ended).toMatchObject({ stdout: '20 22\n', stderr: '', signal: null });
  },
);
