/** A program whose cgroup has a small share of a processor: calls are slow, and no plugin is blamed for it. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pluginFile, runNode, temporaryFolder } from '../support/index.js';
import { hasProcesses } from '../support/processes.js';

const text = JSON.stringify;

/** Milliseconds of processor time in 100 ms of time. */
const SHARE = 4;

/** Makes a cgroup with the quota, of either version. Returns its folder, or the reason why there is none. */
function makeQuota(): { readonly folder: string } | { readonly reason: string } {
  const name = `tenon-quota-${process.pid}`;
  const [old, unified] = [join('/sys/fs/cgroup/cpu', name), join('/sys/fs/cgroup', name)];
  const folder = existsSync('/sys/fs/cgroup/cpu') ? old : unified;
  try {
    mkdirSync(folder);
  } catch (error) {
    return { reason: `no cgroup can be made: ${String(error)}` };
  }
  try {
    if (folder === old) writeFileSync(join(folder, 'cpu.cfs_quota_us'), `${SHARE * 1000}`);
    else writeFileSync(join(folder, 'cpu.max'), `${SHARE * 1000} 100000`, { flag: 'r+' });
    return { folder };
  } catch (error) {
    rmdirSync(folder);
    return { reason: `the cgroup takes no quota: ${String(error)}` };
  }
}

const quota =
  process.platform === 'linux' && hasProcesses ? makeQuota() : { reason: 'there are no processes' };

/** Moves itself into the cgroup, and prints what the calls and starts of a healthy plugin came to. */
const program = (folder: string): string => `
  import { writeFileSync } from 'node:fs';
  writeFileSync(${text(join(folder, 'cgroup.procs'))}, String(process.pid));
  const host = new tenon.PluginHost({ stateDir: ${text(temporaryFolder())} });
  const ends = [];
  let right = 0;
  for (const transport of host.capabilities.transports) {
    const plugin = await host.load(${text(pluginFile('echo'))}, { isolation: 'process', transport, timeout: 500 });
    plugin.on('exit', ({ reason }) => ends.push(reason));
    const instance = await plugin.new();
    for (let i = 0; i < 50; i++) {
      const input = Buffer.alloc(i * 1000, i);
      if ((await instance.call(input)).equals(input)) right++;
    }
    await plugin.close();
  }
  console.log(JSON.stringify({ right, ends, transports: host.capabilities.transports.length }));
  await host.close();`;

const title = 'reason' in quota ? `a quota of processor time (${quota.reason})` : 'a quota of processor time';

describe.skipIf('reason' in quota)(title, () => {
  const folder = 'folder' in quota ? quota.folder : '';

  afterAll(() => rmdirSync(folder));

  test('harms no healthy plugin, and none is blamed', async () => {
    const { code, stdout, stderr } = await runNode(program(folder));
    expect(code, stderr).toBe(0);
    const { right, ends, transports } = JSON.parse(stdout) as {
      readonly right: number;
      readonly ends: string[];
      readonly transports: number;
    };
    expect(ends).toEqual(Array(transports).fill('stopped'));
    expect(right).toBe(50 * transports);
    // The quota was in force.
    const stat = readFileSync(join(folder, 'cpu.stat'), 'utf8');
    expect(Number(/^nr_throttled (\d+)$/m.exec(stat)?.[1])).toBeGreaterThan(0);
  });
});
