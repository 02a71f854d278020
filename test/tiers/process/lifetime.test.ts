/** Nothing is left behind when the process of a plugin, its host or a worker ends, however it ends. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compile, pluginFile, root, runNode, temporaryFolder } from '../../support/index.js';
import { error, until } from './puppet.js';
import {
  actor,
  failure,
  fixture,
  hasProcesses,
  instance,
  isRunning,
  openFiles,
  parent,
  puppet,
  settingsFor,
  start,
} from './support.js';

const built = (file: string): string =>
  JSON.stringify(pathToFileURL(join(root, 'build', 'modules', file)).href);

/** The source of a plugin whose `drop` creates the file named in its config. */
const TRACE = `#include "tenon.h"
#include <fcntl.h>
#include <stdlib.h>
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t size, void **state, tenon_out *error) {
  (void)host, (void)error;
  *state = calloc(1, size + 1);
  memcpy(*state, config, size);
  return TENON_OK;
}
static void drop(void *state) { (void)!open(state, O_CREAT | O_WRONLY, 0600); }
static tenon_status echo(void *state, const uint8_t *in, size_t size, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, size);
}
TENON_PLUGIN("trace", "1.0.0", make, drop, echo);
`;

/** Returns the start of a program, which defines `start()` and `make(runner)`. */
const prelude = (file: string): string => `
  const { RunnerProcess } = await import(${built('tiers/process/runner-process.js')});
  const { SOMETHING } = await import(${built('tiers/tier.js')});
  const settings = ${JSON.stringify(settingsFor(file))};
  const start = () => RunnerProcess.start(settings, { stdout() {}, stderr() {}, exit() {} });
  const make = async (runner) => (await runner.create(Buffer.alloc(0), { message() {}, log() {} })).bind(SOMETHING);
`;

describe.runIf(hasProcesses)('after the end of a process', () => {
  test('no file stays open after a stop or a crash', async () => {
    const cycle = async (i: number): Promise<void> => {
      const { act, runner } = await actor(fixture());
      if (i % 2 === 0) await runner.stop(10_000);
      else await failure(act.call(Buffer.from('ds')));
    };
    for (let i = 0; i < 4; i++) await cycle(i);
    const before = openFiles();
    for (let i = 0; i < 60; i++) await cycle(i);
    await until(() => openFiles() <= before);
  });

  test('no file stays open after a failed start', async () => {
    const attempt = async (): Promise<void> => {
      await failure(start(puppet(), { plugin: 'other' }));
      await failure(start(puppet(), { program: '/nowhere/tenon-runner' }));
      await failure(start(puppet(), { cwd: '/nowhere' }));
    };
    await attempt();
    const before = openFiles();
    for (let i = 0; i < 20; i++) await attempt();
    await until(() => openFiles() <= before);
  });

  test('a plugin inherits no files of its host, and other children inherit none of the channel', async () => {
    const { say } = await actor(fixture());
    const { runner } = await actor(fixture());
    // The standard streams and the two files of the channel, but none of the other runner.
    expect(say('o').trim().split(' ').length).toBe(5);
    expect(openFiles(runner.pid)).toBe(5);
    const child = spawn('ls', ['-l', '/proc/self/fd'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let listed = '';
    for await (const chunk of child.stdout) listed += chunk;
    expect(listed).not.toMatch(/memfd|eventfd|pidfd/);
  });

  test.each(['', 'hang', 'crash'])('processes that the plugin started end with it (%s)', async (how) => {
    const { act, runner, stderr } = await actor(parent());
    const call = act.call(Buffer.from(how), { timeout: 200 }).catch((found: unknown) => found);
    await until(() => stderr.length === 1);
    const child = Number(stderr[0]);
    expect(await call).toBeDefined();
    if (how === '') {
      expect(isRunning(child)).toBe(true);
      await runner.stop(10_000);
    }
    await until(() => !isRunning(child));
  });

  test('the memory of large messages is freed', async () => {
    const { runner } = await start(puppet());
    const { act } = await instance(runner);
    await act.call(Buffer.alloc(64 << 20, 'e'));
    const { readFileSync } = await import('node:fs');
    const shared = () =>
      Number(/^RssShmem:\s+(\d+) kB$/m.exec(readFileSync(`/proc/self/status`, 'utf8'))?.[1]);
    await until(() => shared() < 8 * 1024);
  });
});

describe.runIf(hasProcesses && existsSync(join(root, 'build', 'modules')))('the host', () => {
  test('exits while a process of a plugin runs if no call is pending', async () => {
    const ended = await runNode(`${prelude(pluginFile('echo'))}
      const echo = await make(await start());
      await echo.call(Buffer.from('x'));
      console.log('done');`);
    expect(ended).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' });
  });

  test('keeps running while an instance has a listener', async () => {
    const ended = await runNode(`${prelude(pluginFile('metronome'))}
      const runner = await start();
      let beats = 0;
      const tier = await runner.create(Buffer.from('{"interval":1}'), { message() {
        if (++beats === 5) { console.log('five'); tier.unref(); }
      }, log() {} });
      tier.ref();`);
    expect(ended).toMatchObject({ code: 0, stdout: 'five\n', stderr: '' });
  });

  test.each(['process.exit(3)', 'process.exitCode = 3'])(
    'drops the instances when it exits: %s',
    async (end) => {
      const folder = temporaryFolder();
      const file = compile(folder, 'trace', TRACE, ['-D_DEFAULT_SOURCE']);
      const ended = await runNode(`${prelude(file)}
      const runner = await start();
      for (const name of ['one', 'two']) {
        const tier = await runner.create(Buffer.from(${JSON.stringify(folder)} + '/' + name), { message() {}, log() {} });
        tier.bind(SOMETHING).callSync(Buffer.alloc(0));
      }
      ${end};`);
      expect(ended).toMatchObject({ code: 3, stdout: '', stderr: '' });
      expect(['one', 'two'].filter((name) => existsSync(join(folder, name)))).toEqual(['one', 'two']);
    },
  );

  test('leaves no process of a plugin, nor one that a plugin started, when it is killed', async () => {
    const program = `${prelude(parent())}
      const runner = await start();
      const act = await make(runner);
      console.log(JSON.stringify([runner.pid, Number(String(await act.call(Buffer.alloc(0))))]));
      setInterval(() => {}, 1000);`;
    for (let i = 0; i < 5; i++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      const [line] = (
        await child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false }).next()
      ).value.split('\n');
      const pids: number[] = JSON.parse(line);
      expect(pids.every(isRunning)).toBe(true);
      child.kill('SIGKILL');
      await until(() => !pids.some(isRunning));
    }
  });

  test.each(['terminate', 'return', 'exit'])(
    'has no process of a plugin after its worker ended by %s',
    async (how) => {
      const ended = await runNode(
        `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      import { readFileSync, readdirSync } from 'node:fs';
      const source = ${JSON.stringify(`
        import('node:worker_threads').then(async ({ parentPort }) => {
          ${prelude(pluginFile('metronome'))}
          const runner = await start();
          const tier = await runner.create(Buffer.from('{"interval":1}'), { message() {}, log() {} });
          tier.bind(SOMETHING).call(Buffer.alloc(0)).catch(() => {});
          parentPort.postMessage(runner.pid);
          ${how === 'terminate' ? 'setInterval(() => {}, 1000);' : how === 'exit' ? 'process.exit(0);' : ''}
        });`)};
      const isRunning = (pid) => {
        try { return !/^State:\\s+Z/m.test(readFileSync('/proc/' + pid + '/status', 'utf8')); } catch { return false; }
      };
      const files = () => readdirSync('/proc/self/fd').length;
      const children = () => readdirSync('/proc/self/task').flatMap((task) => {
        try { return readFileSync('/proc/self/task/' + task + '/children', 'utf8').split(' ').filter(Boolean); }
        catch { return []; }
      }).length;
      let before;
      for (let i = 0; i < 6; i++) {
        const worker = new Worker(source, { eval: true });
        const exit = once(worker, 'exit');
        const [pid] = await once(worker, 'message');
        if (${how === 'terminate'}) await worker.terminate(); else await exit;
        // The keeper is reaped after the plugin's process has ended.
        while (isRunning(pid) || children() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        if (i === 1) before = files();
      }
      while (files() !== before) await new Promise((resolve) => setTimeout(resolve, 5));
      console.log('the same files');`,
      );
      expect(ended).toMatchObject({ code: 0, stdout: 'the same files\n' });
    },
  );

  test('drops a garbage-collected instance, with a warning', async () => {
    const ended = await runNode(
      `${prelude(puppet())}
      const runner = await start();
      const other = await make(runner);
      for (let i = 0; i < 20; i++) await make(runner);
      const warned = new Promise((resolve) => process.on('warning', resolve));
      const counts = () => JSON.parse(other.callSync(Buffer.from('#')).toString());
      while (counts().dropped < 10) { gc(); await new Promise((resolve) => setTimeout(resolve, 1)); }
      console.log((await warned).message.includes('without close()'), other.callSync(Buffer.from('estill')).toString());`,
      { args: ['--expose-gc'] },
    );
    expect(ended).toMatchObject({ code: 0, stdout: 'true still\n' });
  });
});

describe.runIf(hasProcesses)('two runners', () => {
  test('are independent: a crash of one does not affect the other', async () => {
    const one = await actor(fixture());
    const two = await actor(fixture());
    const lost = failure(one.act.call(Buffer.from('ds')));
    const kept = two.act.call(Buffer.from('ehello'));
    expect(await lost).toEqual(error('ERR_TENON_CRASHED'));
    expect((await kept).toString()).toBe('hello');
    expect(two.say('ehello')).toBe('hello');
  });
});
