/**
 * `npm run test:asan [-- FILE…]`: the test suite with the addon, the runner and the C plugins under AddressSanitizer and
 * UndefinedBehaviorSanitizer. Passes if the tests pass and no process wrote a report.
 *
 * Tests see TENON_SANITIZED=1, so that those which corrupt memory on purpose can stay away. The fault plugins are the usual
 * ones, without sanitizers: what they do wrong is meant to be seen by tenon.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { buildNative } from './lib/native.mjs';
import { inRoot, librarySuffix } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { copyRustLibraries } from './lib/rust.mjs';
import { main, StepFailure, say, step } from './lib/steps.mjs';
import { tallyLine } from './lib/tally.mjs';
import { findTool } from './lib/tools.mjs';
import { runVitest } from './lib/vitest.mjs';

const OUT = inRoot('build-asan');
const REPORTS = join(OUT, 'reports');

/** Node itself is not built with the sanitizer, so its runtime has to be there before everything else. */
async function sanitizerRuntime() {
  const { ok, output } = await run(findTool('cc'), ['-print-file-name=libasan.so']);
  const path = output.trim();
  if (process.platform === 'linux' && ok && path.startsWith('/')) return path;
  throw new StepFailure(
    'The sanitized run needs Linux and a gcc with libasan (Debian package: libgcc-12-dev or the like).',
  );
}

/**
 * Node frees little at its end, so leaks are not looked for. Signals stay signals: faults that crash on purpose must look to
 * tenon as they always do. Freeing or overrunning memory is found without signals.
 */
function environment(runtime) {
  const signals = ['segv', 'abort', 'sigill', 'sigfpe', 'sigbus'].map((name) => `handle_${name}=0`);
  const asan = [
    'detect_leaks=0',
    'abort_on_error=1',
    'allocator_may_return_null=1',
    ...signals,
    `log_path=${REPORTS}/asan`,
  ];
  return {
    LD_PRELOAD: runtime,
    ASAN_OPTIONS: asan.join(':'),
    UBSAN_OPTIONS: `print_stacktrace=1:abort_on_error=1:log_path=${REPORTS}/ubsan`,
    TENON_SANITIZED: '1',
    TENON_BUILD: OUT,
    TENON_ADDON: join(OUT, 'Release', 'tenon.node'),
    TENON_RUNNER: join(OUT, 'Release', 'tenon-runner'),
  };
}

/**
 * Not run sanitized: these set limits that AddressSanitizer's own memory exceeds, corrupt a heap on purpose, look for processes
 * by an environment that the runtime's own variables are not in, or build unsanitized programs.
 */
const NOT_SANITIZED = [
  'test/faults/process*.test.ts',
  'test/lifetime/process-leftovers.test.ts',
  'test/supervisor.test.ts',
  'test/tiers/process-crash.test.ts',
  'test/tiers/process-lifetime.test.ts',
  'test/tiers/process-pipe.test.ts',
  'test/check/**',
  'test/cli/check*',
  'test/inspect/**',
  'test/scripts/**',
  'test/readme*.test.ts',
];

/** What the runtime says when a program switches stacks, as koffi does: a remark, not a finding. */
const REMARK = 'ASan is ignoring requested __asan_handle_no_return';

/** Prints every report. Returns how many there are. */
function printReports() {
  const reports = readdirSync(REPORTS).map((name) => [name, readFileSync(join(REPORTS, name), 'utf8')]);
  const findings = reports.filter(([, text]) => !text.includes(REMARK) || /ERROR|runtime error/.test(text));
  for (const [name, text] of findings) console.log(`\n${name}\n${text}`);
  return findings.length;
}

/** The path is in CMake's cache and in every compiled file: one with a space or a colon would end the options early. */
function requirePlainPath() {
  if (/[\s:]/.test(OUT))
    throw new StepFailure(`The sanitizers cannot take a path with spaces or colons in their options: ${OUT}`);
}

await main(import.meta.url, async () => {
  requirePlainPath();
  const { cargo } = await build({ faults: true, bench: true });
  const runtime = await sanitizerRuntime();
  await step('sanitized addon, runner and C plugins', () =>
    buildNative([], { out: OUT, definitions: ['TENON_SANITIZE=address,undefined'] }),
  );
  cpSync(inRoot('build', 'faults'), join(OUT, 'faults'), { recursive: true, preserveTimestamps: true });
  if (cargo !== undefined) copyRustLibraries(['plugins'], OUT);
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  say(
    `tests, sanitized (plugins: ${readdirSync(join(OUT, 'plugins'))
      .filter((name) => name.endsWith(librarySuffix))
      .join(' ')})`,
  );
  const excluded = NOT_SANITIZED.map((pattern) => `--exclude=${pattern}`);
  const args = [...process.argv.slice(2), ...excluded];
  const tally = await runVitest('asan', { args, env: environment(runtime) });
  const reports = printReports();
  console.log(`\n${reports} sanitizer reports\n${tallyLine(tally)}`);
  return tally.failed === 0 && tally.passed > 0 && reports === 0 ? 0 : 1;
});
