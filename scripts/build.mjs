/**
 * `npm run build [-- --tests]`: builds everything that has changed since the last build.
 *
 * `--tests` adds the parts that only tests and benchmarks need: the fault plugins and the contenders of the
 * benchmark.
 */
import { findCargo } from './lib/cargo.mjs';
import { buildTestedCorpus } from './lib/corpus-build.mjs';
import { buildNative } from './lib/native.mjs';
import { buildRust, RUST_PLUGINS } from './lib/rust.mjs';
import { main, say, step } from './lib/steps.mjs';
import { compileTypeScript } from './lib/typescript.mjs';
import { setUp } from './setup.mjs';

/**
 * @typedef {import('./setup.mjs').SetUpOptions & {faults?: boolean, bench?: boolean}} BuildOptions
 *
 * @typedef {object} BuildResult
 * @property {{command: string, env: NodeJS.ProcessEnv} | undefined} cargo the cargo that was used, if any
 * @property {import('./lib/missing.mjs').MissingTool[]} missing the missing tools
 */

/**
 * Sets up and builds.
 *
 * @param {BuildOptions} [options] the options of the setup, and the parts to build besides the addon, the runner
 *   and the plugins
 * @returns {Promise<BuildResult>}
 */
export async function build({ faults = false, bench = false, ...options } = {}) {
  const missing = await setUp(options);
  await step('TypeScript', compileTypeScript);
  const targets = [
    ...(faults ? ['faults', 'trips', ...(process.platform === 'linux' ? ['checkers-sanitized'] : [])] : []),
    ...(bench ? ['bench-native'] : []),
  ];
  await step('addon, runner and C plugins', () => buildNative(targets));
  const cargo = await findCargo();
  if ('missing' in cargo) {
    say(`Rust plugins: SKIPPED, because ${cargo.missing}`);
    return { cargo: undefined, missing };
  }
  await step('Rust plugins', () =>
    buildRust(cargo, [...RUST_PLUGINS, ...(faults ? ['faults', 'trips'] : [])]),
  );
  if (faults && process.platform === 'linux') await step('corpus of the safety suite', buildTestedCorpus);
  return { cargo, missing };
}

await main(import.meta.url, async () => {
  const tests = process.argv.includes('--tests');
  await build({ faults: tests, bench: tests });
});
