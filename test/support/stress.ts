/** Compiles and runs native stress programs in which threads race, without Node.js. */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, temporaryFolder } from './index.js';
import { sanitizer } from './sanitized.js';

const INCLUDES = ['native', 'include', join('node_modules', 'node-api-headers', 'include')];

/** A program in `test/tiers/fixtures`, with the source files of `native` that it tests. */
export interface Stress {
  readonly program: string;
  readonly parts: readonly string[];
  readonly flags?: readonly string[];
}

/**
 * Compiles and runs a program with ThreadSanitizer, or without it if it does not work. `npm run test:tsan`
 * needs it.
 */
export function stressWithoutRaces(stress: Stress): SpawnSyncReturns<string> {
  if (sanitizer === 'thread') return run(stress, ['-fsanitize=thread']);
  try {
    const ended = run(stress, ['-fsanitize=thread']);
    // Some kernels use a memory layout that some versions of ThreadSanitizer do not support.
    if (!ended.stderr.includes('unexpected memory mapping')) return ended;
  } catch {
    // ThreadSanitizer is not installed. The program still checks its own results.
  }
  return run(stress, []);
}

/** Compiles and runs a program. Its environment is empty, so that it does not inherit LD_PRELOAD. */
function run({ program, parts, flags = [] }: Stress, more: string[]): SpawnSyncReturns<string> {
  const output = join(temporaryFolder(), program);
  const includes = INCLUDES.map((folder) => `-I${join(root, folder)}`);
  const sources = [
    join(root, 'test', 'tiers', 'fixtures', `${program}.cc`),
    ...parts.map((name) => join(root, 'native', `${name}.cc`)),
  ];
  const options = ['-std=c++17', '-O1', '-g', '-pthread', '-DNAPI_VERSION=8', ...includes, ...flags, ...more];
  execFileSync('c++', [...options, ...sources, '-o', output]);
  return spawnSync(output, { encoding: 'utf8', env: {}, timeout: 240_000 });
}
