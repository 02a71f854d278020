/** Native programs that threads race in, without Node.js around them. */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, temporaryFolder } from './index.js';
import { sanitizer } from './sanitized.js';

const INCLUDES = ['native', 'include', join('node_modules', 'node-api-headers', 'include')];

/** A program of `test/tiers/fixtures` with the parts of `native` that it tries. */
export interface Stress {
  readonly program: string;
  readonly parts: readonly string[];
  readonly flags?: readonly string[];
}

/** Compiles and runs it with ThreadSanitizer, or without where that cannot be (`npm run test:tsan` insists). */
export function stressWithoutRaces(stress: Stress): SpawnSyncReturns<string> {
  if (sanitizer === 'thread') return run(stress, ['-fsanitize=thread']);
  try {
    const ended = run(stress, ['-fsanitize=thread']);
    // Some kernels place memory where some versions of ThreadSanitizer cannot live.
    if (!ended.stderr.includes('unexpected memory mapping')) return ended;
  } catch {
    // No ThreadSanitizer here: what the program itself checks is still checked.
  }
  return run(stress, []);
}

/** Without what LD_PRELOAD may bring for other tests. */
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
