/**
 * Large results of the process tier use a recycled buffer pool. A result must not change while it is
 * referenced.
 */
import { describe, expect, test } from 'vitest';
import { runNode, withAddon } from '../support/index.js';

const MEBIBYTE = 1024 * 1024;

const prelude = `
  const open = async () => {
    const host = new tenon.PluginHost({ paths: [plugins] });
    const plugin = await host.load('echo', { isolation: 'process' });
    return { host, instance: await plugin.new() };
  };
  const bytes = (i, size = ${MEBIBYTE}) => Buffer.alloc(size, String.fromCharCode(33 + (i % 90)) + i);
  const turn = async () => { gc(); for (let i = 0; i < 3; i++) await new Promise((r) => setImmediate(r)); };
`;
const run = (body: string) => runNode(prelude + body, { args: ['--expose-gc'], timeout: 120_000 });

describe.runIf(withAddon && process.platform === 'linux')('large results of the process tier', () => {
  test('a result keeps its bytes during later calls and after close while a view of it exists', async () => {
    const ended = await run(`
      const { host, instance } = await open();
      const views = [];
      for (let i = 0; i < 200; i++) {
        const result = i % 2 ? instance.callSync(bytes(i)) : await instance.call(bytes(i));
        if (result.buffer.byteLength !== ${MEBIBYTE}) throw new Error('the buffer is larger than the result');
        if (i % 8 === 0) views.push([i, result]);
        if (i % 8 === 2) views.push([i, result.buffer]);
        if (i % 8 === 4) views.push([i, result.subarray(1, 1000), 1]);
        if (i % 8 === 6) views.push([i, new DataView(result.buffer, 512), 512]);
        if (i % 8 === 7 && i > 100) views.push([i, structuredClone(result.buffer)]);
        if (i % 10 === 9) await turn();
      }
      await turn();
      const asBuffer = (view) => view instanceof ArrayBuffer ? Buffer.from(view) : Buffer.from(view.buffer, view.byteOffset, view.byteLength);
      const same = views.every(([i, view, from = 0]) => {
        const seen = asBuffer(view);
        return seen.equals(bytes(i).subarray(from, from + seen.length));
      });
      console.log(same, views.length);
      await host.close();
      console.log(views.every(([i, view, from = 0]) => asBuffer(view)[0] === bytes(i)[from]));
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true 113\ntrue\n' });
  });

  test('memory that was transferred is not recycled', async () => {
    const ended = await run(`
      const { host, instance } = await open();
      const moved = [];
      for (let i = 0; i < 40; i++) {
        const { buffer } = instance.callSync(bytes(i));
        if (i % 2 && buffer.transfer !== undefined) moved.push([i, buffer.transfer()]);
        else moved.push([i, structuredClone(buffer, { transfer: [buffer] })]);
        if (i % 4 === 3) await turn();
      }
      console.log(moved.every(([i, buffer]) => Buffer.from(buffer).equals(bytes(i))));
      await host.close();
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true\n' });
  });

  test('a result transferred to a worker outlives the host, and later results are correct', async () => {
    const ended = await run(`
      const { Worker } = await import('node:worker_threads');
      const { once } = await import('node:events');
      const { host, instance } = await open();
      const source = \`import('node:worker_threads').then(({ parentPort }) => {
        const all = [];
        parentPort.on('message', ({ buffer, check }) => {
          if (buffer) all.push(Buffer.from(buffer));
          if (check) parentPort.postMessage(all.map((one) => one.every((byte) => byte === one[0]) ? one[0] : -1));
        });
      });\`;
      const worker = new Worker(source, { eval: true });
      for (let i = 0; i < 20; i++) {
        const { buffer } = instance.callSync(Buffer.alloc(${MEBIBYTE}, i));
        worker.postMessage({ buffer }, [buffer]);
        instance.callSync(bytes(i));
        if (i % 5 === 4) await turn();
      }
      await host.close();
      worker.postMessage({ check: true });
      const [seen] = await once(worker, 'message');
      console.log(seen.every((byte, i) => byte === i), seen.length);
      await worker.terminate();
      await turn();
      const again = await open();
      for (let i = 0; i < 100; i++) if (!again.instance.callSync(bytes(i)).equals(bytes(i))) throw new Error(String(i));
      await again.host.close();
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true 20\n' });
  });

  test('results of all sizes have the right bytes and length, in one or many loop turns', async () => {
    const ended = await run(`
      const { host, instance } = await open();
      let right = 0;
      for (let i = 0; i < 120; i++) {
        const size = [131071, 131072, 131073, 200_000, 262_144, 1_000_003, 5_000_000, 16_777_217][i % 8];
        const result = instance.callSync(bytes(i, size));
        if (result.buffer.byteLength === size && result.equals(bytes(i, size))) right++;
        if (i % 12 === 11) await turn();
      }
      const held = [];
      for (let i = 0; i < 100; i++) held.push(instance.callSync(bytes(i)));
      console.log(right, held.every((result, i) => result.equals(bytes(i))));
      await host.close();
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: '120 true\n' });
  });

  test('memory is recycled, and is freed once no results use it', async () => {
    const ended = await run(`
      const { host, instance } = await open();
      const input = bytes(1);
      const rss = () => process.memoryUsage.rss() / ${MEBIBYTE};
      const firstTouches = () => process.resourceUsage().minorPageFault;
      for (let i = 0; i < 200; i++) { instance.callSync(input); if (i % 10 === 9) await turn(); }
      const before = firstTouches();
      for (let i = 0; i < 200; i++) { instance.callSync(input); if (i % 10 === 9) await turn(); }
      const each = (firstTouches() - before) / 200;
      const held = Array.from({ length: 60 }, () => instance.callSync(input));
      const most = rss();
      held.length = 0;
      await turn();
      const timeout = Date.now() + 60_000;
      while (rss() > most - 40 && Date.now() < timeout) { gc(); await new Promise((r) => setTimeout(r, 100)); }
      console.log(each < 64, rss() <= most - 40);
      await host.close();
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true true\n' });
  });

  test.each(['return', 'terminate', 'exit'])(
    'a worker that holds large results and ends by %s leaks no memory',
    async (end) => {
      const ended = await run(`
        const { Worker } = await import('node:worker_threads');
        const { once } = await import('node:events');
        const source = \`
          import('node:worker_threads').then(async ({ parentPort }) => {
            const tenon = await import(\${JSON.stringify(entry)});
            const host = new tenon.PluginHost({ paths: [\${JSON.stringify(plugins)}] });
            const instance = await (await host.load('echo', { isolation: 'process' })).new();
            globalThis.held = Array.from({ length: 40 }, () => instance.callSync(Buffer.alloc(${MEBIBYTE}, 'x')));
            parentPort.postMessage('ready');
            if ('${end}' === 'return') await host.close();
            else if ('${end}' === 'exit') process.exit(0);
            else setInterval(() => {}, 1000);
          });\`;
        const rss = [];
        for (let i = 0; i < 8; i++) {
          const worker = new Worker(source, { eval: true });
          const exit = once(worker, 'exit');
          await once(worker, 'message');
          if ('${end}' === 'terminate') await worker.terminate(); else await exit;
          rss.push(process.memoryUsage.rss() / ${MEBIBYTE});
        }
        console.log(rss[7] - rss[1] < 120);
      `);
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true\n' });
    },
  );
});
