import { expect, test } from 'vitest';
import { runNode, withAddon } from '../support/index.js';
import { tryable } from '../support/tools.js';

const metronomes = tryable(
  ['metronome', 'metronome-rs'],
  (name) => `process.exit ends a process in which a ${name} runs`,
  (name) => (name === 'metronome-rs' ? ['cargo'] : []),
);

test.each(metronomes)(
  'process.exit ends a process in which the plugin %s emits from its thread',
  async (name) => {
    const ended = await runNode(
      `
    const host = new tenon.PluginHost({ paths: [plugins] });
    const metronome = (await host.load('${name}')).newSync({ interval: 1 });
    metronome.on('message', () => {});
    setTimeout(() => process.exit(7), 30);
  `,
      { timeout: 20_000 },
    );
    expect(ended).toMatchObject({ code: 7, signal: null, ...(withAddon ? { stderr: '' } : {}) });
  },
);

test('an uncaught exception ends the process with its message and not with an abort', async () => {
  const ended = await runNode(
    `
    const host = new tenon.PluginHost({ paths: [plugins] });
    const metronome = (await host.load('metronome')).newSync({ interval: 1 });
    setTimeout(() => { throw new Error('mine'); }, 30);
  `,
    { timeout: 20_000 },
  );
  expect(ended).toMatchObject({ code: 1, signal: null });
  expect(ended.stderr).toContain('Error: mine');
});

test('an open instance does not keep the process alive', async () => {
  const ended = await runNode(
    `
    const host = new tenon.PluginHost({ paths: [plugins] });
    globalThis.metronome = (await host.load('metronome')).newSync({ interval: 1 });
    console.log('done');
  `,
    { timeout: 20_000 },
  );
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done\n' });
});

test.runIf(withAddon)('a listener of events keeps the process alive until unref is called', async () => {
  const ended = await runNode(
    `
    const host = new tenon.PluginHost({ paths: [plugins] });
    const metronome = (await host.load('metronome')).newSync({ interval: 1 });
    let ticks = 0;
    metronome.on('message', () => { if (++ticks === 20) { console.log('twenty'); metronome.unref(); } });
  `,
    { timeout: 20_000 },
  );
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'twenty\n' });
});
