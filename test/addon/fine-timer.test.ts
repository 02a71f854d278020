/** Timers for waits of less than some milliseconds, with the addon and without. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fineTimer } from '../../src/addon/fine-timer.js';
import { runNode, temporaryFolder, withAddon } from '../support/index.js';

const waited = (ms: number): Promise<number> => new Promise((resolve) => fineTimer(ms, () => resolve(ms)));

test('timers fire in the order of their times', async () => {
  const order: number[] = [];
  const waits = [0, 0.3, 0.6, 1.7, 5];
  await Promise.all(waits.map(async (ms) => order.push(await waited(ms))));
  expect(order).toEqual(waits);
});

test.runIf(withAddon && process.platform === 'linux')('no short timer fires early', async () => {
  for (const ms of [0.1, 0.4, 1.2, 3.9]) {
    const began = performance.now();
    await waited(ms);
    expect(performance.now() - began).toBeGreaterThanOrEqual(ms);
  }
});

test('a timer that is cancelled does not fire, even when it is due at the same time as the one that cancels it', async () => {
  const fired: string[] = [];
  fineTimer(1, () => {
    fired.push('first');
    cancel();
  });
  const cancel = fineTimer(2, () => fired.push('second'));
  const last = waited(3);
  for (const end = performance.now() + 10; performance.now() < end; );
  await last;
  cancel();
  expect(fired).toEqual(['first']);
});

test('a timer can be made when another fires', async () => {
  const fired = await new Promise((resolve) => fineTimer(0.5, () => fineTimer(0.5, () => resolve('second'))));
  expect(fired).toBe('second');
});

test.runIf(withAddon && process.platform === 'linux').each(['return', 'terminate', 'exit'])(
  'a worker whose flow waits with them and that ends by %s leaves nothing open',
  async (end) => {
    const input = join(temporaryFolder(), 'in.log');
    writeFileSync(input, 'a\nb\n');
    const body = `
      import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      const count = "() => import('node:fs').then(({ readdirSync, readlinkSync }) => readdirSync('/proc/self/fd').filter((fd) => {" +
        " try { return readlinkSync('/proc/self/fd/' + fd).includes('timerfd'); } catch { return false; } }).length)";
      const source = \`import('node:worker_threads').then(async ({ parentPort }) => {
        const { PluginHost } = await import(\${JSON.stringify(entry)});
        const { World, flow } = await import(new URL('flow/index.js', \${JSON.stringify(entry)}).href);
        const host = new PluginHost({ paths: [\${JSON.stringify(plugins + '/flow')}] });
        const world = new World({ host });
        let rows = 0;
        class Sink { write(frame) { rows += frame.rows; } }
        const config = { path: ${JSON.stringify(input)}, rate: 2000, loops: 0 };
        world.define('in', { plugin: 'blaster', config }).define('out', { plugin: Sink });
        await world.deploy(flow('w').from('in').to('out'));
        while (rows < 20) await new Promise((resolve) => setTimeout(resolve, 1));
        parentPort.postMessage(await (\${count})());
        ${end === 'terminate' ? '' : end === 'exit' ? 'process.exit(0);' : 'await world.close(); await host.close();'}
      });\`;
      for (let i = 0; i < 3; i++) {
        const worker = new Worker(source, { eval: true });
        const exit = once(worker, 'exit');
        const [during] = await once(worker, 'message');
        if (${end === 'terminate'}) await worker.terminate(); else await exit;
        console.log(during, await eval(count)());
      }`;
    expect(await runNode(body)).toMatchObject({ code: 0, signal: null, stdout: '1 0\n1 0\n1 0\n' });
  },
);
