/** A process that something stopped for longer than a timeout says nothing about its plugin. */
import { describe, expect, test } from 'vitest';
import { pluginFile, withAddon } from '../../support/index.js';
import { hasProcesses, openHost } from '../../support/processes.js';

const TRANSPORTS = withAddon ? (['shared-memory', 'pipe'] as const) : (['pipe'] as const);
const ONCE = { max: 1, within: 60_000, backoff: { initial: 1, max: 1 } };
const INPUT = Buffer.from('hello');

describe.runIf(hasProcesses && process.platform === 'linux').each(TRANSPORTS)('over %s', (transport) => {
  test.each(['call', 'callSync'] as const)(
    '%s: the process is replaced as often as it takes',
    async (way) => {
      const host = openHost();
      const options = { isolation: 'process', transport, timeout: 80, restart: ONCE } as const;
      const plugin = await host.load(pluginFile('echo'), options);
      const exits: string[] = [];
      plugin.on('exit', ({ reason, how }) => exits.push(`${reason}: ${how}`));
      for (let round = 1; round <= 4; round++) {
        const instance = await plugin.new();
        expect(await instance.call(INPUT, { timeout: 10_000 })).toEqual(INPUT);
        process.kill(plugin.process?.pid ?? 0, 'SIGSTOP');
        const late = async () => (way === 'call' ? instance.call(INPUT) : instance.callSync(INPUT));
        await expect(late()).rejects.toMatchObject({
          code: 'ERR_TENON_TIMEOUT',
          message: expect.stringContaining('something had stopped its process (SIGSTOP or a debugger)'),
        });
        await expect
          .poll(() => [plugin.state, plugin.process?.generation], { timeout: 10_000 })
          .toEqual(['running', round + 1]);
      }
      expect(exits).toHaveLength(4);
      for (const exit of exits)
        expect(exit).toMatch(/^suspended: was killed because it did not answer in time/);
    },
  );
});
