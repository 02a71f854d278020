/** The events about the end of a plugin's process come before its close resolves. */
import { describe, expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { pluginFile, withAddon } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';

const transports = withAddon ? (['shared-memory', 'pipe'] as const) : (['pipe'] as const);

describe.runIf(hasProcesses).each(transports)('over %s', (transport) => {
  test('a plugin reports its end before close resolves', async () => {
    const host = new PluginHost();
    const plugin = await host.load(pluginFile('echo'), { isolation: 'process', transport });
    // The event about the start comes on the next tick.
    await new Promise(setImmediate);
    const seen: string[] = [];
    plugin.on('exit', ({ reason }) => seen.push(reason));
    plugin.on('state', ({ to }) => seen.push(to));
    plugin.on('close', () => seen.push('close'));
    await plugin.close();
    expect(seen).toEqual(['stopping', 'stopped', 'stopped', 'close']);
    await host.close();
  });
});
