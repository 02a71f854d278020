import { expect, test } from 'vitest';
import { runNode, withAddon } from '../support/index.js';

test('instances collected without close cause one warning, and the plugin still works', async () => {
  const ended = await runNode(
    `
    let warnings = 0;
    process.on('warning', (warning) => { if (/close/.test(warning.message)) warnings++; });
    const host = new tenon.PluginHost({ paths: [plugins] });
    const plugin = await host.load('wordcount');
    for (let i = 0; i < 500; i++) plugin.newSync().callSync(Buffer.from('a b'));
    for (let i = 0; i < 10; i++) { gc(); await new Promise((r) => setTimeout(r, 10)); }
    const kept = plugin.newSync();
    console.log(JSON.stringify({ warnings, words: Number(kept.callSync(Buffer.from('a b c')).readBigUInt64LE(8)) }));
  `,
    { args: ['--expose-gc'] },
  );
  expect(ended).toMatchObject({ code: 0, signal: null });
  expect(JSON.parse(ended.stdout)).toEqual({ warnings: 1, words: 3 });
});

test('results and batches stay valid after their instance was garbage-collected', async () => {
  const ended = await runNode(
    `
    const host = new tenon.PluginHost({ paths: [plugins] });
    const plugin = await host.load('gzip');
    const { gunzipSync } = await import('node:zlib');
    const results = [];
    for (let i = 0; i < 200; i++) {
      const input = Buffer.alloc(1 + i * 997, String(i));
      const instance = plugin.newSync();
      results.push([input, instance.callSync(input), instance.callManySync(tenon.Batch.of([input, input]))]);
      if (i % 3 === 0) instance.close();
      if (i % 20 === 0) gc();
    }
    gc(); await new Promise((r) => setImmediate(r)); gc();
    const same = results.every(([input, one, many]) => gunzipSync(one).equals(input) && gunzipSync(many.get(1)).equals(input));
    console.log(same, results.length);
  `,
    { args: ['--expose-gc'] },
  );
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true 200\n' });
});

test.runIf(withAddon)('an instance with a listener is not collected, and its events continue', async () => {
  const ended = await runNode(
    `
    const host = new tenon.PluginHost({ paths: [plugins] });
    const plugin = await host.load('metronome');
    let ticks = 0;
    await new Promise((resolve) => {
      plugin.newSync({ interval: 1 }).on('message', () => { if (ticks % 10 === 0) gc(); if (++ticks === 50) resolve(); });
    });
    console.log(ticks >= 50);
    await host.close();
  `,
    { args: ['--expose-gc'] },
  );
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'true\n' });
});
