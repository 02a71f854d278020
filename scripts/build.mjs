/**
 * Builds everything: `npm run build [-- --tests]`. What did not change is not built again.
 *
 * `--tests` adds what only tests and benchmarks need: the fault plugins and the contenders of the benchmark.
 */
import { findCargo } from './lib/cargo.mjs';
import { buildNative } from './lib/native.mjs';
import { buildRust } from './lib/rust.mjs';
import { main, say, step } from './lib/steps.mjs';
import { compileTypeScript } from './lib/typescript.mjs';
import { setUp } from './setup.mjs';

/**
 * Sets up and builds.
 *
 * @param {import('./setup.mjs').SetUpOptions & {faults?: boolean, bench?: boolean}} [options] what to build besides the addon,
 *   the runner and the plugins, and how to set up
 * @returns {Promise<{cargo: {command: string, env: NodeJS.ProcessEnv} | undefined, missing: import('./lib/missing.mjs').MissingTool[]}>}
 *   the cargo that was used, if any, and the tools that are missing
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
  await step('Rust plugins', () => buildRust(cargo, faults ? ['plugins', 'faults', 'trips'] : ['plugins']));
  return { cargo, missing };
}

await main(import.meta.url, async () => {
  const tests = process.argv.includes('--tests');
  await build({ faults: tests, bench: tests });
});
