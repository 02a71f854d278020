/** What tests of the process tier share: plugins that do as they are told, and what is left of processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type HostOptions, PluginHost } from '../../src/index.js';
import { compile, root, temporaryFolder, withRunner } from './index.js';

/** The tier needs Linux; without the addon it works over a pipe. */
export const hasProcesses = withRunner && process.platform === 'linux';

/** A host that is closed when the test ends. */
export function openHost(options: HostOptions = {}): PluginHost {
  const host = new PluginHost(options);
  onTestFinished(() => host.close());
  return host;
}

const FLAGS = ['-pthread', '-D_DEFAULT_SOURCE', '-O1'];

/** Compiles the plugin in a source file of this repository, for one test. Its name is the file's. */
export function compiled(source: string, folder = temporaryFolder()): string {
  const name = source.slice(source.lastIndexOf('/') + 1, -'.c'.length);
  return compile(folder, name, readFileSync(join(root, source), 'utf8'), FLAGS);
}

/** Misbehaves as the first bytes of its input say. */
export const FIXTURE = 'native/test/fixture.c';
/** Starts processes that outlive a call. */
export const PARENT = 'test/tiers/fixtures/parent.c';
/** Tells what it sees of the process that it runs in. */
export const INSIDER = 'test/faults/fixtures/insider.c';

/** The processes that have `mark` in their environment, whoever started them: zombies have none. */
export function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readQuietly(`/proc/${pid}/environ`).includes(mark))
    .map(Number);
}

/** Descriptors of this process. */
export const openFiles = (): number => readdirSync('/proc/self/fd').length;

/** Anonymous shared memory that this process has mapped. */
export const mappedMemory = (): number =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('memfd:')).length;

/** Children of this process, zombies among them. */
export function children(): number[] {
  return readQuietly(`/proc/self/task/${process.pid}/children`).split(' ').filter(Boolean).map(Number);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone, or somebody else's
  }
}
