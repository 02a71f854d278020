/**
 * `tenon check --certificates`, and a host that requires these certificates with the option `requireCheck`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { canCheck } from '../check/support.js';
import { faultFile, pluginFile, temporaryFolder } from '../support/index.js';
import { tenon } from './run.js';

describe.skipIf(!canCheck)('tenon check --certificates', () => {
  test('writes a certificate for each plugin, and a host admits only the one that passed', async () => {
    const certificates = join(temporaryFolder(), 'certificates.json');
    const [good, bad] = [pluginFile('echo'), faultFile('returns-42')];
    const { code } = await tenon(['check', good, bad, '--level', 'strict', '--certificates', certificates]);
    expect(code).toBe(1);
    expect(Object.keys(JSON.parse(readFileSync(certificates, 'utf8')).certificates)).toHaveLength(2);
    await using host = new PluginHost({ requireCheck: { level: 'strict', certificates } });
    expect((await host.load(good)).name).toBe('echo');
    await expect(host.load(bad)).rejects.toMatchObject({ code: 'ERR_TENON_UNTRUSTED', gate: 'trust' });
  });

  test.each([
    [['--certificates', ''], '--certificates must be the path of a file'],
    [['--certificates', 'x', '--filter', 'calls/*'], '--filter, --sanitize and --reproduce omit some'],
    [['--certificates', 'x', '--sanitize', 'address'], '--filter, --sanitize and --reproduce omit some'],
    [['--certificates', 'x', '--in-process'], '--in-process takes one file'],
  ])('refuses the arguments %j and writes nothing', async (args, words) => {
    const cwd = temporaryFolder();
    const run = await tenon(['check', pluginFile('echo'), ...args], { cwd });
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
    expect(existsSync(join(cwd, 'x'))).toBe(false);
  });

  test('exits with 3 if the certificates cannot be written', async () => {
    const run = await tenon([
      'check',
      pluginFile('echo'),
      '--certificates',
      join(pluginFile('echo'), 'certificates.json'),
    ]);
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('ERR_TENON_UNREADABLE') });
  });
});
