/** The checks of the group `resources`: behaviour that the matrix does not cover. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CheckOptions, type CheckResult, check } from '../../src/check/index.js';
import { extension, faultFile, pluginFile, temporaryFolder } from '../support/index.js';
import { needs } from '../support/tools.js';
import { canCheck, tripsDir } from './support.js';

async function resultOf(path: string, id: string, options: CheckOptions = {}): Promise<CheckResult> {
  const { files } = await check([path], { filter: [id], seed: 1, ...options });
  const result = files[0]?.results.find((one) => one.id === id);
  if (result === undefined) throw new Error(`there is no result of ${id}`);
  return result;
}

const trip = (name: string) => join(tripsDir, name + extension);

describe.skipIf(!canCheck)('memory', () => {
  test('a cache that grows during the first 700 calls is not a leak', async () => {
    const result = await resultOf(trip('resources-cache'), 'resources/leak-per-call');
    expect(result.findings).toEqual([]);
    expect(result.state).toBe('passed');
  });

  test(
    'a leak in Rust is a finding, and the check leaks less than 300 MB to find it',
    needs('cargo'),
    async () => {
      const result = await resultOf(faultFile('leaks-rs'), 'resources/leak-per-call');
      expect(result.findings[0]?.message).toMatch(/^Memory in use grows by 105\d{4} bytes per call/);
      const points = result.measures.flatMap((measure) => (measure.type === 'series' ? measure.points : []));
      const grown = Math.max(...points.map(([, y]) => y)) - Math.min(...points.map(([, y]) => y));
      expect(grown).toBeLessThan(300e6);
    },
  );

  test('the verdict contains the points and the slope, for plots', async () => {
    const { measures } = await resultOf(trip('resources-leak-per-call'), 'resources/leak-per-call');
    expect(measures).toMatchObject([
      { type: 'series', name: 'memory in use', over: 'calls', unit: 'bytes' },
      { type: 'series', name: 'resident memory', over: 'calls' },
    ]);
    const [inUse] = measures;
    expect(inUse?.type === 'series' && inUse.points.length).toBeLessThanOrEqual(250);
  });
});

/** Removes the shared memory that the plugin left behind in each run. */
function tidyUp(): void {
  for (const name of readdirSync('/dev/shm')) {
    if (name.startsWith('tenon-trip-')) rmSync(join('/dev/shm', name), { force: true });
  }
  for (const line of readFileSync('/proc/sysvipc/shm', 'utf8').split('\n')) {
    const [, id = '', , size] = line.trim().split(/\s+/);
    if (size === '4243') execFileSync('ipcrm', ['-m', id]);
  }
}

describe.skipIf(!canCheck)('leftovers', () => {
  afterAll(tidyUp);

  test('POSIX and System V shared memory are reported by name', async () => {
    const result = await resultOf(trip('resources-shared-memory'), 'resources/files');
    const [finding] = result.findings;
    expect(finding?.message).toMatch(
      /^2 left behind after drop: \/dev\/shm\/tenon-trip-\d+, the shared memory segment \d+ of shmget$/,
    );
  });

  test('a running child process is reported even if its parent has ended', async () => {
    const result = await resultOf(trip('resources-daemon'), 'resources/child-processes');
    expect(result.findings.map(({ message }) => message)).toEqual([
      'A child process was left behind after drop: "tenon-checker", still running',
    ]);
  });

  test('the suite itself leaves no folders', async () => {
    const folder = temporaryFolder();
    // No other test file uses this folder at the same time.
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const result = await resultOf(trip('resources-files'), 'resources/files');
    expect(result.findings[0]?.message).toContain(folder);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe.skipIf(!canCheck)('measures', () => {
  test('include a histogram of the time of calls, the time of load, and the stack', async () => {
    const echo = pluginFile('echo');
    const measured = async (id: string) => (await resultOf(echo, id)).measures;
    expect(await measured('resources/call-time')).toMatchObject([
      { type: 'histogram', name: 'time of a call', unit: 'ns' },
    ]);
    expect(await measured('resources/load-time')).toMatchObject([
      { type: 'value', name: 'time of load', unit: 'ms' },
    ]);
    expect(await measured('resources/stack')).toMatchObject([
      { type: 'value', name: 'stack used', unit: 'bytes' },
    ]);
  });
});
