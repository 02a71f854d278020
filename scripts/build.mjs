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
 * @param {{faults?: boolean, bench?: boolean}} [options] what to build beside the addon, the runner and the plugins
 * @returns {Promise<{cargo: {command: string, env: NodeJS.ProcessEnv} | undefined}>} the cargo that was used, if any
 */
export async function build({ faults = false, bench = false } = {}) {
  await setUp();
  await step('TypeScript', compileTypeScript);
  const targets = [
    ...(faults ? ['faults', 'trips', ...(process.platform === 'linux' ? ['checkers-sanitized'] : [])] : []),
    ...(bench ? ['bench-native'] : []),
  ];
  await step('addon, runner and C plugins', () => buildNative(targets));
  const cargo = await findCargo();
  if ('missing' in cargo) {
    say(`Rust plugins: SKIPPED. ${cargo.missing}`);
    return { cargo: undefined };
  }
  await step('Rust plugins', () => buildRust(cargo, faults ? ['plugins', 'faults', 'trips'] : ['plugins']));
  return { cargo };
}

await main(import.meta.url, async () => {
  const tests = process.argv.includes('--tests');
  await build({ faults: tests, bench: tests });
});
