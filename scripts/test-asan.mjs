/**
 * `npm run test:asan [-- FILE…]`: runs the test suite, including the C++ tests, with the addon, the runner and the C
 * plugins under AddressSanitizer and UndefinedBehaviorSanitizer. Passes if the tests pass and no process wrote a
 * report.
 *
 * The tests run with TENON_SANITIZED=address. Those that cannot be sanitized state the reason
 * (test/support/sanitized.ts). The fault plugins are built without sanitizers, because tenon must detect their faults.
 */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { inRoot, librarySuffix } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { copyRustLibraries, RUST_PLUGINS } from './lib/rust.mjs';
import { buildSanitized, sanitizerOptions, testSanitized } from './lib/sanitizers.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';
import { findTool } from './lib/tools.mjs';

const OUT = inRoot('build-asan');

/** Returns the runtime library of the sanitizer. It must be loaded first, because Node.js is not built with it. */
async function sanitizerRuntime() {
  const { ok, output } = await run(findTool('cc'), ['-print-file-name=libasan.so']);
  const path = output.trim();
  if (process.platform === 'linux' && ok && path.startsWith('/')) return path;
  throw new StepFailure(
    'Cannot find libasan.so: the sanitized run needs Linux and a gcc with libasan. Install it (Debian package: libgcc-12-dev or similar).',
  );
}

const environment = (runtime) => ({
  LD_PRELOAD: runtime,
  ASAN_OPTIONS: sanitizerOptions(OUT),
  UBSAN_OPTIONS: sanitizerOptions(OUT),
  TENON_ADDON: join(OUT, 'Release', 'tenon.node'),
  TENON_RUNNER: join(OUT, 'Release', 'tenon-runner'),
});

/** The tests of files, scripts and prose, which run no sanitized code. */
const NOTHING_TO_SANITIZE = ['test/inspect/**', 'test/scripts/**', 'test/package/**', 'test/abi/**'];

/** The tests of the safety suite. It measures memory, threads, files and time, and a sanitizer adds to each. */
const MEASURES = [
  'test/check/**',
  'test/cli/check*',
  'test/cli/new.test.ts',
  'test/admission/requirement.test.ts',
];

await main(import.meta.url, async () => {
  const { cargo } = await build({ faults: true, bench: true });
  const runtime = await sanitizerRuntime();
  await step('sanitized addon, runner, C plugins and C++ tests', () =>
    buildSanitized('address,undefined', OUT),
  );
  for (const folder of ['faults', 'trips'])
    cpSync(inRoot('build', folder), join(OUT, folder), { recursive: true, preserveTimestamps: true });
  if (cargo !== undefined) copyRustLibraries(RUST_PLUGINS, OUT);
  const plugins = readdirSync(join(OUT, 'plugins')).filter((name) => name.endsWith(librarySuffix));
  say(`tests, sanitized (plugins: ${plugins.join(' ')})`);
  const excluded = [...NOTHING_TO_SANITIZE, ...MEASURES].map((pattern) => `--exclude=${pattern}`);
  const args = [...process.argv.slice(2), ...excluded];
  return testSanitized('address', { out: OUT, args, env: environment(runtime) });
});
