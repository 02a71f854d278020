/** `tenon check --record`: what a host with the option `require` admits then. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { canCheck } from '../check/support.js';
import { faultFile, pluginFile, temporaryFolder } from '../support/index.js';
import { tenon } from './run.js';

describe.skipIf(!canCheck)('tenon check --record', () => {
  test('writes a record of each plugin, by which a host admits the one that passed', async () => {
    const records = join(temporaryFolder(), 'records.json');
    const [good, bad] = [pluginFile('echo'), faultFile('returns-42')];
    const { code } = await tenon(['check', good, bad, '--level', 'strict', '--record', records]);
    expect(code).toBe(1);
    expect(Object.keys(JSON.parse(readFileSync(records, 'utf8')).records)).toHaveLength(2);
    await using host = new PluginHost({ require: { level: 'strict', records } });
    expect((await host.load(good)).name).toBe('echo');
    await expect(host.load(bad)).rejects.toMatchObject({ code: 'ERR_TENON_UNTRUSTED', gate: 'trust' });
  });

  test.each([
    [['--record', ''], '--record must name a file'],
    [['--record', 'x', '--filter', 'calls/*'], '--filter, --sanitize and --reproduce leave some out'],
    [['--record', 'x', '--sanitize', 'address'], '--filter, --sanitize and --reproduce leave some out'],
    [['--record', 'x', '--in-process'], '--in-process takes one file'],
  ])('%j is wrong usage, and nothing is written', async (args, words) => {
    const cwd = temporaryFolder();
    const run = await tenon(['check', pluginFile('echo'), ...args], { cwd });
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
    expect(existsSync(join(cwd, 'x'))).toBe(false);
  });

  test('a file of records that cannot be written is told, and nothing passes for it', async () => {
    const run = await tenon([
      'check',
      pluginFile('echo'),
      '--record',
      join(pluginFile('echo'), 'records.json'),
    ]);
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('ERR_TENON_UNREADABLE') });
  });
});
