import { expect, test } from 'vitest';
import { runNode } from '../support/index.js';
import { tryable } from '../support/tools.js';

/**
 * Returns a program that runs `body` in `count` workers, one after another, and ends each of them as `end`
 * says.
 */
const inWorkers = (body: string, count: number, end: 'return' | 'terminate' | 'exit') => `
  import { Worker } from 'node:worker_threads';
  import { once } from 'node:events';
  const source = \`
    import('node:worker_threads').then(async ({ parentPort }) => {
      const tenon = await import(\${JSON.stringify(entry)});
      const host = new tenon.PluginHost({ paths: [\${JSON.stringify(plugins)}, \${JSON.stringify(faults)}] });
      ${body}
      parentPort.postMessage('ready');
      ${end === 'terminate' ? 'setInterval(() => {}, 1000);' : end === 'exit' ? 'process.exit(0);' : 'await host.close();'}
    });\`;
  for (let i = 0; i < ${count}; i++) {
    const worker = new Worker(source, { eval: true });
    const exit = once(worker, 'exit');
    const [message] = await Promise.race([once(worker, 'message'), once(worker, 'error').then(([e]) => { throw e; })]);
    if (message !== 'ready') throw new Error(message);
    if (${end === 'terminate'}) await worker.terminate(); else await exit;
  }
  const host = new tenon.PluginHost({ paths: [plugins] });
  const counter = (await host.load('wordcount')).newSync();
  console.log(Number(counter.callSync(Buffer.from('still alive')).readBigUInt64LE(8)));
`;

const load = (name: string, config = '') => `
  const instance = (await host.load('${name}')).newSync(${config});
  instance.on('message', () => {});
  instance.callSync(Buffer.from('a b c'));
  await new Promise((resolve) => setTimeout(resolve, 20));`;

const cases = tryable(
  [
    { what: 'a C plugin', body: load('wordcount') },
    { what: 'a C plugin with a thread that emits', body: load('metronome', '{ interval: 1 }') },
    { what: 'a C++ plugin with a touched thread-local', body: load('thread-local') },
    { what: 'a Rust plugin with a thread that emits', body: load('metronome-rs', '{ interval: 1 }') },
    { what: 'a Rust plugin with a touched thread-local', body: load('tls-rs') },
  ],
  ({ what }) => what,
  ({ what }) => (what.startsWith('a Rust') ? ['cargo'] : []),
);

for (const end of ['return', 'terminate', 'exit'] as const) {
  test.each(cases)(
    `a worker that loaded $what and ends by ${end} does not affect the process`,
    async ({ body }) => {
      const ended = await runNode(inWorkers(body, 3, end));
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: '2\n' });
    },
  );
}

test('four workers can use a plugin at the same time', async () => {
  const ended = await runNode(`
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const source = \`
      import('node:worker_threads').then(async ({ parentPort }) => {
        const tenon = await import(\${JSON.stringify(entry)});
        const host = new tenon.PluginHost({ paths: [\${JSON.stringify(plugins)}] });
        const counter = (await host.load('wordcount')).newSync();
        let words = 0n;
        for (let i = 0; i < 20000; i++) words += counter.callSync(Buffer.from('one two')).readBigUInt64LE(8);
        await host.close();
        parentPort.postMessage(Number(words));
      });\`;
    const workers = Array.from({ length: 4 }, () => new Worker(source, { eval: true }));
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
    console.log(answers.flat().join());
  `);
  expect(ended).toMatchObject({ code: 0, stdout: '40000,40000,40000,40000\n', stderr: '' });
});
