/** Helpers of the process tier tests: plugins that misbehave on request, and the resources of processes. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type HostOptions, PluginHost } from '../../src/index.js';
import { compile, root, temporaryFolder, withRunner } from './index.js';

/** Whether the process tier can be tested, which needs Linux. Without the addon it uses a pipe. */
export const hasProcesses = withRunner && process.platform === 'linux';

/** Creates a host that is closed when the test ends. */
export function openHost(options: HostOptions = {}): PluginHost {
  const host = new PluginHost(options);
  onTestFinished(() => host.close());
  return host;
}

const FLAGS = ['-pthread', '-D_DEFAULT_SOURCE', '-O1'];

/** Compiles a source file of this repository for one test. The plugin has the name of the file. */
export function compiled(source: string, folder = temporaryFolder()): string {
  const name = source.slice(source.lastIndexOf('/') + 1, -'.c'.length);
  return compile(folder, name, readFileSync(join(root, source), 'utf8'), FLAGS);
}

/** A plugin that misbehaves as the first bytes of its input request. */
export const FIXTURE = 'native/test/fixture.c';
/** A plugin that starts processes that outlive a call. */
export const PARENT = 'test/tiers/fixtures/parent.c';
/** A plugin that reports the state of the process that it runs in. */
export const INSIDER = 'test/faults/fixtures/insider.c';

/** A plugin that collects the exit statuses of all children of its process. */
export const REAPS = 'test/tiers/fixtures/reaps.c';

/**
 * Returns a command that runs a program for which the system calls with these numbers fail with `errno`, as
 * in a container.
 */
export function withoutCalls(errno: number, ...numbers: number[]): string[] {
  const without = join(temporaryFolder(), 'without');
  execFileSync('cc', ['-o', without, join(root, 'test', 'support', 'without.c')]);
  return [without, String(errno), ...numbers.map(String), '--'];
}

/** Returns the processes with `mark` in their environment. Zombies have no environment. */
export function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readQuietly(`/proc/${pid}/environ`).includes(mark))
    .map(Number);
}

/** Returns the number of open file descriptors of this process. */
export const openFiles = (): number => readdirSync('/proc/self/fd').length;

/** Returns the number of mappings of anonymous shared memory in this process. */
export const mappedMemory = (): number =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('memfd:')).length;

/** Returns the ids of the child processes of this process, including zombies. */
export function children(): number[] {
  return readQuietly(`/proc/self/task/${process.pid}/children`).split(' ').filter(Boolean).map(Number);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // The process has ended, or belongs to another user.
  }
}
