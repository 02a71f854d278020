/** Builds with sanitizers, runs the tests with them, and collects what they report. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildNative } from './native.mjs';
import { StepFailure } from './steps.mjs';
import { tallyLine } from './tally.mjs';
import { runVitest } from './vitest.mjs';

const reportsOf = (out) => join(out, 'reports');

/**
 * Returns the runtime options of the sanitizers, for the environment and for programs that run without one. Leaks are
 * not reported, because Node.js frees little before it exits. Signals are not handled: for tenon, plugins that crash
 * on purpose must crash as without a sanitizer. Use after free and overruns are detected without signals.
 */
export function sanitizerOptions(out) {
  const signals = ['segv', 'abort', 'sigill', 'sigfpe', 'sigbus'].map((name) => `handle_${name}=0`);
  return [
    'detect_leaks=0',
    'abort_on_error=1',
    'halt_on_error=1',
    'print_stacktrace=1',
    'allocator_may_return_null=1',
    ...signals,
    `log_path=${join(reportsOf(out), 'report')}`,
  ].join(':');
}

/**
 * Refuses a path that would end the options early. The path is part of CMake's cache and of every compiled file.
 *
 * @throws {StepFailure} if it has a space or a colon
 */
function requirePlainPath(out) {
  if (/[\s:]/.test(out))
    throw new StepFailure(
      `The path ${out} has a space or a colon, which the options of the sanitizers cannot contain. Move the checkout.`,
    );
}

/** Builds the native parts and their tests with `sanitizers`, as `-fsanitize` takes them. */
export async function buildSanitized(sanitizers, out) {
  requirePlainPath(out);
  const definitions = [`TENON_SANITIZE=${sanitizers}`, `TENON_SANITIZER_OPTIONS=${sanitizerOptions(out)}`];
  await buildNative(['native-tests'], { out, definitions });
}

/**
 * Lines of a report that are not findings. Any other line is one.
 * - ASan warns that it cannot clear the shadow of a stack in programs that switch stacks, as koffi does.
 * - ASan warns if a plugin requests more memory than available. The plugin receives NULL, as without ASan.
 */
const REMARKS = [
  /^==\d+==WARNING: ASan is ignoring requested __asan_handle_no_return: /,
  /^False positive error reports may follow$/,
  /^For details see https:\/\/github\.com\/google\/sanitizers\/issues\/189$/,
  /^==\d+==WARNING: \w+Sanitizer failed to allocate 0x[0-9a-f]+ bytes$/,
];

/** Prints all reports. Returns their number. */
function printReports(out) {
  let findings = 0;
  for (const name of readdirSync(reportsOf(out))) {
    const text = readFileSync(join(reportsOf(out), name), 'utf8');
    const isRemark = (line) => line.trim() === '' || REMARKS.some((remark) => remark.test(line));
    if (text.split('\n').every(isRemark)) continue;
    findings++;
    console.log(`\n${name}\n${text}`);
  }
  return findings;
}

/**
 * Runs the tests and prints the reports of the sanitizers.
 *
 * @param {'address' | 'thread'} sanitizer the value of TENON_SANITIZED for the tests
 * @param {{out: string, args: readonly string[], env?: NodeJS.ProcessEnv}} options
 * @returns {Promise<number>} the exit code: 0 if the tests passed and no process wrote a report
 */
export async function testSanitized(sanitizer, { out, args, env = {} }) {
  rmSync(reportsOf(out), { recursive: true, force: true });
  mkdirSync(reportsOf(out), { recursive: true });
  const all = { TENON_SANITIZED: sanitizer, TENON_BUILD: out, ...env };
  const tally = await runVitest(sanitizer, { args, env: all });
  const reports = printReports(out);
  console.log(`\n${reports} sanitizer reports\n${tallyLine(tally)}`);
  return tally.failed === 0 && tally.passed > 0 && reports === 0 ? 0 : 1;
}
