/** The memory that `limits.memory` bounds besides the heap: shared mappings and memfds. */
import { describe, expect, test } from 'vitest';
import { type LoadOptions, PluginHost } from '../../../src/index.js';
import { compiled, hasProcesses, openHost } from '../../support/processes.js';
import { Because, cannotBeSanitized } from '../../support/sanitized.js';

const MIB = 2 ** 20;
const EPERM = '1';
const transports = new PluginHost().capabilities.transports;
const runs = hasProcesses && !cannotBeSanitized(Because.memory);

describe.runIf(runs).each(transports)('over %s', (transport) => {
  const load = async (options: LoadOptions = {}) => {
    const more = { limits: { memory: 64 * MIB }, ...options };
    const plugin = await openHost().load(compiled('test/tiers/fixtures/hoards.c'), {
      ...{ isolation: 'process', transport, restart: { backoff: { initial: 5 } }, whenDown: 'wait' },
      ...more,
    });
    const instance = await plugin.new();
    return { plugin, ask: async (what: string) => String(await instance.call(Buffer.from(what))) };
  };

  test.each(['memfd', 'both', 'shared', 'sysv', 'child'])(
    'a plugin that holds more of it than the limit ends: %s',
    async (way) => {
      const { plugin, ask } = await load();
      if (plugin.process?.missing.includes('shared-memory')) return;
      const error = await ask(`${way} 100 forever`).catch((found: unknown) => found);
      expect(error).toMatchObject({ code: 'ERR_TENON_CRASHED' });
      expect(String(error)).toContain('held more shared memory than limits.memory allows');
      expect(await ask('heap 1')).toBe('held');
    },
  );

  test.each(['memfd', 'both', 'shared', 'sysv', 'child'])(
    'a plugin may hold less of it than the limit, next to large messages: %s',
    async (way) => {
      const { plugin, ask } = await load();
      expect(await ask(`${way} 40`)).toBe('held');
      for (let i = 0; i < 4; i++) await ask(`heap 1 ${' '.repeat(16 * MIB)}`);
      expect(plugin.state).toBe('running');
      expect(plugin.process?.generation).toBe(1);
    },
  );

  test('without a limit nothing is counted', async () => {
    const { plugin, ask } = await load({ limits: {} });
    expect(await ask('both 100')).toBe('held');
    expect(plugin.process?.enforced).not.toContain('shared-memory');
    expect(plugin.process?.missing).not.toContain('shared-memory');
  });

  test.each(['memfd', 'both', 'shared', 'sysv', 'child'])(
    'a plugin in the sandbox cannot make any of it: %s',
    async (way) => {
      const { plugin, ask } = await load({ sandbox: true });
      expect(await ask('heap 10')).toBe('held');
      if (!plugin.process?.missing.includes('seccomp')) expect(await ask(`${way} 1`)).toBe(EPERM);
    },
  );
});
