/** A program that awaits something of a plugin's process does not end before that has come. */
import { describe, expect, test } from 'vitest';
import { runNode, withAddon } from '../support/index.js';
import { gatedFile } from '../tiers/gated.js';
import { hasProcesses } from '../tiers/process/support.js';

const transports = withAddon ? ['shared-memory', 'pipe'] : ['pipe'];

/** Each awaits something while, or just after, the process ends. */
const programs: readonly (readonly [what: string, options: object, body: string])[] = [
  ['a call that crashes', {}, `await instance.call(Buffer.from('crash')).catch(show);`],
  [
    'a call that crashes, without a restart',
    { restart: false },
    `await instance.call(Buffer.from('crash')).catch(show);`,
  ],
  [
    'calls behind one that crashes',
    { restart: false },
    `await Promise.allSettled(['crash', 'x', 'x'].map((input) => instance.call(Buffer.from(input)).catch(show)));`,
  ],
  [
    'a call after a crash, while the process ends',
    { restart: false },
    `const crash = instance.call(Buffer.from('crash')).catch(show);
     await new Promise(setImmediate);
     await instance.call(Buffer.from('x')).catch(show);`,
  ],
  [
    'a process that is killed from outside',
    { restart: false },
    `const call = instance.call(Buffer.from('sleeps=60000'));
     process.kill(plugin.process.pid, 'SIGKILL');
     await call.catch(show);`,
  ],
  [
    'a call that waits for the next process',
    { whenDown: 'wait' },
    `await instance.call(Buffer.from('crash')).catch(show);
     await instance.call(Buffer.from('crash')).catch(show);
     console.log(String(await instance.call(Buffer.from('x'))));`,
  ],
  [
    'an instance that crashes in new',
    { restart: false },
    `await plugin.new('new-crashes-unless=/none').catch(show);`,
  ],
  ['the end of an instance', {}, `await instance.close();`],
  ['the end of the plugin', {}, `await plugin.close();`],
  [
    'the end of the plugin after a crash',
    { restart: false },
    `instance.call(Buffer.from('crash')).catch(show);
     await plugin.close();`,
  ],
  ['a timeout', {}, `await instance.call(Buffer.from('sleeps=60000'), { timeout: 50 }).catch(show);`],
];

describe.runIf(hasProcesses).each(transports)('over %s', (transport) => {
  test.each(programs)('the program waits for %s', async (_what, options, body) => {
    const given = JSON.stringify({ isolation: 'process', transport, ...options });
    const ended = await runNode(`
      const show = (error) => console.log('failed:', error.code);
      const host = new tenon.PluginHost();
      const plugin = await host.load(${JSON.stringify(gatedFile())}, ${given});
      const instance = await plugin.new();
      ${body}
      console.log('awaited');
      await host.close();
      console.log('closed');`);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/awaited\nclosed\n$/);
  });
});
