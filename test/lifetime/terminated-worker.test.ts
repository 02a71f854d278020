/**
 * Workers that are terminated at any moment while they start processes. koffi ends the whole process if it has to throw
 * in a thread that is being terminated. Such runs say nothing about tenon and are repeated.
 */
import { expect, test } from 'vitest';
import { runNode, withAddon } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';

const WORKER = `
import { PluginHost } from ENTRY;
const host = new PluginHost({ probe: { mode: 'always' } });
const options = [{ isolation: 'process' }, { isolation: 'process', transport: 'pipe' }];
for (;;) await Promise.all(options.map(async (one) => {
  const plugin = await host.load(FILE, one);
  await plugin.close();
}));`;

test.runIf(hasProcesses && withAddon)(
  'leave no process, not even a defunct one',
  async () => {
    const run = () =>
      runNode(
        `import { readdirSync, readFileSync } from 'node:fs';
      import { setTimeout as delay } from 'node:timers/promises';
      import { Worker } from 'node:worker_threads';
      const body = ${JSON.stringify(WORKER)}.replace('ENTRY', JSON.stringify(entry))
        .replace('FILE', JSON.stringify(plugins + '/echo' + extension));
      const url = new URL('data:text/javascript,' + encodeURIComponent(body));
      const children = () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).flatMap((pid) => {
        try {
          const stat = readFileSync('/proc/' + pid + '/stat', 'utf8');
          return Number(/\\) \\S (\\d+)/.exec(stat)[1]) === process.pid ? [stat.slice(0, 40)] : [];
        } catch {
          return [];
        }
      });
      for (let i = 0; i < 60; i++) {
        const worker = new Worker(url);
        worker.on('error', (error) => console.log(error.message));
        const online = new Promise((resolve) => worker.once('online', resolve));
        await online;
        await delay(20 + i * 7);
        await worker.terminate();
      }
      for (let i = 0; i < 200 && children().length > 0; i++) await delay(100);
      console.log(JSON.stringify(children()));`,
        { timeout: 110_000 },
      );
    let ended = await run();
    for (let more = 8; more > 0 && /koffi\.node/.test(ended.stderr); more--) ended = await run();
    const { stdout, stderr, code } = ended;
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  },
  300_000,
);
