/**
 * `npm run test:asan [-- FILE…]`: the test suite, the C++ tests among it, with the addon, the runner and the C plugins under
 * AddressSanitizer and UndefinedBehaviorSanitizer. Passes if the tests pass and no process wrote a report.
 *
 * Tests see TENON_SANITIZED=address; those that cannot be sanitized say why (test/support/sanitized.ts). The fault plugins are
 * the usual ones, without sanitizers: what they do wrong is meant to be seen by tenon.
 */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { inRoot, librarySuffix } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { copyRustLibraries } from './lib/rust.mjs';
import { buildSanitized, sanitizerOptions, testSanitized } from './lib/sanitizers.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';
import { findTool } from './lib/tools.mjs';

const OUT = inRoot('build-asan');

/** Node itself is not built with the sanitizer, so its runtime has to be there before everything else. */
async function sanitizerRuntime() {
  const { ok, output } = await run(findTool('cc'), ['-print-file-name=libasan.so']);
  const path = output.trim();
  if (process.platform === 'linux' && ok && path.startsWith('/')) return path;
  throw new StepFailure(
    'The sanitized run needs Linux and a gcc with libasan (Debian package: libgcc-12-dev or the like).',
  );
}

const environment = (runtime) => ({
  LD_PRELOAD: runtime,
  ASAN_OPTIONS: sanitizerOptions(OUT),
  UBSAN_OPTIONS: sanitizerOptions(OUT),
  TENON_ADDON: join(OUT, 'Release', 'tenon.node'),
  TENON_RUNNER: join(OUT, 'Release', 'tenon-runner'),
});

/** These look at files, scripts and words, and run nothing that is sanitized. */
const NOTHING_TO_SANITIZE = [
  'test/inspect/**',
  'test/scripts/**',
  'test/package/**',
  'test/abi/**',
  'test/readme*.test.ts',
];

/** The safety suite measures memory, threads, files and time of a plugin: what a sanitizer adds to each is a finding to it. */
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
  if (cargo !== undefined) copyRustLibraries(['plugins'], OUT);
  const plugins = readdirSync(join(OUT, 'plugins')).filter((name) => name.endsWith(librarySuffix));
  say(`tests, sanitized (plugins: ${plugins.join(' ')})`);
  const excluded = [...NOTHING_TO_SANITIZE, ...MEASURES].map((pattern) => `--exclude=${pattern}`);
  const args = [...process.argv.slice(2), ...excluded];
  return testSanitized('address', { out: OUT, args, env: environment(runtime) });
});
